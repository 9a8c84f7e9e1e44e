using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace VirtualEmFs.Codecs;

/// <summary>
/// TIFF's LZW: codes of 9 to 12 bits, most significant bit first (TIFF 6.0, section 13), or least significant first as files from
/// before 1991 have them, which is recognised by their first code.
/// </summary>
/// <remarks>Pure; any thread; nothing is allocated. Safe on any bytes: reads stay in the source, writes in the destination.</remarks>
public static class Lzw
{
    /// <summary>No stream expands more than this: a code has at least 9 bits and stands for 3,838 bytes at most.</summary>
    public const int LargestExpansion = 3412;

    private const int ClearCode = 256;
    private const int EndCode = 257;
    private const int FirstFreeCode = 258;
    private const int CodeCount = 4096;
    private const int FirstWidth = 9;
    private const int LastWidth = 12;

    // A head: the first bytes of a string, and in the eighth byte its length, where 8 stands for anything longer than 7.
    private const int HeadLength = 7;
    private const int LengthShift = 8 * HeadLength;
    private const ulong OneByteLonger = 1UL << LengthShift;

    private static readonly DecodeOutcome s_endsEarly = DecodeOutcome.Damaged("the LZW data end before the last row");
    private static readonly DecodeOutcome s_invalidCode = DecodeOutcome.Damaged("the LZW data have a code without a meaning");

