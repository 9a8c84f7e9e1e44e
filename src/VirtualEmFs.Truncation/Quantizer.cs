using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Truncation;

/// <summary>
/// Float32 samples to the integers that EMAN2 stores: subtract, divide, multiply, each rounded to float32, then round half away
/// from zero; samples strictly outside the limits saturate and are counted.
/// </summary>
/// <remarks>
/// The vector path gives the same integers and counts as the scalar twin, bit for bit. Pure functions; any thread; nothing is
/// allocated. Samples must be finite. Source: spec/eman2-hdf5.md section 4.
/// </remarks>
public static class Quantizer
{
    /// <summary>Quantizes to 2–8 bits.</summary>
    /// <param name="destination">At least as long as <paramref name="samples"/>.</param>
    public static QuantizationReport Quantize(ReadOnlySpan<float> samples, Rescale limits, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limits.Bits, 8, nameof(limits));
        return Run(samples, limits, destination);
    }

    /// <summary>Quantizes to 2–16 bits.</summary>
    /// <param name="destination">At least as long as <paramref name="samples"/>.</param>
    public static QuantizationReport Quantize(ReadOnlySpan<float> samples, Rescale limits, Span<ushort> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limits.Bits, 16, nameof(limits));
        return Run(samples, limits, destination);
    }

    /// <summary>Quantizes as <paramref name="limits"/> ask for: one byte a sample up to 8 bits, two above, in the machine's order.</summary>
    public static QuantizationReport QuantizeBytes(ReadOnlySpan<float> samples, Rescale limits, Span<byte> destination) =>
        limits.Bits <= 8
            ? Quantize(samples, limits, destination)
            : Quantize(samples, limits, MemoryMarshal.Cast<byte, ushort>(destination));

    private static QuantizationReport Run<T>(ReadOnlySpan<float> samples, Rescale limits, Span<T> destination)
        where T : unmanaged, IBinaryInteger<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.Bits, 1, nameof(limits));
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, samples.Length, nameof(destination));
        var report = default(QuantizationReport);
        int done = 0;
        // Equal limits would divide by zero: the scalar twin stores 0.
        if (Vector128.IsHardwareAccelerated && limits.Maximum > limits.Minimum)
        {
            done = samples.Length / LaneCount * LaneCount;
            report = QuantizeVector256(samples[..done], limits, destination);
        }

        return report.Merge(QuantizeScalar(samples[done..], limits, destination[done..]));
    }

    private const int LaneCount = 8;

    /// <summary>The scalar twin.</summary>
    internal static QuantizationReport QuantizeScalar<T>(ReadOnlySpan<float> samples, Rescale limits, Span<T> destination)
        where T : unmanaged, IBinaryInteger<T>
    {
        float minimum = limits.Minimum, maximum = limits.Maximum, range = maximum - minimum;
        int highest = (int)((1L << limits.Bits) - 1);
        float levels = highest;
        float largestError = 0, largestMove = 0;
        double squares = 0;
        long truncated = 0;
        for (int i = 0; i < samples.Length; i++)
        {
            float sample = samples[i];
            bool isOutside = sample < minimum || sample > maximum;
            int stored = sample <= minimum ? 0 : sample > maximum ? highest : RoundHalfUp((sample - minimum) / range * levels);
            destination[i] = T.CreateTruncating(stored);
            float error = MathF.Abs(sample - limits.Apply(stored));
            squares += (double)error * error;
            if (isOutside)
            {
                truncated++;
                largestMove = MathF.Max(largestMove, error);
            }
            else
            {
                largestError = MathF.Max(largestError, error);
            }
        }

        return new QuantizationReport(samples.Length, truncated, largestError, largestMove, squares);
    }

    /// <summary>Half away from zero for values that are not negative. Adding 0.5 would round 0.49999997 up.</summary>
    private static int RoundHalfUp(float value)
    {
        int whole = (int)value;
        return value - whole >= 0.5f ? whole + 1 : whole;
    }

    /// <param name="samples">A multiple of <see cref="LaneCount"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static QuantizationReport QuantizeVector256<T>(ReadOnlySpan<float> samples, Rescale limits, Span<T> destination)
        where T : unmanaged, IBinaryInteger<T>
    {
        Vector256<float> minimum = Vector256.Create(limits.Minimum), maximum = Vector256.Create(limits.Maximum);
        Vector256<float> range = Vector256.Create(limits.Maximum - limits.Minimum);
        Vector256<float> levels = Vector256.Create((float)((1L << limits.Bits) - 1));
        Vector256<float> step = Vector256.Create(limits.Step), zeroTolerance = Vector256.Create(limits.ZeroTolerance);
        Vector256<float> largestError = default, largestMove = default;
        Vector256<double> squaresA = default, squaresB = default;
        Vector256<int> truncated = default;
        ref float source = ref MemoryMarshal.GetReference(samples);
        ref byte target = ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(destination));
        unchecked
        {
            // SAFETY: the caller gives whole vectors, and a destination at least as long as the samples.
            for (nuint i = 0; i < (nuint)samples.Length; i += LaneCount)
            {
                Vector256<float> sample = Vector256.LoadUnsafe(ref source, i);
                // Clamping first gives 0 / range = 0 and range / range · R = R, exactly what saturation stores.
                Vector256<float> inside = Vector256.MinNative(Vector256.MaxNative(sample, minimum), maximum);
                Vector256<float> level = (inside - minimum) / range * levels;
                Vector256<float> whole = Vector256.Truncate(level);
                whole += Vector256.GreaterThanOrEqual(level - whole, Vector256.Create(0.5f)) & Vector256<float>.One;
                Vector256<uint> integers = Vector256.ConvertToInt32Native(whole).AsUInt32();
                Vector128<ushort> stored = Vector128.NarrowWithSaturation(integers.GetLower(), integers.GetUpper());
                if (typeof(T) == typeof(byte))
                {
                    Unsafe.WriteUnaligned(ref Unsafe.Add(ref target, i), Vector128.Narrow(stored, stored).AsUInt64()[0]);
                }
                else
                {
                    stored.AsByte().StoreUnsafe(ref target, 2 * i);
                }

                Vector256<float> value = (whole * step) + minimum; // two roundings: the compiler does not fuse
                value = Vector256.AndNot(value, Vector256.LessThanOrEqual(Vector256.Abs(value), zeroTolerance));
                Vector256<float> error = Vector256.Abs(sample - value);
                // In double: the squares of errors below 1e-19 are no float32, nor are those of hot pixels.
                (Vector256<double> a, Vector256<double> b) = Vector256.Widen(error);
                squaresA = Vector256.MultiplyAddEstimate(a, a, squaresA);
                squaresB = Vector256.MultiplyAddEstimate(b, b, squaresB);
                Vector256<float> isInside = Vector256.Equals(sample, inside);
                truncated += isInside.AsInt32();
                largestMove = Vector256.MaxNative(largestMove, Vector256.AndNot(error, isInside));
                largestError = Vector256.MaxNative(largestError, error & isInside);
            }

            float error256 = 0, move256 = 0;
            for (int lane = 0; lane < Vector256<float>.Count; lane++)
            {
                error256 = MathF.Max(error256, largestError[lane]);
                move256 = MathF.Max(move256, largestMove[lane]);
            }

            // Each sample inside took one off its lane's count.
            return new QuantizationReport(
                samples.Length, samples.Length + Vector256.Sum(truncated), error256, move256, Vector256.Sum(squaresA + squaresB));
        }
    }
}
