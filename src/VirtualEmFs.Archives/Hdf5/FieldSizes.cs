namespace VirtualEmFs.Archives.Hdf5;

/// <summary>Lengths in bytes of the addresses and of the lengths that a file stores: 2, 4 or 8 each (superblock).</summary>
internal readonly record struct FieldSizes(int AddressBytes, int LengthBytes)
{
    /// <summary>What libhdf5 writes unless told otherwise.</summary>
    public static FieldSizes Default => new(8, 8);
}
