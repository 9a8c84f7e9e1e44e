namespace VirtualEmFs.Codecs.Deflating;

/// <summary>
/// Two neighbouring small symbols as one table index, four pairs at a time: the bytes of a word are pushed together inside its
/// 16-bit lanes.
/// </summary>
internal readonly struct LiteralPairs
{
    // Pairs of 6-bit symbols make a table of 16 KiB, half the first-level cache; those of 7 bits would fill it twice.
    public const int MostSymbolBits = 6;

    public const int MostPairs = 1 << (2 * MostSymbolBits);

    private const ulong LowBytes = 0x00FF_00FF_00FF_00FF;

    private readonly ulong _secondMask;
    private readonly int _shift;

    /// <param name="symbolBits">1 to <see cref="MostSymbolBits"/>: every symbol is below 2^bits.</param>
    public LiteralPairs(int symbolBits)
    {
        _shift = 8 - symbolBits;
        _secondMask = (((1UL << symbolBits) - 1) << symbolBits) * 0x0001_0001_0001_0001;
    }

    /// <summary>Four indexes, one in each 16-bit lane: first symbol + second symbol · 2^bits.</summary>
    public ulong Join(ulong word) => (word & LowBytes) | ((word >> _shift) & _secondMask);
}
