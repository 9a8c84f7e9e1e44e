using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VirtualEmFs.Frames.Kernels;

/// <summary>
/// Turns stored samples into float32, bit for bit as <see cref="Rescale.Apply"/> does: one pass from a decoded block into a reply.
/// </summary>
/// <remarks>
/// Pure; any thread; nothing is allocated. Without rescaling, samples convert with one rounding to nearest even; float32 is copied bit
/// for bit, and the NaN of float16 keep their bits. Source and destination need no alignment and must not overlap. Source: spec/eman2-hdf5.md section 2.
/// </remarks>
public static class RescaleKernels
{
    /// <summary>Converts a run of samples.</summary>
    /// <param name="storedSamples">The samples, in the machine's byte order; exactly as many as <paramref name="destination"/> holds.</param>
    /// <exception cref="ArgumentException">The lengths do not agree.</exception>
    public static void ToFloat32(
        ReadOnlySpan<byte> storedSamples, SampleType type, Rescale rescale, Span<float> destination) =>
        ToFloat32(storedSamples, type, rescale, destination, KernelPaths.Chosen);

    /// <summary>
    /// Renders part of a run of samples as the bytes of its float32 form: bytes [<paramref name="firstByte"/>,
    /// <paramref name="firstByte"/> + destination length), which may begin and end inside a float.
    /// </summary>
    /// <param name="storedSamples">The whole run; only the samples that are asked for are read.</param>
    /// <param name="firstByte">First byte wanted, counted from the float32 form of the run's first sample.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bytes do not lie inside the run's float32 form.</exception>
    public static void ToFloat32Bytes(
        ReadOnlySpan<byte> storedSamples, SampleType type, Rescale rescale, long firstByte, Span<byte> destination)
    {
        int sampleLengthBytes = type.LengthBytes();
        long renderedLengthBytes = (long)(storedSamples.Length / sampleLengthBytes) * sizeof(float);
        ArgumentOutOfRangeException.ThrowIfNegative(firstByte);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstByte, renderedLengthBytes - destination.Length);

        int sample = (int)(firstByte / sizeof(float));
        int byteInFloat = (int)(firstByte % sizeof(float));
        if (byteInFloat != 0)
        {
            int headLengthBytes = Math.Min(sizeof(float) - byteInFloat, destination.Length);
            RenderPart(storedSamples.Slice(sample * sampleLengthBytes, sampleLengthBytes), type, rescale, byteInFloat,
                destination[..headLengthBytes]);
            destination = destination[headLengthBytes..];
            sample++;
        }

