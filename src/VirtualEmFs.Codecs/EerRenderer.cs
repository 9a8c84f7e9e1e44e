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
    // The part of the grid that is drawn before the next: all frames of the group draw into it while it lies in the second-level cache. Drawing
    // frame after frame would move the whole grid through memory once for each; in parts of 32 KiB, the first level's, frames are taken up and
    // left so often that a group of 40 takes a tenth longer.
    private const int BandLengthBytes = 128 * 1024;

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

        if (!EerStream.TryJoinStrips(group, stored, out byte[]? joined, out EerStream[] streams))
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

            // SAFETY: both spans stay pinned for the block; every stream lies inside bytes (EerStream.TryJoinStrips), and Advance draws only pixels
            // below bandEnd, at most pixelCount, whose points lie inside a grid of group.LengthBytes.
            fixed (byte* source = bytes, grid = destination)
            {
                for (int bandEnd = bandPixels; bandEnd <= pixelCount; bandEnd += bandPixels)
                {
                    destination.Slice((bandEnd - bandPixels) * bytesOfPixel, bandPixels * bytesOfPixel).Clear();
                    for (int i = 0; i < streams.Length; i += 2)
                    {
                        if (i + 1 < streams.Length)
                        {
                            AdvancePair<TCoding, TPoints, TCount>(source, ref streams[i], ref streams[i + 1], bandEnd, (TCount*)grid, group.SensorBits);
                            Advance<TCoding, TPoints, TCount>(source, ref streams[i + 1], bandEnd, (TCount*)grid, group.SensorBits, 1);
                        }

                        Advance<TCoding, TPoints, TCount>(source, ref streams[i], bandEnd, (TCount*)grid, group.SensorBits, 1);
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
                    Count(grid, point, count & (isSkip - 1));

                    pixel = electron + 1 - isSkip;
                    int usedBits = symbolBits - (isSkip * (symbolBits - TCoding.SkipBits));
                    word >>= usedBits;
                    bit += usedBits;
                }
            }
        }
    }

    // Draws two frames' electrons side by side until one of them comes near the pixel, or to its last whole word; the rest is Advance's. Where a symbol
    // begins depends on the one before it, seven steps one after the other: a second frame fills the gaps.
    private static unsafe void AdvancePair<TCoding, TPoints, TCount>(
        byte* source, ref EerStream left, ref EerStream right, int bandEnd, TCount* grid, int sensorBits)
        where TCoding : struct, IEerCoding
        where TPoints : struct, IGridPoints
        where TCount : unmanaged
    {
        unchecked
        {
            // Four symbols of 12 bits are in a word, and lead no further than four of the longest runs: nothing is asked between them.
            int safeEnd = bandEnd - (4 * (int)RunMask<TCoding>());
            byte* leftFirst = source + left.FirstByte, rightFirst = source + right.FirstByte;
            long leftEnd = (left.EndByte - left.FirstByte - sizeof(ulong) + 1L) * 8, rightEnd = (right.EndByte - right.FirstByte - sizeof(ulong) + 1L) * 8;
            long leftBit = left.Bit, rightBit = right.Bit;
            int leftPixel = left.Pixel, rightPixel = right.Pixel;
            while (leftBit < leftEnd && rightBit < rightEnd && leftPixel < safeEnd && rightPixel < safeEnd)
            {
                ulong leftWord = *(ulong*)(leftFirst + (leftBit >> 3)) >> (int)(leftBit & 7);
                ulong rightWord = *(ulong*)(rightFirst + (rightBit >> 3)) >> (int)(rightBit & 7);
                Step<TCoding, TPoints, TCount>(ref leftWord, ref leftBit, ref leftPixel, grid, sensorBits);
                Step<TCoding, TPoints, TCount>(ref rightWord, ref rightBit, ref rightPixel, grid, sensorBits);
                Step<TCoding, TPoints, TCount>(ref leftWord, ref leftBit, ref leftPixel, grid, sensorBits);
                Step<TCoding, TPoints, TCount>(ref rightWord, ref rightBit, ref rightPixel, grid, sensorBits);
                Step<TCoding, TPoints, TCount>(ref leftWord, ref leftBit, ref leftPixel, grid, sensorBits);
                Step<TCoding, TPoints, TCount>(ref rightWord, ref rightBit, ref rightPixel, grid, sensorBits);
                Step<TCoding, TPoints, TCount>(ref leftWord, ref leftBit, ref leftPixel, grid, sensorBits);
                Step<TCoding, TPoints, TCount>(ref rightWord, ref rightBit, ref rightPixel, grid, sensorBits);
            }

            (left.Bit, left.Pixel, right.Bit, right.Pixel) = (leftBit, leftPixel, rightBit, rightPixel);
        }
    }

    // One symbol. No branch on the longest run, which has no electron: at one electron to a hundred pixels it is one symbol in four.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Step<TCoding, TPoints, TCount>(ref ulong word, ref long bit, ref int pixel, TCount* grid, int sensorBits)
        where TCoding : struct, IEerCoding
        where TPoints : struct, IGridPoints
        where TCount : unmanaged
    {
        unchecked
        {
            int run = (int)(word & RunMask<TCoding>());
            int electron = pixel + run;
            int isSkip = (run + 1) >> TCoding.RunBits;
            Count(grid, TPoints.Of(electron, (int)(word >> TCoding.RunBits), sensorBits), 1 - isSkip);
            pixel = electron + 1 - isSkip;
            int symbolBits = TCoding.RunBits + (2 * TCoding.AxisBits);
            int usedBits = symbolBits - (isSkip * (symbolBits - TCoding.SkipBits));
            word >>= usedBits;
            bit += usedBits;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Count<TCount>(TCount* grid, nint point, int added)
        where TCount : unmanaged
    {
        unchecked
        {
            if (typeof(TCount) == typeof(byte))
            {
                ((byte*)grid)[point] += (byte)added;
            }
            else
            {
                ((ushort*)grid)[point] += (ushort)added;
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
}
