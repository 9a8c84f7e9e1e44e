using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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

    // A string: its place relative to the destination's first byte, and in the lower bits its length, of which none passes 3,840.
    private const int LengthBits = 16;
    private const long LengthMask = (1 << LengthBits) - 1;

    // Longer than any string: what the fast loop finds at the clear and end codes, and leaves to the slow one.
    private const long NoString = LengthMask;

    // Copied at once, however short the string: counts of electrons make strings of five or six bytes.
    private const int CopyLength = 16;

    // Longest string of the fast loop: frames of few electrons have them.
    private const int FastLength = 4 * CopyLength;

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
        // followed. So a string is a place in the destination and a length, and what a copy writes too much the next one replaces.
        long* strings = stackalloc long[CodeCount];
        byte* bytes = stackalloc byte[ClearCode + FastLength];

        // SAFETY: the spans stay pinned for the block.
        fixed (byte* input = source, output = destination)
        {
            unchecked
            {
                for (int value = 0; value < ClearCode; value++)
                {
                    bytes[value] = (byte)value;
                    strings[value] = StringAt(bytes + value - output, 1);
                }

                strings[ClearCode] = strings[EndCode] = NoString;
            }

            var stream = new Stream { Input = input, InputLength = source.Length, Output = output, Length = destination.Length, Strings = strings };
            stream.Clear<TOrder>();
            while (stream.Written < stream.Length)
            {
                DecodeFast<TOrder>(&stream);
                if (stream.Written < stream.Length && stream.DecodeOne<TOrder>() is DecodeOutcome damage)
                {
                    return damage;
                }
            }
        }

        return DecodeOutcome.Done(destination.Length);
    }

    // Runs until a code comes that is not a known short string, or the codes become wider, or an end is near. A method of its own, with few
    // enough variables for the processor's registers.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static unsafe void DecodeFast<TOrder>(Stream* stream)
        where TOrder : struct, ICodeOrder
    {
        unchecked
        {
            byte* input = stream->Input;
            byte* output = stream->Output;
            long* strings = stream->Strings;
            long bit = stream->Bit;
            long written = stream->Written;
            long previous = stream->Previous;
            int width = stream->Width;
            long lastWritten = stream->Length - FastLength;
            long free = stream->Free;

            // Each code takes the next free one, until the table is full, or codes become wider, or words of the source cease to be
            // whole: codes have less than 16 bits. The first code behind a clear code takes none.
            long wholeCodes = ((((long)stream->InputLength - sizeof(ulong)) * 8) - bit) >> 4;
            long end = previous == 0 ? free : Math.Min(Math.Min(stream->WiderAt, CodeCount), free + wholeCodes);

            // SAFETY: code and free are below CodeCount; a string begins before what is written or in bytes, which are longer by FastLength;
            // reading it, and writing it, stays below FastLength bytes.
            while (free < end && written <= lastWritten)
            {
                long code = TOrder.CodeIn(*(ulong*)(input + (bit >> 3)), (int)bit & 7, width);
                if (code >= free)
                {
                    break;
                }

                long current = strings[code];
                long stringLength = current & LengthMask;
                byte* from = output + (current >> LengthBits);
                byte* to = output + written;
                if (stringLength > CopyLength)
                {
                    if (stringLength > FastLength)
                    {
                        break;
                    }

                    Copy(from, to, CopyLength);
                    Copy(from, to, 2 * CopyLength);
                    Copy(from, to, 3 * CopyLength);
                }

                Copy(from, to, 0);
                strings[free++] = previous + 1;
                previous = StringAt(written, stringLength);
                written += stringLength;
                bit += width;
            }

            (stream->Bit, stream->Written, stream->Previous, stream->Free) = (bit, (int)written, previous, (int)free);
            stream->WidenIfDue<TOrder>();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Copy(byte* from, byte* to, int done)
    {
        unchecked
        {
            Vector128.Store(Vector128.Load(from + done), to + done);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long StringAt(long place, long stringLength) => unchecked((place << LengthBits) | stringLength);

    /// <summary>Where a stream stands; what it points at stays where it is.</summary>
    private unsafe struct Stream
    {
        public byte* Input;
        public int InputLength;
        public long Bit;

        public byte* Output;
        public int Length;
        public int Written;

        public long* Strings;
        public int Free;

        /// <summary>The previous code's string; zero behind a clear code.</summary>
        public long Previous;

        public int Width;

        /// <summary>The first free code at which codes become wider.</summary>
        public int WiderAt;

        public void Clear<TOrder>()
            where TOrder : struct, ICodeOrder =>
            (Width, WiderAt, Free, Previous) = (FirstWidth, TOrder.LastFree(FirstWidth), FirstFreeCode, 0);

        public void WidenIfDue<TOrder>()
            where TOrder : struct, ICodeOrder
        {
            if (Free == WiderAt)
            {
                Width++;
                WiderAt = TOrder.LastFree(Width);
            }
        }

        /// <summary>Decodes any code.</summary>
        /// <returns>What is wrong, if anything.</returns>
        public DecodeOutcome? DecodeOne<TOrder>()
            where TOrder : struct, ICodeOrder
        {
            unchecked
            {
                if (Bit + Width > (long)InputLength * 8)
                {
                    return s_endsEarly;
                }

                int code = TOrder.CodeIn(ReadWord(), (int)Bit & 7, Width);
                Bit += Width;
                switch (code)
                {
                    case ClearCode:
                        Clear<TOrder>();
                        return null;
                    case EndCode:
                        return s_endsEarly;
                }

                // The code may be the one that is about to be made: then its string begins as the previous one does.
                if (code > (Previous == 0 ? ClearCode : Free))
                {
                    return s_invalidCode;
                }

                if (Previous != 0 && Free < CodeCount)
                {
                    Strings[Free++] = Previous + 1;
                    WidenIfDue<TOrder>();
                }

                int stringLength = (int)(Strings[code] & LengthMask);
                int count = Math.Min(stringLength, Length - Written);
                CopyString(Output + (Strings[code] >> LengthBits), Output + Written, count, Length - Written);
                Previous = StringAt(Written, stringLength);
                Written += count;
                return null;
            }
        }

        // Strings that overlap their own copy, too.
        private static void CopyString(byte* from, byte* to, int count, int room)
        {
            unchecked
            {
                int done = 0;
                if (to - from >= CopyLength)
                {
                    for (; done < count && done <= room - CopyLength; done += CopyLength)
                    {
                        Copy(from, to, done);
                    }
                }

                for (; done < count; done++)
                {
                    to[done] = from[done];
                }
            }
        }

        // The next bytes of the source as a little-endian word, zeros behind its end.
        private readonly ulong ReadWord()
        {
            unchecked
            {
                ulong word = 0;
                long first = Bit >> 3;
                for (int place = 0; place < sizeof(ulong) && first + place < InputLength; place++)
                {
                    word |= (ulong)Input[first + place] << (8 * place);
                }

                return word;
            }
        }
    }

    private interface ICodeOrder
    {
        /// <summary>The code of a width that begins at one of the first eight bits of a little-endian word.</summary>
        static abstract int CodeIn(ulong word, int bit, int width);

        /// <summary>The first free code at which codes become wider.</summary>
        static abstract int LastFree(int width);
    }

    private readonly struct MostSignificantFirst : ICodeOrder
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int CodeIn(ulong word, int bit, int width) =>
            unchecked((int)(BinaryPrimitives.ReverseEndianness(word) << bit >> (64 - width)));

        // Writers change the width one code early.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int LastFree(int width) => width == LastWidth ? int.MaxValue : (1 << width) - 1;
    }

    private readonly struct LeastSignificantFirst : ICodeOrder
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int CodeIn(ulong word, int bit, int width) => unchecked((int)(word >> bit) & ((1 << width) - 1));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int LastFree(int width) => width == LastWidth ? int.MaxValue : 1 << width;
    }
}
