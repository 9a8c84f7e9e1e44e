namespace VirtualEmFs.Codecs.Inflating;

/// <summary>
/// The lookup tables of one lane: what the next bits of the stream stand for, in one load.
/// </summary>
/// <remarks>
/// Literal and length entries, 32 bits:
/// <code>
/// mixed     literal     bits 0-7 code bits, 8-15 the byte, 24-27 one
///           match       bits 0-7 code bits, 24-27 length (3 to 8), bit 30 set
///           joined      bits 0-7 bits of both codes, 8-15 the byte, 24-27 one and the length, bits 16 and 30 set
///           other       bit 31 set
/// literals  one or two  bits 0-5 code bits, 8-23 the bytes, 30-31 how many
///           other       zero
/// </code>
/// Distance entries: bits 0-7 code and extra bits, 8-15 code bits, 16-30 base; bit 31 set for everything else.
/// </remarks>
internal unsafe struct InflateTables
{
    // 2^11 entries of a code whose bits are random are all used alike: larger tables of two lanes would not fit the 32 KiB of
    // first-level cache, and with smaller ones more codes take the slow way.
    public const int LiteralBits = 11;
    public const int DistanceBits = 10;

    public const uint Other = 1u << 31;
    public const uint Match = 1u << 30;
    public const uint LiteralFirst = 1u << 16;

    /// <summary>Longest match that the mixed loop copies: eight bytes in one go.</summary>
    public const int LongestMatch = 8;

    // Nearer matches (1 to 8) overlap what the mixed loop copies at once.
    private const int FirstDistance = 6;

    public fixed uint Literals[1 << LiteralBits];
    public fixed uint Distances[1 << DistanceBits];
    public HuffmanCode LiteralCode;
    public HuffmanCode DistanceCode;

    /// <summary>Fills the literal table for the mixed loop.</summary>
    public void FillMixed()
    {
        fixed (uint* table = Literals)
        {
            new Span<uint>(table, 1 << LiteralBits).Fill(Other);
            Fill(table, LiteralBits, ref LiteralCode, isMixed: true);
        }
    }

    /// <summary>Joins literals with the match behind them, where both codes fit.</summary>
    /// <remarks>
    /// Takes 3.5 microseconds. Frames of 4096 x 4096 samples of 16 bits, one lane: 73 ms instead of 92. Two lanes side by side gain
    /// nothing more (TiffBench), and where they decode chunks of 32 KiB they lose a seventh, for want of registers (InflateBench).
    /// </remarks>
    public void JoinMixed()
    {
        unchecked
        {
            fixed (uint* table = Literals)
            {
                // From the top down: what follows a code is found at a lower index, where the entry still stands for one symbol.
                for (int index = (1 << LiteralBits) - 1; index >= 0; index--)
                {
                    uint first = table[index];
                    uint second = table[index >> (int)(first & 63)];
                    uint bothBits = (first & 63) + (second & 63);

                    // A literal and a match, and both codes lie within the index; otherwise nothing is added. No branch: half go either way.
                    uint isBoth = ((~first & second) >> 30) & 1 & (uint)((int)(bothBits - LiteralBits - 1) >> 31);
                    table[index] = first + ((second | LiteralFirst) & (0u - isBoth));
                }
            }
        }
    }

    /// <summary>Fills the literal table for the loop of literals: pairs where two codes fit.</summary>
    public void FillLiterals()
    {
        unchecked
        {
            fixed (uint* table = Literals)
            {
                new Span<uint>(table, 1 << LiteralBits).Clear();
                Fill(table, LiteralBits, ref LiteralCode, isMixed: false);

                // From the top down: what follows a code is found at a lower index, where the entry still stands for one literal.
                for (int index = (1 << LiteralBits) - 1; index >= 0; index--)
                {
                    uint first = table[index];
                    uint second = table[index >> (int)(first & 63)];
                    uint pairBits = (first & 63) + (second & 63);

                    // Both have one literal, and both codes lie within the index; otherwise nothing is added. No branch: half go either way.
                    uint isPair = (first & second) >> 30 & (uint)((int)(pairBits - LiteralBits - 1) >> 31);
                    table[index] = first + (((second & ~0xFF00u) | ((second & 0xFF00) << 8)) & (0u - isPair));
                }
            }
        }
    }

    /// <summary>Fills the distance table.</summary>
    public void FillDistances()
    {
        unchecked
        {
            fixed (uint* table = Distances)
            {
                new Span<uint>(table, 1 << DistanceBits).Fill(Other);
                int code = 0, index = 0;
                for (int length = 1; length <= DistanceBits; length++)
                {
                    code <<= 1;
                    for (int k = 0; k < DistanceCode.Counts[length]; k++, code++)
                    {
                        int symbol = DistanceCode.SymbolAt(index++);
                        if (symbol is >= FirstDistance and < DeflateAlphabet.DistanceCount)
                        {
                            uint extraBits = DeflateAlphabet.DistanceExtraBits[symbol];
                            uint entry = ((uint)length + extraBits) | ((uint)length << 8)
                                | ((uint)DeflateAlphabet.DistanceBases[symbol] << 16);
                            Repeat(table, DistanceBits, code, length, entry);
                        }
                    }
                }
            }
        }
    }

    private static void Fill(uint* table, int tableBits, ref HuffmanCode huffman, bool isMixed)
    {
        unchecked
        {
            int code = 0, index = 0;
            for (int length = 1; length <= tableBits; length++)
            {
                code <<= 1;
                for (int k = 0; k < huffman.Counts[length]; k++, code++)
                {
                    uint symbol = (uint)huffman.SymbolAt(index++);
                    uint entry;
                    if (symbol < DeflateAlphabet.EndOfBlock)
                    {
                        entry = isMixed ? (uint)length | (symbol << 8) | (1 << 24) : (uint)length | (symbol << 8) | (1 << 30);
                    }
                    else if (isMixed && symbol - DeflateAlphabet.FirstLength <= LongestMatch - DeflateAlphabet.ShortestMatch)
                    {
                        entry = (uint)length | Match | ((symbol - DeflateAlphabet.FirstLength + DeflateAlphabet.ShortestMatch) << 24);
                    }
                    else
                    {
                        continue;
                    }

                    Repeat(table, tableBits, code, length, entry);
                }
            }
        }
    }

    // Writes an entry wherever the lower bits of an index are a code's, whatever the upper bits.
    private static void Repeat(uint* table, int tableBits, int code, int length, uint entry)
    {
        unchecked
        {
            uint step = 1u << length;
            for (uint at = HuffmanCode.Reverse((uint)code) >> (16 - length); at < 1u << tableBits; at += step)
            {
                table[at] = entry;
            }
        }
    }
}
