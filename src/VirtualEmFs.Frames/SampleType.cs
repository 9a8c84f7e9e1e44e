namespace VirtualEmFs.Frames;

/// <summary>How one sample is stored, in the machine's own byte order once its pipeline has run.</summary>
public enum SampleType : byte
{
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float16,
    Float32,
    Float64,
}

/// <summary>Facts about <see cref="SampleType"/>.</summary>
public static class SampleTypes
{
    /// <summary>Length of one sample in bytes: 1, 2, 4 or 8.</summary>
    public static int LengthBytes(this SampleType type) => type switch
    {
        SampleType.Int8 or SampleType.UInt8 => 1,
        SampleType.Int16 or SampleType.UInt16 or SampleType.Float16 => 2,
        SampleType.Int32 or SampleType.UInt32 or SampleType.Float32 => 4,
        SampleType.Int64 or SampleType.UInt64 or SampleType.Float64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a sample type"),
    };

    /// <summary>True for the fixed-point types.</summary>
    public static bool IsInteger(this SampleType type) => type < SampleType.Float16;
}
