namespace VirtualEmFs.Codecs.Inflating;

/// <summary>
/// A canonical Huffman code of at most 15 bits (RFC 1951, 3.2.2): its symbols in order of their codes, and for each length where its
/// codes end. Decodes any symbol, slowly; the tables of the fast loops are filled from it.
/// </summary>
internal unsafe struct HuffmanCode
{
    public const int LongestBits = 15;

    private const int MostSymbols = 288;

    private fixed ushort _symbols[MostSymbols];

    // Codes of a length, moved to the upper end of 15 bits, lie below its limit; symbol = _symbols[code + _offsets[length]].
    private fixed int _limits[LongestBits + 1];
    private fixed int _offsets[LongestBits + 1];

    /// <summary>Symbols that have a code.</summary>
    public int SymbolCount { get; private set; }

    /// <summary>Codes of each length: <c>Counts[length]</c>.</summary>
    public fixed ushort Counts[LongestBits + 1];

    /// <summary>Prepares the code.</summary>
    /// <param name="lengths">Bits of each symbol's code; 0 for symbols that do not occur.</param>
    /// <returns>False when the lengths are no complete code. Only a code of a single symbol of one bit may be incomplete.</returns>
    public bool TryBuild(ReadOnlySpan<byte> lengths)
    {
        unchecked
        {
            for (int length = 0; length <= LongestBits; length++)
            {
                Counts[length] = 0;
            }

            foreach (byte length in lengths)
            {
                Counts[length]++;
            }

            SymbolCount = lengths.Length - Counts[0];
            int* next = stackalloc int[LongestBits + 1];
            int code = 0, index = 0;
            for (int length = 1; length <= LongestBits; length++)
            {
                code <<= 1;
                next[length] = index;
                _offsets[length] = index - code;
                code += Counts[length];
                index += Counts[length];
                if (code > 1 << length)
                {
                    return false;
                }

                _limits[length] = code << (LongestBits - length);
            }

            for (int symbol = 0; symbol < lengths.Length; symbol++)
            {
                if (lengths[symbol] != 0)
                {
                    _symbols[next[lengths[symbol]]++] = (ushort)symbol;
                }
            }

            return code == 1 << LongestBits || (SymbolCount == 1 && Counts[1] == 1);
        }
    }

    /// <summary>A symbol by its place in the order of codes.</summary>
    public readonly int SymbolAt(int index) => _symbols[index];

    /// <summary>Decodes the symbol at the lower end of a bit buffer.</summary>
    /// <returns>The symbol, or -1 when no code begins like this.</returns>
    public readonly int Decode(ulong bits, out int lengthBits)
    {
        unchecked
        {
            // Codes lie in the stream with their first bit lowest: reversed, the codes of one length are consecutive numbers.
            uint reversed = Reverse((uint)bits & 0x7FFF) >> 1;
            for (int length = 1; length <= LongestBits; length++)
            {
                if (reversed < (uint)_limits[length])
                {
                    lengthBits = length;
                    return _symbols[((int)reversed >> (LongestBits - length)) + _offsets[length]];
                }
            }
        }

        lengthBits = 0;
        return -1;
    }

    /// <summary>Reverses 16 bits.</summary>
    public static uint Reverse(uint bits)
    {
        bits = ((bits >> 1) & 0x5555) | ((bits & 0x5555) << 1);
        bits = ((bits >> 2) & 0x3333) | ((bits & 0x3333) << 2);
        bits = ((bits >> 4) & 0x0F0F) | ((bits & 0x0F0F) << 4);
        return ((bits >> 8) | (bits << 8)) & 0xFFFF;
    }
}
