using System.Buffers;
using System.Runtime.CompilerServices;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Codecs;

/// <summary>
/// Draws the electrons of a group of EER frames: each adds 1 to its point of the grid (spec/relion-tiff-eer.md, sections 3.2 and 3.3).
/// </summary>
/// <remarks>
/// Pure; any thread. Safe on any bytes. As in RELION an internal frame whose runs do not end exactly at the last pixel counts nothing.
/// </remarks>
public static class EerRenderer
{
    // The part of the grid that is drawn before the next: all frames of the group draw into it while it lies in the first-level cache.
    // Drawing frame after frame would move the whole grid through memory once for each.
    private const int BandLengthBytes = 32 * 1024;

    /// <summary>Draws a group.</summary>
    /// <param name="stored">The piece that holds the frames' strips.</param>
    /// <param name="destination">Counts in rows from the sensor's first, <see cref="EerGroup.LengthBytes"/> long.</param>
    /// <param name="skippedFrames">Internal frames that count nothing because their runs do not end at the last pixel.</param>
    /// <returns>Damaged when the destination is not one frame long, or a strip does not lie in the piece.</returns>
    public static DecodeOutcome Render(EerGroup group, ReadOnlySpan<byte> stored, Span<byte> destination, out int skippedFrames)
    {
        skippedFrames = 0;
        if (destination.Length != group.LengthBytes)
        {
            return DecodeOutcome.Damaged("an EER group does not fill its frame");
        }

        if (!TryJoinStrips(group, stored, out byte[]? joined, out EerStream[] streams))
        {
            return DecodeOutcome.Damaged("a strip of an EER frame lies outside its group");
        }

        try
        {
            var bytes = joined is null ? stored : joined;
            skippedFrames = group.Coding switch
            {
                EerCoding.Run8Position2 => Draw<Run8Position2>(group, bytes, streams, destination),
                EerCoding.Run7Position2 => Draw<Run7Position2>(group, bytes, streams, destination),
                _ => Draw<Run7Position1>(group, bytes, streams, destination),
            };
            return DecodeOutcome.Done(destination.Length);
        }
        finally
        {
            if (joined is not null)
            {
                ArrayPool<byte>.Shared.Return(joined);
            }
        }
    }

    // Finds each frame's bytes; where strips of a frame do not follow each other they are copied together.
    private static bool TryJoinStrips(EerGroup group, ReadOnlySpan<byte> stored, out byte[]? joined, out EerStream[] streams)
    {
        joined = null;
        streams = new EerStream[group.Frames.Length];
        long lengthBytes = 0;
        bool areJoined = true;
        for (int frame = 0; frame < streams.Length; frame++)
        {
            var strips = group.Frames[frame].AsSpan();
            for (int strip = 0; strip < strips.Length; strip++)
            {
                int first = strips[strip].Start.Value, end = strips[strip].End.Value;
                if (first < 0 || end < first || end > stored.Length)
                {
                    return false;
                }

                lengthBytes += end - first;
                areJoined &= strip == 0 || first == strips[strip - 1].End.Value;
            }

            streams[frame] = strips.IsEmpty
                ? default
                : new EerStream { FirstByte = strips[0].Start.Value, EndByte = strips[^1].End.Value };
        }

        // Strips that overlap can be longer together than the piece; no writer makes them.
        if (areJoined || lengthBytes > stored.Length)
        {
            return areJoined;
        }

        joined = ArrayPool<byte>.Shared.Rent((int)lengthBytes);
        int written = 0;
        for (int frame = 0; frame < streams.Length; frame++)
        {
            int firstByte = written;
            foreach (var strip in group.Frames[frame])
            {
                stored[strip].CopyTo(joined.AsSpan(written));
                written += strip.End.Value - strip.Start.Value;
            }

            streams[frame] = new EerStream { FirstByte = firstByte, EndByte = written };
        }

        return true;
    }

    private static int Draw<TCoding>(EerGroup group, ReadOnlySpan<byte> bytes, EerStream[] streams, Span<byte> destination)
        where TCoding : struct, IEerCoding => (group.Upsampling, group.SampleLengthBytes) switch
        {
            (1, 1) => Draw<TCoding, SinglePoints, byte>(group, bytes, streams, destination),
            (1, _) => Draw<TCoding, SinglePoints, ushort>(group, bytes, streams, destination),
            (_, 1) => Draw<TCoding, DoubledPoints<TCoding>, byte>(group, bytes, streams, destination),
            _ => Draw<TCoding, DoubledPoints<TCoding>, ushort>(group, bytes, streams, destination),
        };