    /// <summary>Decodes until the destination is full; what follows in the source is ignored.</summary>
    /// <returns>Damaged when the stream ends before the destination is full, or has a code without a meaning.</returns>
    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        // A stream begins with the clear code, 256 in 9 bits: 0x80 in the first byte, or 0x00 and an odd byte in the old order.
        bool isOldOrder = source.Length >= 2 && source[0] == 0 && (source[1] & 1) != 0;
        return isOldOrder
            ? Decode<LeastSignificantFirst>(source, destination)
            : Decode<MostSignificantFirst>(source, destination);
    }

    [SkipLocalsInit]
    private static unsafe DecodeOutcome Decode<TOrder>(ReadOnlySpan<byte> source, Span<byte> destination)
        where TOrder : struct, ICodeOrder
    {
        // Each string but the single bytes has been written before, in one piece: the string of the code before it and the byte that
        // followed. So a string is a place in the destination and a length (Strings). Counts of electrons make strings of five or six
        // bytes, and reading back bytes just written would stall the processor: so the first seven bytes are kept beside
        // the length in one word (Heads), which is written whole, and what it writes too much the next string replaces.
        ulong* heads = stackalloc ulong[CodeCount];
        StoredString* strings = stackalloc StoredString[CodeCount];
        for (int value = 0; value < ClearCode; value++)
        {
            heads[value] = (uint)value | OneByteLonger;
        }

        // SAFETY: the spans stay pinned for the block. Codes are read through TOrder, which checks the source's end; a code is used as an
        // index only when it is below the first free one, which is at most CodeCount; each write checks the destination's length.
        fixed (byte* input = source, output = destination)
        {
            unchecked
            {
                int written = 0, length = destination.Length;
                int width = FirstWidth, free = FirstFreeCode, lastFreeOfWidth = TOrder.LastFree(FirstWidth);
                long bitCount = (long)source.Length * 8;
                long bit = 0;
                ulong previousHead = 0;
                StoredString previous = default;

                while (written < length)
                {
                    if (bit + width > bitCount)
                    {
                        return s_endsEarly;
                    }

                    int code = TOrder.Read(input, source.Length, bit, width);
                    bit += width;
                    if ((code & ~1) == ClearCode)
                    {
                        if (code == EndCode)
                        {
                            return s_endsEarly;
                        }

                        (width, free, lastFreeOfWidth, previousHead) = (FirstWidth, FirstFreeCode, TOrder.LastFree(FirstWidth), 0);
                        continue;
                    }

                    if (previousHead != 0)
                    {
                        // The code may be the one that is about to be made: then its string begins as the previous one does.
                        if (code >= free && (code > free || free == CodeCount))
                        {
                            return s_invalidCode;
                        }

                        if (free < CodeCount)
                        {
                            ulong following = (byte)(code == free ? previousHead : heads[code]);
                            int headLength = (int)(previousHead >> LengthShift);
                            heads[free] = headLength < HeadLength ? (previousHead | (following << (8 * headLength))) + OneByteLonger
                                : headLength == HeadLength ? previousHead + OneByteLonger
                                : previousHead;
                            strings[free] = previous with { Length = previous.Length + 1 };
                            if (++free == lastFreeOfWidth)
                            {
                                width++;
                                lastFreeOfWidth = TOrder.LastFree(width);
                            }
                        }
                    }
                    else if (code > EndCode)
                    {
                        return s_invalidCode;
                    }

                    previousHead = heads[code];
                    int stringLength = (int)(previousHead >> LengthShift);
                    int place = written;
                    if (stringLength <= HeadLength && written <= length - sizeof(ulong))
                    {
                        *(ulong*)(output + written) = previousHead;
                        written += stringLength;
                    }
                    else
                    {
                        stringLength = stringLength <= HeadLength ? stringLength : strings[code].Length;
                        written += CopyLong(previousHead, strings[code].Place, stringLength, output, written, length);
                    }

                    previous = new StoredString(place, stringLength);
                }

                return DecodeOutcome.Done(written);
            }
        }
    }

    // Writes a string of any length; one that would pass the destination's end is cut there.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe int CopyLong(ulong head, int place, int stringLength, byte* output, int written, int length)
    {
        unchecked
        {
            int count = Math.Min(stringLength, length - written);
            byte* to = output + written;
            byte* from = output + place;
            int done = 0;
            if (stringLength > HeadLength && written + (long)count + sizeof(ulong) <= length)
            {
                // Eight bytes at a time write up to seven too many, which the next string replaces. A string that overlaps its own
                // copy begins at least seven bytes before it, so that each word of seven is complete before it is read.
                for (; done < count; done += HeadLength)
                {
                    *(ulong*)(to + done) = *(ulong*)(from + done);
                }

                return count;
            }

            for (; done < Math.Min(count, HeadLength); done++)
            {
                to[done] = (byte)(head >> (8 * done));
            }

            for (; done < count; done++)
            {
                to[done] = from[done];
            }

            return count;
        }
    }

    private readonly record struct StoredString(int Place, int Length);

    private interface ICodeOrder
    {
        /// <summary>The code of a width at a bit of the source, whose bits up to the code's end exist.</summary>
        static abstract unsafe int Read(byte* source, int sourceLengthBytes, long bit, int width);

        /// <summary>The first free code at which codes become wider.</summary>
        static abstract int LastFree(int width);
    }

    private readonly struct MostSignificantFirst : ICodeOrder
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static unsafe int Read(byte* source, int sourceLengthBytes, long bit, int width)
        {
            unchecked
            {
                long index = bit >> 3;
                uint word = index <= sourceLengthBytes - 4
                    ? BinaryPrimitives.ReverseEndianness(*(uint*)(source + index))
                    : BinaryPrimitives.ReverseEndianness(ReadTail(source, sourceLengthBytes, index));
                return (int)(word << (int)(bit & 7) >> (32 - width));
            }
        }

        // Writers change the width one code early.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int LastFree(int width) => width == LastWidth ? int.MaxValue : (1 << width) - 1;
    }

    private readonly struct LeastSignificantFirst : ICodeOrder
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static unsafe int Read(byte* source, int sourceLengthBytes, long bit, int width)
        {
            unchecked
            {
                long index = bit >> 3;
                uint word = index <= sourceLengthBytes - 4
                    ? *(uint*)(source + index)
                    : ReadTail(source, sourceLengthBytes, index);
                return (int)(word >> (int)(bit & 7)) & ((1 << width) - 1);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int LastFree(int width) => width == LastWidth ? int.MaxValue : 1 << width;
    }

    // The last bytes of the source as a little-endian word, zeros behind its end.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe uint ReadTail(byte* source, int sourceLengthBytes, long index)
    {
        uint word = 0;
        for (int place = 0; index + place < sourceLengthBytes && place < 4; place++)
        {
            word |= (uint)source[index + place] << (8 * place);
        }

        return word;
    }
}
