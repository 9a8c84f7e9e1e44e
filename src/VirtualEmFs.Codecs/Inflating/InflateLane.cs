using System.Buffers.Binary;
using VirtualEmFs.Native.Deflate;

namespace VirtualEmFs.Codecs.Inflating;

/// <summary>Where a lane stands.</summary>
internal enum LaneState
{
    /// <summary>Has no stream.</summary>
    Idle,

    /// <summary>Inside a block, for the mixed loop.</summary>
    Mixed,

    /// <summary>Inside a block of a long stream, for the mixed loop with literals and matches joined, which takes one lane.</summary>
    Joined,

    /// <summary>Inside a block, for the loop of literals.</summary>
    Literals,

    /// <summary>Inside a block of which so little is left to decode that tables are not worth filling: symbol by symbol.</summary>
    Stepping,

    /// <summary>The stream has ended and its checksum is right.</summary>
    Done,

    /// <summary>The stream is damaged, or not of the kind that lanes are good at.</summary>
    Refused,
}

/// <summary>
/// One zlib stream on its way through the fast loops: bit buffer, positions, tables, and everything that is done symbol by symbol.
/// </summary>
/// <remarks>
/// Lives in native memory (its tables are fixed buffers); source and destination are pinned by the caller. Every read of the
/// source and every write to the destination is checked against its end: either here, or by the loops' budgets.
/// </remarks>
internal unsafe struct InflateLane
{
    // zlib ends a block after 16,383 symbols, and often another with the few that are left.
    private const int LongestTail = 256;

    // A strip of a whole frame. What comes after this is decoded here, whatever the block: libdeflate would begin the stream anew.
    private const int LongStream = 1 << 20;

    // The checksum follows at this distance, while what it reads is in the core's cache.
    private const int ChecksumStep = 1 << 16;

    public ulong Bits;
    public int BitCount;
    public byte* Source;
    public byte* SourceEnd;
    public byte* Target;
    public byte* TargetStart;
    public byte* TargetEnd;
    public LaneState State;
    public InflateTables Tables;

    private bool _isLastBlock;

    // The checksum of the bytes before a place.
    private uint _checksum;
    private byte* _checked;

    // Bits that were made up behind the end of the source.
    private int _missingBits;

    /// <summary>True in a block that the loops can go on with.</summary>
    public readonly bool IsRunning => State is LaneState.Mixed or LaneState.Joined or LaneState.Literals or LaneState.Stepping;

    /// <summary>Bytes written.</summary>
    public readonly int LengthBytes => (int)(Target - TargetStart);

    /// <summary>Takes a stream up to its first symbol.</summary>
    public void Start(byte* source, int sourceLengthBytes, byte* target, int targetLengthBytes)
    {
        unchecked
        {
            (Bits, BitCount, _missingBits, _isLastBlock) = (0, 0, 0, false);
            Source = source;
            SourceEnd = source + sourceLengthBytes;
            TargetStart = Target = _checked = target;
            _checksum = Checksums.Adler32OfNothing;
            TargetEnd = target + targetLengthBytes;

            // RFC 1950: method 8, check bits, no preset dictionary.
            if (sourceLengthBytes < 6 || (source[0] & 0x0F) != 8 || source[0] >> 4 > 7 || ((source[0] << 8) | source[1]) % 31 != 0
                || (source[1] & 0x20) != 0)
            {
                State = LaneState.Refused;
                return;
            }

            Source += 2;
            StartBlock();
        }
    }

    /// <summary>Decodes one symbol, wherever the lane stands, and what follows a block's end.</summary>
    public void Step()
    {
        unchecked
        {
            Refill();
            int symbol = Tables.LiteralCode.Decode(Bits, out int lengthBits);
            if (symbol < 0)
            {
                State = LaneState.Refused;
                return;
            }

            Drop(lengthBits);
            if (symbol < DeflateAlphabet.EndOfBlock)
            {
                if (Target == TargetEnd)
                {
                    State = LaneState.Refused;
                    return;
                }

                *Target++ = (byte)symbol;
            }
            else if (symbol == DeflateAlphabet.EndOfBlock)
            {
                EndBlock();
            }
            else if (!TryCopyMatch(symbol - (int)DeflateAlphabet.FirstLength))
            {
                State = LaneState.Refused;
            }
        }
    }