    private static unsafe int Draw<TCoding, TPoints, TCount>(
        EerGroup group, ReadOnlySpan<byte> bytes, EerStream[] streams, Span<byte> destination)
        where TCoding : struct, IEerCoding
        where TPoints : struct, IGridPoints
        where TCount : unmanaged
    {
        unchecked
        {
            int pixelCount = 1 << (2 * group.SensorBits);
            int bytesOfPixel = group.LengthBytes / pixelCount;
            int bandPixels = Math.Max(1 << group.SensorBits, BandLengthBytes / bytesOfPixel);
            int skippedFrames = 0;

            // SAFETY: both spans stay pinned for the block; every stream lies inside bytes (TryJoinStrips), and Advance draws only pixels
            // below bandEnd, at most pixelCount, whose points lie inside a grid of group.LengthBytes.
            fixed (byte* source = bytes, grid = destination)
            {
                for (int bandEnd = bandPixels; bandEnd <= pixelCount; bandEnd += bandPixels)
                {
                    destination.Slice((bandEnd - bandPixels) * bytesOfPixel, bandPixels * bytesOfPixel).Clear();
                    foreach (ref var stream in streams.AsSpan())
                    {
                        Advance<TCoding, TPoints, TCount>(source, ref stream, bandEnd, (TCount*)grid, group.SensorBits, 1);
                    }
                }

                // Whether a frame counts is known at its end: one that does not is drawn again with -1, which leaves what the others drew.
                foreach (ref var stream in streams.AsSpan())
                {
                    // A last run leads to the end, unless the data end there without one.
                    int lastRun = TryReadSymbol<TCoding>(source, stream, out ulong symbol) ? (int)(symbol & RunMask<TCoding>()) : 0;
                    if (stream.Pixel + lastRun != pixelCount)
                    {
                        skippedFrames++;
                        (stream.Bit, stream.Pixel) = (0, 0);
                        Advance<TCoding, TPoints, TCount>(source, ref stream, pixelCount, (TCount*)grid, group.SensorBits, -1);
                    }
                }
            }

            return skippedFrames;
        }
    }

    // Draws a frame's electrons up to a pixel; stops before the symbol that passes it, or at the end of the data.
    private static unsafe void Advance<TCoding, TPoints, TCount>(
        byte* source, ref EerStream stream, int bandEnd, TCount* grid, int sensorBits, int count)
        where TCoding : struct, IEerCoding
        where TPoints : struct, IGridPoints
        where TCount : unmanaged
    {
        unchecked
        {
            int symbolBits = TCoding.RunBits + (2 * TCoding.AxisBits);
            int symbolsPerWord = 57 / symbolBits; // a word read at any bit has at least 57
            byte* first = source + stream.FirstByte;
            long lastWholeWord = stream.EndByte - stream.FirstByte - sizeof(ulong);
            long bit = stream.Bit;
            int pixel = stream.Pixel;
            while (true)
            {
                ulong word;
                int symbolCount = symbolsPerWord;
                if ((bit >> 3) <= lastWholeWord)
                {
                    word = *(ulong*)(first + (bit >> 3)) >> (int)(bit & 7);
                }
                else
                {
                    (stream.Bit, stream.Pixel, symbolCount) = (bit, pixel, 1);
                    if (!TryReadSymbol<TCoding>(source, stream, out word))
                    {
                        return;
                    }
                }

                for (; symbolCount > 0; symbolCount--)
                {
                    int run = (int)(word & RunMask<TCoding>());
                    int electron = pixel + run;
                    if (electron >= bandEnd)
                    {
                        (stream.Bit, stream.Pixel) = (bit, pixel);
                        return;
                    }

                    // No branch on the longest run, which has no electron: at one electron to a hundred pixels it is one symbol in four.
                    int isSkip = (run + 1) >> TCoding.RunBits;
                    nint point = TPoints.Of(electron, (int)(word >> TCoding.RunBits), sensorBits);
                    int added = count & (isSkip - 1);
                    if (typeof(TCount) == typeof(byte))
                    {
                        ((byte*)grid)[point] += (byte)added;
                    }
                    else
                    {
                        ((ushort*)grid)[point] += (ushort)added;
                    }

                    pixel = electron + 1 - isSkip;
                    int usedBits = symbolBits - (isSkip * (symbolBits - TCoding.SkipBits));
                    word >>= usedBits;
                    bit += usedBits;
                }
            }
        }
    }

    private static ulong RunMask<TCoding>()
        where TCoding : struct, IEerCoding => (1UL << TCoding.RunBits) - 1;

    // The symbol at a stream's place from the bytes that it still has, zeros behind them; false when the run is not complete.
    private static unsafe bool TryReadSymbol<TCoding>(byte* source, in EerStream stream, out ulong word)
        where TCoding : struct, IEerCoding
    {
        word = 0;
        long lengthBytes = stream.EndByte - stream.FirstByte;
        if (stream.Bit + TCoding.RunBits > lengthBytes * 8)
        {
            return false;
        }

        long index = stream.Bit >> 3;
        for (int place = 0; place < sizeof(uint) && index + place < lengthBytes; place++)
        {
            word |= (ulong)source[stream.FirstByte + index + place] << (8 * place);
        }

        word >>= (int)(stream.Bit & 7);
        return true;
    }

    /// <summary>One internal frame: its bytes, and how far it is drawn.</summary>
    private struct EerStream
    {
        public int FirstByte;
        public int EndByte;
        public long Bit;
        public int Pixel;
    }

    private interface IGridPoints
    {
        /// <summary>The point of the grid for an electron's pixel and the bits of its position.</summary>
        static abstract nint Of(int pixel, int position, int sensorBits);
    }

    private readonly struct SinglePoints : IGridPoints
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint Of(int pixel, int position, int sensorBits) => pixel;
    }

    private readonly struct DoubledPoints<TCoding> : IGridPoints
        where TCoding : struct, IEerCoding
    {
        // The position is a signed offset along each axis; inverting its top bit gives the half of the pixel, from left and from the first row.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint Of(int pixel, int position, int sensorBits)
        {
            unchecked
            {
                int right = ((position >> (TCoding.AxisBits - 1)) & 1) ^ 1;
                int lower = ((position >> ((2 * TCoding.AxisBits) - 1)) & 1) ^ 1;
                int x = pixel & ((1 << sensorBits) - 1);
                int y = pixel >> sensorBits;
                return ((((nint)y << 1) + lower) << (sensorBits + 1)) + (x << 1) + right;
            }
        }
    }
}