        int wholeSamples = destination.Length / sizeof(float);
        int tailLengthBytes = destination.Length % sizeof(float);
        ToFloat32(
            storedSamples.Slice(sample * sampleLengthBytes, wholeSamples * sampleLengthBytes), type, rescale,
            MemoryMarshal.Cast<byte, float>(destination[..^tailLengthBytes]));
        if (tailLengthBytes != 0)
        {
            RenderPart(storedSamples.Slice((sample + wholeSamples) * sampleLengthBytes, sampleLengthBytes), type, rescale, 0,
                destination[^tailLengthBytes..]);
        }
    }

    /// <summary>The same as the public form, on a path of the caller's choice.</summary>
    internal static void ToFloat32(
        ReadOnlySpan<byte> storedSamples, SampleType type, Rescale rescale, Span<float> destination, KernelPath path)
    {
        if (storedSamples.Length != (long)destination.Length * type.LengthBytes())
        {
            throw new ArgumentException("samples and destination differ in length", nameof(destination));
        }

        switch (type)
        {
            case SampleType.UInt8: Run<StoredUInt8>(storedSamples, rescale, destination, path); break;
            case SampleType.UInt16: Run<StoredUInt16>(storedSamples, rescale, destination, path); break;
            case SampleType.Int8: Run<StoredInt8>(storedSamples, rescale, destination, path); break;
            case SampleType.Int16: Run<StoredInt16>(storedSamples, rescale, destination, path); break;
            case SampleType.Int32: Run<StoredInt32>(storedSamples, rescale, destination, path); break;
            case SampleType.UInt32: Run<StoredUInt32>(storedSamples, rescale, destination, path); break;
            case SampleType.Int64: Run<StoredInt64>(storedSamples, rescale, destination, path); break;
            case SampleType.UInt64: Run<StoredUInt64>(storedSamples, rescale, destination, path); break;
            case SampleType.Float16: Run<StoredFloat16>(storedSamples, rescale, destination, path); break;
            case SampleType.Float64: Run<StoredFloat64>(storedSamples, rescale, destination, path); break;
            case SampleType.Float32 when rescale.IsNone:
                storedSamples.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            default: Run<StoredFloat32>(storedSamples, rescale, destination, path); break;
        }
    }

    private static void RenderPart(
        ReadOnlySpan<byte> storedSample, SampleType type, Rescale rescale, int firstByte, Span<byte> destination)
    {
        Span<float> single = stackalloc float[1];
        ToFloat32(storedSample, type, rescale, single, KernelPath.Scalar);
        MemoryMarshal.AsBytes(single).Slice(firstByte, destination.Length).CopyTo(destination);
    }

    private static void Run<TStored>(
        ReadOnlySpan<byte> storedSamples, Rescale rescale, Span<float> destination, KernelPath path)
        where TStored : struct, IStoredSamples
    {
        if (rescale.IsNone)
        {
            Convert<TStored>(storedSamples, destination, path);
            return;
        }

        float step = rescale.Step, minimum = rescale.Minimum, zeroTolerance = rescale.ZeroTolerance;
        ref byte source = ref MemoryMarshal.GetReference(storedSamples);
        ref float target = ref MemoryMarshal.GetReference(destination);
        int done = path switch
        {
            KernelPath.Vector256 => RescaleVector256<TStored>(ref source, ref target, destination.Length, step, minimum, zeroTolerance),
            KernelPath.Vector128 => RescaleVector128<TStored>(ref source, ref target, destination.Length, step, minimum, zeroTolerance),
            _ => 0,
        };
        RescaleScalar<TStored>(ref source, ref target, done, destination.Length, step, minimum, zeroTolerance);
    }

    // Nothing is multiplied or added: arithmetic, even by 1, would turn signalling NaN into quiet ones.
    private static void Convert<TStored>(ReadOnlySpan<byte> storedSamples, Span<float> destination, KernelPath path)
        where TStored : struct, IStoredSamples
    {
        unchecked
        {
            ref byte source = ref MemoryMarshal.GetReference(storedSamples);
            ref float target = ref MemoryMarshal.GetReference(destination);
            nint sample = 0;
            if (path == KernelPath.Vector256)
            {
                for (; sample <= destination.Length - Vector256<float>.Count; sample += Vector256<float>.Count)
                {
                    TStored.ToVector256(ref Unsafe.Add(ref source, sample * TStored.LengthBytes)).StoreUnsafe(ref target, (nuint)sample);
                }
            }
            else if (path == KernelPath.Vector128)
            {
                for (; sample <= destination.Length - Vector128<float>.Count; sample += Vector128<float>.Count)
                {
                    TStored.ToVector128(ref Unsafe.Add(ref source, sample * TStored.LengthBytes)).StoreUnsafe(ref target, (nuint)sample);
                }
            }

            for (; sample < destination.Length; sample++)
            {
                Unsafe.Add(ref target, sample) = TStored.ToSingle(ref Unsafe.Add(ref source, sample * TStored.LengthBytes));
            }
        }
    }

    private static void RescaleScalar<TStored>(
        ref byte source, ref float target, int first, int count, float step, float minimum, float zeroTolerance)
        where TStored : struct, IStoredSamples
    {
        unchecked
        {
            for (nint sample = first; sample < count; sample++)
            {
                float product = TStored.ToSingle(ref Unsafe.Add(ref source, sample * TStored.LengthBytes)) * step;
                float value = product + minimum;
                Unsafe.Add(ref target, sample) = MathF.Abs(value) <= zeroTolerance ? 0f : value;
            }
        }
    }

    // Returns how many samples it converted: whole vectors only, the scalar loop takes the rest. Product and sum stay two
    // instructions (the JIT never fuses them). The comparison gives a mask of ones for values that read as zero; AndNot clears them.
    private static int RescaleVector256<TStored>(
        ref byte source, ref float target, int count, float step, float minimum, float zeroTolerance)
        where TStored : struct, IStoredSamples
    {
        unchecked
        {
            var steps = Vector256.Create(step);
            var minima = Vector256.Create(minimum);
            var tolerances = Vector256.Create(zeroTolerance);
            nint end = count & ~(Vector256<float>.Count - 1);
            for (nint sample = 0; sample < end; sample += Vector256<float>.Count)
            {
                var value = (TStored.ToVector256(ref Unsafe.Add(ref source, sample * TStored.LengthBytes)) * steps) + minima;
                var isZero = Vector256.LessThanOrEqual(Vector256.Abs(value), tolerances);
                Vector256.AndNot(value, isZero).StoreUnsafe(ref target, (nuint)sample);
            }

            return (int)end;
        }
    }

    private static int RescaleVector128<TStored>(
        ref byte source, ref float target, int count, float step, float minimum, float zeroTolerance)
        where TStored : struct, IStoredSamples
    {
        unchecked
        {
            var steps = Vector128.Create(step);
            var minima = Vector128.Create(minimum);
            var tolerances = Vector128.Create(zeroTolerance);
            nint end = count & ~(Vector128<float>.Count - 1);
            for (nint sample = 0; sample < end; sample += Vector128<float>.Count)
            {
                var value = (TStored.ToVector128(ref Unsafe.Add(ref source, sample * TStored.LengthBytes)) * steps) + minima;
                var isZero = Vector128.LessThanOrEqual(Vector128.Abs(value), tolerances);
                Vector128.AndNot(value, isZero).StoreUnsafe(ref target, (nuint)sample);
            }

            return (int)end;
        }
    }
}