    private bool TryCopyMatch(int lengthSymbol)
    {
        unchecked
        {
            if (lengthSymbol >= DeflateAlphabet.LengthBases.Length)
            {
                return false;
            }

            int length = DeflateAlphabet.LengthBases[lengthSymbol] + Take(DeflateAlphabet.LengthExtraBits[lengthSymbol]);
            Refill();
            int symbol = Tables.DistanceCode.Decode(Bits, out int lengthBits);
            if ((uint)symbol >= DeflateAlphabet.DistanceCount)
            {
                return false;
            }

            Drop(lengthBits);
            int distance = DeflateAlphabet.DistanceBases[symbol] + Take(DeflateAlphabet.DistanceExtraBits[symbol]);
            if (distance > Target - TargetStart || length > TargetEnd - Target)
            {
                return false;
            }

            byte* from = Target - distance;
            if (distance >= length)
            {
                Buffer.MemoryCopy(from, Target, length, length);
                Target += length;
            }
            else if (distance == 1)
            {
                new Span<byte>(Target, length).Fill(*from);
                Target += length;
            }
            else
            {
                for (byte* end = Target + length; Target < end; Target++, from++)
                {
                    *Target = *from;
                }
            }

            return true;
        }
    }

    private void EndBlock()
    {
        unchecked
        {
            if (_isLastBlock || Target - _checked >= ChecksumStep)
            {
                _checksum = Checksums.Adler32(new ReadOnlySpan<byte>(_checked, (int)(Target - _checked)), _checksum);
                _checked = Target;
            }

            if (_isLastBlock)
            {
                Finish();
            }
            else
            {
                StartBlock();
            }
        }
    }

    // The checksum follows on the next whole byte; what lies behind it is ignored, as zlib does.
    private void Finish()
    {
        unchecked
        {
            State = TryAlign(out byte* checksum) && SourceEnd - checksum >= sizeof(uint)
                && BinaryPrimitives.ReadUInt32BigEndian(new ReadOnlySpan<byte>(checksum, sizeof(uint))) == _checksum
                ? LaneState.Done
                : LaneState.Refused;
        }
    }

    private void StartBlock()
    {
        Refill();
        _isLastBlock = Take(1) != 0;
        State = Take(2) switch
        {
            0 => CopyStored(),
            1 => UseFixedCodes(),
            2 => ReadCodes(),
            _ => LaneState.Refused,
        };
        if (State == LaneState.Idle)
        {
            EndBlock();
        }
    }

    // The next whole byte of the source; false when bits were used that the source does not have.
    private bool TryAlign(out byte* next)
    {
        unchecked
        {
            Drop(BitCount & 7);
            next = Source - ((BitCount - _missingBits) >> 3);
            return BitCount >= _missingBits;
        }
    }

    // Returns Idle when the block is over.
    private LaneState CopyStored()
    {
        unchecked
        {
            if (!TryAlign(out byte* block) || SourceEnd - block < 4)
            {
                return LaneState.Refused;
            }

            int length = block[0] | (block[1] << 8);
            int complement = block[2] | (block[3] << 8);
            if ((length ^ complement) != 0xFFFF || length > SourceEnd - block - 4 || length > TargetEnd - Target)
            {
                return LaneState.Refused;
            }

            Buffer.MemoryCopy(block + 4, Target, length, length);
            Target += length;
            Source = block + 4 + length;
            (Bits, BitCount) = (0, 0);
            return LaneState.Idle;
        }
    }

    private LaneState UseFixedCodes()
    {
        Span<byte> lengths = stackalloc byte[288];
        lengths[..144].Fill(8);
        lengths[144..256].Fill(9);
        lengths[256..280].Fill(7);
        lengths[280..].Fill(8);
        Span<byte> distanceLengths = stackalloc byte[32];
        distanceLengths.Fill(5);
        return UseCodes(lengths, distanceLengths);
    }

