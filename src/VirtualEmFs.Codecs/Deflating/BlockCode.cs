namespace VirtualEmFs.Codecs.Deflating;

/// <summary>
/// The codes of one dynamic block (RFC 1951, 3.2.7) whose only distance is 1: their lengths, what the block costs, and its header.
/// </summary>
/// <remarks>One thread at a time; built anew for each block.</remarks>
internal sealed class BlockCode
{
    /// <summary>Literals, end of block, and the 29 match lengths.</summary>
    public const int SymbolCount = 286;

    public const int EndOfBlock = 256;

    /// <summary>
    /// Longest code. Deflate allows 15; with 13, four literals and seven waiting bits fit a 64-bit register, and pairs fit 26 bits.
    /// It costs less than 0.01 % of blocks of 16 KiB.
    /// </summary>
    public const int LongestCode = 13;

    private static readonly byte[] s_lengthCodeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    // For each match length from 3: the symbol's offset from 257, and its extra bits.
    private static readonly byte[] s_lengthSymbol = new byte[Run.LongestMatch + 1];
    private static readonly byte[] s_extraBits = new byte[29];
    private static readonly ushort[] s_firstLength = new ushort[29];

    private readonly byte[] _lengths = new byte[SymbolCount + 1];
    private readonly ushort[] _codes = new ushort[SymbolCount];
    private readonly byte[] _headerSymbols = new byte[SymbolCount + 1];
    private readonly byte[] _headerExtra = new byte[SymbolCount + 1];
    private readonly byte[] _headerLengths = new byte[19];
    private readonly ushort[] _headerCodes = new ushort[19];
    private int _headerCount, _headerLengthCount, _literalCount;

    static BlockCode()
    {
        int length = Run.ShortestMatch;
        for (int symbol = 0; symbol < 28; symbol++)
        {
            s_extraBits[symbol] = (byte)(symbol < 8 ? 0 : (symbol / 4) - 1);
            s_firstLength[symbol] = (ushort)length;
            for (int i = 0; i < 1 << s_extraBits[symbol] && length <= Run.LongestMatch; i++)
            {
                s_lengthSymbol[length++] = (byte)symbol;
            }
        }

        s_firstLength[28] = Run.LongestMatch;
        s_lengthSymbol[Run.LongestMatch] = 28;
    }

    /// <summary>Symbol of a match length.</summary>
    public static int SymbolOf(int matchLength) => EndOfBlock + 1 + s_lengthSymbol[matchLength];

    /// <summary>Length of the whole block, its header included, in bits.</summary>
    public long LengthBits { get; private set; }

    /// <summary>Code of a symbol in the form of the tables: bits above 6, length in the lowest 6.</summary>
    public uint EntryOf(int symbol) => ((uint)_codes[symbol] << 6) | _lengths[symbol];

    /// <summary>A whole match of distance 1: length code, extra bits, and the single distance's one bit, which is 0.</summary>
    public uint EntryOfMatch(int matchLength)
    {
        int offset = s_lengthSymbol[matchLength];
        int symbol = EndOfBlock + 1 + offset;
        uint bits = _codes[symbol] | ((uint)(matchLength - s_firstLength[offset]) << _lengths[symbol]);
        return (bits << 6) | (uint)(_lengths[symbol] + s_extraBits[offset] + 1);
    }

