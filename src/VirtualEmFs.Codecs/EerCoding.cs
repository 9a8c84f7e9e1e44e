namespace VirtualEmFs.Codecs;

/// <summary>How electrons are coded in the frames of an EER file.</summary>
public enum EerCoding
{
    /// <summary>Compression 65000: runs of 8 bits, 2 + 2 bits of position inside the pixel, which every run has.</summary>
    Run8Position2,

    /// <summary>Compression 65001, and 65002 with 7, 2 and 2 bits: runs of 7 bits; the longest run has no position.</summary>
    Run7Position2,

    /// <summary>Compression 65002 with 7, 1 and 1 bits.</summary>
    Run7Position1,
}

/// <summary>The bits of one <see cref="EerCoding"/>, as constants that the compiler sees.</summary>
internal interface IEerCoding
{
    /// <summary>Bits of a run of pixels without an electron; its largest value means that no electron follows.</summary>
    static abstract int RunBits { get; }

    /// <summary>Bits of the position along each axis; x in the lower half, y in the upper.</summary>
    static abstract int AxisBits { get; }

    /// <summary>Bits that the largest run occupies.</summary>
    static abstract int SkipBits { get; }
}

internal readonly struct Run8Position2 : IEerCoding
{
    public static int RunBits => 8;

    public static int AxisBits => 2;

    public static int SkipBits => 12;
}

internal readonly struct Run7Position2 : IEerCoding
{
    public static int RunBits => 7;

    public static int AxisBits => 2;

    public static int SkipBits => 7;
}

internal readonly struct Run7Position1 : IEerCoding
{
    public static int RunBits => 7;

    public static int AxisBits => 1;

    public static int SkipBits => 7;
}
