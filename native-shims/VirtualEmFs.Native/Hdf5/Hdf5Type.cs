namespace VirtualEmFs.Native.Hdf5;

/// <summary>Element types that are written, all little-endian in the file and in memory.</summary>
public enum Hdf5Type
{
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float32,
    Float64,
}

/// <summary>The library's identifiers and the lengths of <see cref="Hdf5Type"/>.</summary>
public static class Hdf5Types
{
    private static readonly string[] s_symbols =
    [
        "H5T_STD_I8LE_g", "H5T_STD_U8LE_g", "H5T_STD_I16LE_g", "H5T_STD_U16LE_g", "H5T_STD_I32LE_g",
        "H5T_STD_U32LE_g", "H5T_STD_I64LE_g", "H5T_STD_U64LE_g", "H5T_IEEE_F32LE_g", "H5T_IEEE_F64LE_g",
    ];

    private static readonly int[] s_lengthBytes = [1, 1, 2, 2, 4, 4, 8, 8, 4, 8];

    /// <summary>Length of one element in bytes.</summary>
    public static int LengthBytes(this Hdf5Type type) => s_lengthBytes[(int)type];

    /// <summary>A copy of the library's own type. Call with the library's lock held.</summary>
    internal static TypeHandle Copy(Hdf5Type type) =>
        new(Hdf5Library.Check(Libhdf5.H5Tcopy(Hdf5Library.Identifier(s_symbols[(int)type]))));
}
