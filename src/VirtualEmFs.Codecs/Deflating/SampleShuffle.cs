using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VirtualEmFs.Codecs.Deflating;

/// <summary>HDF5's shuffle: the first bytes of all samples, then the second bytes, and so on.</summary>
internal static class SampleShuffle
{
    /// <param name="samples">Whole samples.</param>
    /// <param name="elementLengthBytes">2 or 4.</param>
    /// <param name="planes">As long as <paramref name="samples"/>.</param>
    public static void Shuffle(ReadOnlySpan<byte> samples, int elementLengthBytes, Span<byte> planes)
    {
        int count = samples.Length / elementLengthBytes;
        int done = Vector128.IsHardwareAccelerated
            ? elementLengthBytes == 2 ? Shuffle2(samples, planes, count) : Shuffle4(samples, planes, count)
            : 0;
        unchecked
        {
            for (int plane = 0; plane < elementLengthBytes; plane++)
            {
                for (int i = done; i < count; i++)
                {
                    planes[(plane * count) + i] = samples[(i * elementLengthBytes) + plane];
                }
            }
        }
    }

    /// <summary>32 samples a step: masks and shifts leave one byte of each, and narrowing packs them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Shuffle2(ReadOnlySpan<byte> samples, Span<byte> planes, int count)
    {
        unchecked
        {
            ref ushort source = ref Unsafe.As<byte, ushort>(ref MemoryMarshal.GetReference(samples));
            ref byte target = ref MemoryMarshal.GetReference(planes);
            int i = 0;
            // SAFETY: i + 32 samples lie inside both spans.
            for (; i + 32 <= count; i += 32)
            {
                Vector256<ushort> a = Vector256.LoadUnsafe(ref source, (nuint)i), b = Vector256.LoadUnsafe(ref source, (nuint)i + 16);
                Vector256.Narrow(a, b).StoreUnsafe(ref target, (nuint)i);
                Vector256.Narrow(a >> 8, b >> 8).StoreUnsafe(ref target, (nuint)(count + i));
            }

            return i;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Shuffle4(ReadOnlySpan<byte> samples, Span<byte> planes, int count)
    {
        unchecked
        {
            ref uint source = ref Unsafe.As<byte, uint>(ref MemoryMarshal.GetReference(samples));
            ref byte target = ref MemoryMarshal.GetReference(planes);
            int i = 0;
            // SAFETY: i + 32 samples lie inside both spans.
            for (; i + 32 <= count; i += 32)
            {
                Vector256<uint> a = Vector256.LoadUnsafe(ref source, (nuint)i), b = Vector256.LoadUnsafe(ref source, (nuint)i + 8);
                Vector256<uint> c = Vector256.LoadUnsafe(ref source, (nuint)i + 16), d = Vector256.LoadUnsafe(ref source, (nuint)i + 24);
                Vector256<ushort> low = Vector256.Narrow(a, b), lowNext = Vector256.Narrow(c, d);
                Vector256<ushort> high = Vector256.Narrow(a >> 16, b >> 16), highNext = Vector256.Narrow(c >> 16, d >> 16);
                Vector256.Narrow(low, lowNext).StoreUnsafe(ref target, (nuint)i);
                Vector256.Narrow(low >> 8, lowNext >> 8).StoreUnsafe(ref target, (nuint)(count + i));
                Vector256.Narrow(high, highNext).StoreUnsafe(ref target, (nuint)((2 * count) + i));
                Vector256.Narrow(high >> 8, highNext >> 8).StoreUnsafe(ref target, (nuint)((3 * count) + i));
            }

            return i;
        }
    }
}
