namespace VirtualEmFs.Codecs.Deflating;

/// <summary>A stretch of one plane of bytes: the unit in which symbols are counted, and the smallest block.</summary>
internal struct Segment
{
    // 16 KiB: statistics of a 5-bit micrograph settle within it (header and sampling cost 0.3 %), and edges of masks are that sharp.
    public const int LengthBytes = 16 * 1024;

    public int Start;
    public int End;

    /// <summary>Bits that its largest byte needs.</summary>
    public int SymbolBits;

    /// <summary>Its runs in the chunk's list.</summary>
    public int FirstRun;
    public int RunCount;

    /// <summary>Bytes outside runs.</summary>
    public int LiteralCount;

    /// <summary>Neighbours that are equal, runs left out, and how many would be if neighbours were independent.</summary>
    public int EqualNeighbours;
    public double ExpectedEqualNeighbours;
}
