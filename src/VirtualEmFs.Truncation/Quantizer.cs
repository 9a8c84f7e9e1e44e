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
            done = samples.Length / StrideSamples * StrideSamples;
            report = QuantizeVector256(samples[..done], limits, destination);
        }

        return report.Merge(QuantizeScalar(samples[done..], limits, destination[done..]));
    }

    // Four vectors of eight make 32 bytes, one store.
    private const int StrideSamples = 32;

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

    /// <param name="samples">A multiple of <see cref="StrideSamples"/>.</param>
    private static QuantizationReport QuantizeVector256<T>(ReadOnlySpan<float> samples, Rescale limits, Span<T> destination)
        where T : unmanaged, IBinaryInteger<T>
    {
        var lanes = new Lanes(limits);
        ref float source = ref MemoryMarshal.GetReference(samples);
        ref byte target = ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(destination));
        unchecked
        {
            // SAFETY: the caller gives whole strides, and a destination at least as long as the samples.
            for (nuint i = 0; i < (nuint)samples.Length; i += StrideSamples)
            {
                Vector256<int> a = lanes.Quantize(Vector256.LoadUnsafe(ref source, i));
                Vector256<int> b = lanes.Quantize(Vector256.LoadUnsafe(ref source, i + 8));
                Vector256<int> c = lanes.Quantize(Vector256.LoadUnsafe(ref source, i + 16));
                Vector256<int> d = lanes.Quantize(Vector256.LoadUnsafe(ref source, i + 24));
                Vector256<ushort> low = Vector256.NarrowWithSaturation(a.AsUInt32(), b.AsUInt32());
                Vector256<ushort> high = Vector256.NarrowWithSaturation(c.AsUInt32(), d.AsUInt32());
                if (typeof(T) == typeof(byte))
                {
                    Vector256.Narrow(low, high).StoreUnsafe(ref target, i);
                }
                else
                {
                    low.AsByte().StoreUnsafe(ref target, 2 * i);
                    high.AsByte().StoreUnsafe(ref target, (2 * i) + 32);
                }
            }
        }

        return lanes.Report(samples.Length);
    }

    /// <summary>Constants and running totals of eight lanes.</summary>
    private struct Lanes
    {
        private readonly Vector256<float> _minimum, _maximum, _range, _levels, _step, _zeroTolerance;
        private Vector256<float> _largestError, _largestMove;
        private Vector256<double> _squaresA, _squaresB;
        private Vector256<int> _truncated;

        public Lanes(Rescale limits)
        {
            _minimum = Vector256.Create(limits.Minimum);
            _maximum = Vector256.Create(limits.Maximum);
            _range = Vector256.Create(limits.Maximum - limits.Minimum);
            _levels = Vector256.Create((float)((1L << limits.Bits) - 1));
            _step = Vector256.Create(limits.Step);
            _zeroTolerance = Vector256.Create(limits.ZeroTolerance);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<int> Quantize(Vector256<float> sample)
        {
            // Clamping first gives 0 / range = 0 and range / range · R = R, exactly what saturation stores.
            Vector256<float> inside = Vector256.MinNative(Vector256.MaxNative(sample, _minimum), _maximum);
            Vector256<float> level = (inside - _minimum) / _range * _levels;
            Vector256<float> whole = Vector256.Truncate(level);
            Vector256<float> isUp = Vector256.GreaterThanOrEqual(level - whole, Vector256.Create(0.5f));
            whole += isUp & Vector256.Create(1f);

            Vector256<float> value = (whole * _step) + _minimum; // two roundings: the compiler does not fuse
            value = Vector256.AndNot(value, Vector256.LessThanOrEqual(Vector256.Abs(value), _zeroTolerance));
            Vector256<float> error = Vector256.Abs(sample - value);
            // In double: the squares of errors below 1e-19 are no float32, nor are those of hot pixels.
            (Vector256<double> a, Vector256<double> b) = Vector256.Widen(error);
            _squaresA = Vector256.MultiplyAddEstimate(a, a, _squaresA);
            _squaresB = Vector256.MultiplyAddEstimate(b, b, _squaresB);
            Vector256<float> isOutside = Vector256.OnesComplement(Vector256.Equals(sample, inside));
            _truncated -= isOutside.AsInt32();
            _largestMove = Vector256.MaxNative(_largestMove, error & isOutside);
            _largestError = Vector256.MaxNative(_largestError, Vector256.AndNot(error, isOutside));
            return Vector256.ConvertToInt32Native(whole);
        }

        public readonly QuantizationReport Report(int sampleCount)
        {
            float largestError = 0, largestMove = 0;
            for (int lane = 0; lane < Vector256<float>.Count; lane++)
            {
                largestError = MathF.Max(largestError, _largestError[lane]);
                largestMove = MathF.Max(largestMove, _largestMove[lane]);
            }

            return new QuantizationReport(sampleCount, Vector256.Sum(_truncated), largestError, largestMove,
                Vector256.Sum(_squaresA + _squaresB));
        }
    }
}