    private LaneState ReadCodes()
    {
        unchecked
        {
            int literalCount = Take(5) + 257;
            int distanceCount = Take(5) + 1;
            int codeLengthCount = Take(4) + 4;
            if (literalCount > DeflateAlphabet.LiteralCount || distanceCount > DeflateAlphabet.DistanceCount)
            {
                return LaneState.Refused;
            }

            Span<byte> codeLengths = stackalloc byte[DeflateAlphabet.CodeLengthCount];
            codeLengths.Clear();
            for (int i = 0; i < codeLengthCount; i++)
            {
                Refill();
                codeLengths[DeflateAlphabet.CodeLengthOrder[i]] = (byte)Take(3);
            }

            // The literal code's place serves for the code of the lengths, which is read first.
            Span<byte> lengths = stackalloc byte[DeflateAlphabet.LiteralCount + DeflateAlphabet.DistanceCount];
            if (!Tables.LiteralCode.TryBuild(codeLengths) || Tables.LiteralCode.SymbolCount < 2 || !TryReadLengths(lengths[..(literalCount + distanceCount)]))
            {
                return LaneState.Refused;
            }

            return lengths[(int)DeflateAlphabet.EndOfBlock] == 0
                ? LaneState.Refused
                : UseCodes(lengths[..literalCount], lengths.Slice(literalCount, distanceCount));
        }
    }

    private bool TryReadLengths(Span<byte> lengths)
    {
        unchecked
        {
            for (int filled = 0; filled < lengths.Length;)
            {
                Refill();
                int symbol = Tables.LiteralCode.Decode(Bits, out int lengthBits);
                Drop(lengthBits);
                if (symbol < 0)
                {
                    return false;
                }

                if (symbol < 16)
                {
                    lengths[filled++] = (byte)symbol;
                    continue;
                }

                if (symbol == 16 && filled == 0)
                {
                    return false;
                }

                byte repeated = symbol == 16 ? lengths[filled - 1] : (byte)0;
                int times = symbol switch { 16 => 3 + Take(2), 17 => 3 + Take(3), _ => 11 + Take(7) };
                if (times > lengths.Length - filled)
                {
                    return false;
                }

                lengths.Slice(filled, times).Fill(repeated);
                filled += times;
            }

            return true;
        }
    }

    private LaneState UseCodes(ReadOnlySpan<byte> literalLengths, ReadOnlySpan<byte> distanceLengths)
    {
        unchecked
        {
            if (!Tables.LiteralCode.TryBuild(literalLengths) || Tables.LiteralCode.SymbolCount < 2
                || (!Tables.DistanceCode.TryBuild(distanceLengths) && Tables.DistanceCode.SymbolCount != 0))
            {
                return LaneState.Refused;
            }

            if (TargetEnd - Target <= LongestTail)
            {
                return LaneState.Stepping;
            }

            switch (BlockSurvey.Judge(literalLengths))
            {
                case LaneState.Literals:
                    Tables.FillLiterals();
                    return LaneState.Literals;
                case LaneState.Refused when LengthBytes < LongStream:
                    return LaneState.Refused;
            }

            Tables.FillMixed();
            Tables.FillDistances();
            if (TargetEnd - TargetStart <= LongStream)
            {
                return LaneState.Mixed;
            }

            Tables.JoinMixed();
            return LaneState.Joined;
        }
    }

    // Fills the buffer to 56 bits or more; behind the end of the source with zeros, which are counted. The loops leave uncounted
    // bits above the count; they are those of the next byte, so adding them again changes nothing.
    private void Refill()
    {
        unchecked
        {
            while (BitCount < 56)
            {
                if (Source < SourceEnd)
                {
                    Bits |= (ulong)*Source++ << BitCount;
                }
                else
                {
                    _missingBits += 8;
                }

                BitCount += 8;
            }
        }
    }

    private void Drop(int count)
    {
        unchecked
        {
            Bits >>= count;
            BitCount -= count;
        }
    }

    private int Take(int count)
    {
        unchecked
        {
            int value = (int)(Bits & ((1UL << count) - 1));
            Drop(count);
            return value;
        }
    }
}
