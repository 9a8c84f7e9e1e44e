using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VirtualEmFs.Truncation;

/// <summary>One pass over float32 samples for everything in <see cref="ImageStatistics"/>.</summary>
internal static class StatisticsKernel
{
    // 16 KiB of samples: a block stays in the first-level cache, so that a block with a NaN can be read again by the scalar twin.
    private const int BlockLengthSamples = 4096;

    private const int NegativeZeroBits = int.MinValue;

    /// <summary>Statistics of <c>min(max(sample, low), high)</c>; non-finite samples are counted, whatever the limits.</summary>
    public static ImageStatistics Gather(ReadOnlySpan<float> samples, float low, float high)
    {
        var total = default(ImageStatistics);
        while (!samples.IsEmpty)
        {
            ReadOnlySpan<float> block = samples[..Math.Min(BlockLengthSamples, samples.Length)];
            samples = samples[block.Length..];
            ImageStatistics statistics =
                Vector128.IsHardwareAccelerated && block.Length >= Vector256<float>.Count && GatherVector256(block, low, high, out ImageStatistics part)
                    ? part
                    : GatherScalar(block, low, high);

            // Most blocks have no zeros. Those that have are read again, from the cache: in the loops it would slow every block.
            if (statistics.ZeroCount > 0)
            {
                statistics = statistics with { NegativeZeroCount = MemoryMarshal.Cast<float, int>(block).Count(NegativeZeroBits) };
            }

            total = total.Merge(statistics);
        }

        return total;
    }

    /// <summary>The scalar twin; the only one that reads blocks with non-finite samples.</summary>
    internal static ImageStatistics GatherScalar(ReadOnlySpan<float> samples, float low, float high)
    {
        long nonFinite = 0, zeros = 0;
        double sum = 0, squares = 0;
        float minimum = float.PositiveInfinity, maximum = float.NegativeInfinity;
        bool hasFraction = false;
        foreach (float sample in samples)
        {
            if (!float.IsFinite(sample))
            {
                nonFinite++;
                continue;
            }

            float value = MathF.Min(MathF.Max(sample, low), high);
            minimum = MathF.Min(minimum, value);
            maximum = MathF.Max(maximum, value);
            sum += value;
            squares += (double)value * value;
            zeros += value == 0 ? 1 : 0;
            hasFraction |= value != MathF.Truncate(value);
        }

        return nonFinite == samples.Length
            ? new ImageStatistics(samples.Length, nonFinite, 0, 0, 0, 0, 0, false)
            : new ImageStatistics(samples.Length, nonFinite, zeros, minimum, maximum, sum, squares, hasFraction);
    }

    /// <summary>Eight lanes at a time, the last step overlapping none: the tail goes to the scalar twin.</summary>
    /// <returns>False when the block has a non-finite sample.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool GatherVector256(ReadOnlySpan<float> block, float low, float high, out ImageStatistics statistics)
    {
        unchecked
        {
            ReadOnlySpan<Vector256<float>> vectors = MemoryMarshal.Cast<float, Vector256<float>>(block);
            Vector256<float> lowLanes = Vector256.Create(low), highLanes = Vector256.Create(high);
            Vector256<float> minimum = Vector256.Create(float.PositiveInfinity), maximum = Vector256.Create(float.NegativeInfinity);
            Vector256<double> sumA = default, sumB = default, squaresA = default, squaresB = default;
            Vector256<int> zeros = default;
            Vector256<float> fraction = default, poison = default;
            foreach (Vector256<float> sample in vectors)
            {
                poison |= sample - sample; // 0 for a finite sample, NaN otherwise
                Vector256<float> value = Vector256.MinNative(Vector256.MaxNative(sample, lowLanes), highLanes);
                minimum = Vector256.MinNative(minimum, value);
                maximum = Vector256.MaxNative(maximum, value);
                zeros -= Vector256.Equals(value, default).AsInt32();
                fraction |= value ^ Vector256.Truncate(value);
                (Vector256<double> a, Vector256<double> b) = Vector256.Widen(value);
                sumA += a;
                sumB += b;
                // The square of a float32 is exact in double, so that fused and separate steps agree.
                squaresA = Vector256.MultiplyAddEstimate(a, a, squaresA);
                squaresB = Vector256.MultiplyAddEstimate(b, b, squaresB);
            }

            if (poison.AsInt32() != default)
            {
                statistics = default;
                return false;
            }

            int vectorised = vectors.Length * Vector256<float>.Count;
            (float smallest, float largest) = (minimum[0], maximum[0]);
            for (int lane = 1; lane < Vector256<float>.Count; lane++)
            {
                smallest = MathF.Min(smallest, minimum[lane]);
                largest = MathF.Max(largest, maximum[lane]);
            }

            statistics = new ImageStatistics(vectorised, 0, Vector256.Sum(zeros), smallest, largest,
                Vector256.Sum(sumA + sumB), Vector256.Sum(squaresA + squaresB), fraction.AsInt32() != default);
            if (vectorised < block.Length)
            {
                statistics = statistics.Merge(GatherScalar(block[vectorised..], low, high));
            }

            return true;
        }
    }
}