    /// <summary>Builds the codes for a block.</summary>
    /// <param name="counts">Of each symbol, <see cref="SymbolCount"/> long; end of block once.</param>
    public void Build(ReadOnlySpan<uint> counts)
    {
        unchecked
        {
            CodeLengths.Build(counts, LongestCode, _lengths.AsSpan(0, SymbolCount));
            CodeLengths.Assign(_lengths.AsSpan(0, SymbolCount), _codes);
            _literalCount = SymbolCount;
            while (_lengths[_literalCount - 1] == 0)
            {
                _literalCount--;
            }

            // One distance code of one bit, whether used or not: some readers refuse a block without any.
            byte after = _lengths[_literalCount];
            _lengths[_literalCount] = 1;
            long bits = 3 + BuildHeader(_lengths.AsSpan(0, _literalCount + 1));
            _lengths[_literalCount] = after;

            for (int symbol = 0; symbol < SymbolCount; symbol++)
            {
                bits += (long)counts[symbol] * _lengths[symbol];
            }

            for (int offset = 0; offset < s_extraBits.Length; offset++)
            {
                bits += (long)counts[EndOfBlock + 1 + offset] * (s_extraBits[offset] + 1);
            }

            LengthBits = bits;
        }
    }

    /// <summary>Writes the block's header.</summary>
    public void WriteHeader(ref BitWriter writer, bool isLast)
    {
        writer.Write((isLast ? 1u : 0u) | (2u << 1), 3);
        writer.Write((uint)(_literalCount - 257) | (0u << 5) | ((uint)(_headerLengthCount - 4) << 10), 14);
        for (int i = 0; i < _headerLengthCount; i++)
        {
            writer.Write(_headerLengths[s_lengthCodeOrder[i]], 3);
        }

        for (int i = 0; i < _headerCount; i++)
        {
            int symbol = _headerSymbols[i];
            writer.Write(_headerCodes[symbol] | ((uint)_headerExtra[i] << _headerLengths[symbol]), _headerLengths[symbol] + ExtraBitsOfHeader(symbol));
        }
    }

    private static int ExtraBitsOfHeader(int symbol) => symbol switch { 16 => 2, 17 => 3, 18 => 7, _ => 0 };

    /// <summary>Packs the code lengths by runs and builds the code for that.</summary>
    /// <returns>The header's length in bits, without the block's first three.</returns>
    private long BuildHeader(ReadOnlySpan<byte> lengths)
    {
        unchecked
        {
            Span<uint> counts = stackalloc uint[19];
            counts.Clear();
            _headerCount = 0;
            for (int i = 0; i < lengths.Length;)
            {
                byte length = lengths[i];
                int repeats = 1;
                while (i + repeats < lengths.Length && lengths[i + repeats] == length)
                {
                    repeats++;
                }

                i += repeats;
                if (length != 0)
                {
                    AddToHeader(length, 0, counts);
                    repeats--;
                }

                while (repeats >= 3)
                {
                    int taken = length != 0 ? Math.Min(repeats, 6) : Math.Min(repeats, 138);
                    (int symbol, int first) = length != 0 ? (16, 3) : taken <= 10 ? (17, 3) : (18, 11);
                    AddToHeader(symbol, taken - first, counts);
                    repeats -= taken;
                }

                for (; repeats > 0; repeats--)
                {
                    AddToHeader(length, 0, counts);
                }
            }

            if (counts.Length - counts.Count(0u) < 2)
            {
                counts[counts[0] == 0 ? 0 : 1] = 1; // a code of one symbol would be incomplete, which readers refuse here
            }

            CodeLengths.Build(counts, 7, _headerLengths);
            CodeLengths.Assign(_headerLengths, _headerCodes);
            _headerLengthCount = 19;
            while (_headerLengthCount > 4 && _headerLengths[s_lengthCodeOrder[_headerLengthCount - 1]] == 0)
            {
                _headerLengthCount--;
            }

            long bits = 14 + (3 * _headerLengthCount);
            for (int i = 0; i < _headerCount; i++)
            {
                bits += _headerLengths[_headerSymbols[i]] + ExtraBitsOfHeader(_headerSymbols[i]);
            }

            return bits;
        }
    }

    private void AddToHeader(int symbol, int extra, Span<uint> counts)
    {
        _headerSymbols[_headerCount] = (byte)symbol;
        _headerExtra[_headerCount++] = (byte)extra;
        counts[symbol]++;
    }
}
