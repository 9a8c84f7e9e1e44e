using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VirtualEmFs.Frames.Kernels;

/// <summary>
/// Undoes the byte shuffle of HDF5: planes of first bytes, second bytes and so on become elements again.
/// </summary>
/// <remarks>Pure; any thread. Source and destination must not overlap.</remarks>
public static class ShuffleKernels
{
    /// <summary>Undoes a shuffle.</summary>
    /// <param name="planes">For n elements of length m: byte j of element i at j·n + i; bytes beyond n·m are copied as they are.</param>
    /// <param name="elementLengthBytes">1 or more.</param>
    /// <param name="destination">As long as <paramref name="planes"/>.</param>
    public static void Unshuffle(ReadOnlySpan<byte> planes, int elementLengthBytes, Span<byte> destination) =>
        Unshuffle(planes, elementLengthBytes, destination, KernelPaths.Chosen);

    /// <summary>The same, on a path of the caller's choice.</summary>
    internal static void Unshuffle(
        ReadOnlySpan<byte> planes, int elementLengthBytes, Span<byte> destination, KernelPath path)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(elementLengthBytes, 1);
        if (planes.Length != destination.Length)
        {
            throw new ArgumentException("planes and destination differ in length", nameof(destination));
        }

        int count = planes.Length / elementLengthBytes;
        if (elementLengthBytes == 1 || count < 2)
        {
            planes.CopyTo(destination);
            return;
        }

        ref byte source = ref MemoryMarshal.GetReference(planes);
        ref byte target = ref MemoryMarshal.GetReference(destination);
        int done = (elementLengthBytes, path) switch
        {
            (2, KernelPath.Vector256) => Unshuffle2Vector256(ref source, ref target, count),
            (2, KernelPath.Vector128) => Unshuffle2Vector128(ref source, ref target, count),
            (4, KernelPath.Vector256) => Unshuffle4Vector256(ref source, ref target, count),
            (4, KernelPath.Vector128) => Unshuffle4Vector128(ref source, ref target, count),
            (8, KernelPath.Vector256 or KernelPath.Vector128) => Unshuffle8Vector128(ref source, ref target, count),
            _ => 0,
        };
        UnshuffleScalar(planes, elementLengthBytes, count, done, destination);
        int wholeLengthBytes = count * elementLengthBytes;
        planes[wholeLengthBytes..].CopyTo(destination[wholeLengthBytes..]);
    }

    private static void UnshuffleScalar(
        ReadOnlySpan<byte> planes, int elementLengthBytes, int count, int firstElement, Span<byte> destination)
    {
        unchecked
        {
            for (int plane = 0; plane < elementLengthBytes; plane++)
            {
                var bytes = planes.Slice(plane * count, count);
                int to = (firstElement * elementLengthBytes) + plane;
                for (int element = firstElement; element < bytes.Length; element++, to += elementLengthBytes)
                {
                    destination[to] = bytes[element];
                }
            }
        }
    }

    // Two vectors of 16-bit lanes from two planes: each byte widens to a lane, the second plane's moves to the lane's upper half.
    private static (Vector128<ushort> Lower, Vector128<ushort> Upper) Join(Vector128<byte> first, Vector128<byte> second) => (
        Vector128.WidenLower(first) | (Vector128.WidenLower(second) << 8),
        Vector128.WidenUpper(first) | (Vector128.WidenUpper(second) << 8));

    private static (Vector128<uint> Lower, Vector128<uint> Upper) Join(Vector128<ushort> first, Vector128<ushort> second) => (
        Vector128.WidenLower(first) | (Vector128.WidenLower(second) << 16),
        Vector128.WidenUpper(first) | (Vector128.WidenUpper(second) << 16));

    private static (Vector128<ulong> Lower, Vector128<ulong> Upper) Join(Vector128<uint> first, Vector128<uint> second) => (
        Vector128.WidenLower(first) | (Vector128.WidenLower(second) << 32),
        Vector128.WidenUpper(first) | (Vector128.WidenUpper(second) << 32));

    private static (Vector256<ushort> Lower, Vector256<ushort> Upper) Join(Vector256<byte> first, Vector256<byte> second) => (
        Vector256.WidenLower(first) | (Vector256.WidenLower(second) << 8),
        Vector256.WidenUpper(first) | (Vector256.WidenUpper(second) << 8));

    private static (Vector256<uint> Lower, Vector256<uint> Upper) Join(Vector256<ushort> first, Vector256<ushort> second) => (
        Vector256.WidenLower(first) | (Vector256.WidenLower(second) << 16),
        Vector256.WidenUpper(first) | (Vector256.WidenUpper(second) << 16));

    private static int Unshuffle2Vector256(ref byte source, ref byte target, int count)
    {
        unchecked
        {
            nuint step = (nuint)Vector256<byte>.Count;
            nuint n = (nuint)count, element = 0;
            for (; element + step <= n; element += step)
            {
                var (lower, upper) = Join(Vector256.LoadUnsafe(ref source, element), Vector256.LoadUnsafe(ref source, n + element));
                lower.AsByte().StoreUnsafe(ref target, 2 * element);
                upper.AsByte().StoreUnsafe(ref target, (2 * element) + 32);
            }

            return (int)element;
        }
    }

    private static int Unshuffle2Vector128(ref byte source, ref byte target, int count)
    {
        unchecked
        {
            nuint step = (nuint)Vector128<byte>.Count;
            nuint n = (nuint)count, element = 0;
            for (; element + step <= n; element += step)
            {
                var (lower, upper) = Join(Vector128.LoadUnsafe(ref source, element), Vector128.LoadUnsafe(ref source, n + element));
                lower.AsByte().StoreUnsafe(ref target, 2 * element);
                upper.AsByte().StoreUnsafe(ref target, (2 * element) + 16);
            }

            return (int)element;
        }
    }

    private static int Unshuffle4Vector256(ref byte source, ref byte target, int count)
    {
        unchecked
        {
            nuint step = (nuint)Vector256<byte>.Count;
            nuint n = (nuint)count, element = 0;
            for (; element + step <= n; element += step)
            {
                var low = Join(Vector256.LoadUnsafe(ref source, element), Vector256.LoadUnsafe(ref source, n + element));
                var high = Join(
                    Vector256.LoadUnsafe(ref source, (2 * n) + element), Vector256.LoadUnsafe(ref source, (3 * n) + element));
                var (first, second) = Join(low.Lower, high.Lower);
                var (third, fourth) = Join(low.Upper, high.Upper);
                first.AsByte().StoreUnsafe(ref target, 4 * element);
                second.AsByte().StoreUnsafe(ref target, (4 * element) + 32);
                third.AsByte().StoreUnsafe(ref target, (4 * element) + 64);
                fourth.AsByte().StoreUnsafe(ref target, (4 * element) + 96);
            }

            return (int)element;
        }
    }

    private static int Unshuffle4Vector128(ref byte source, ref byte target, int count)
    {
        unchecked
        {
            nuint step = (nuint)Vector128<byte>.Count;
            nuint n = (nuint)count, element = 0;
            for (; element + step <= n; element += step)
            {
                var low = Join(Vector128.LoadUnsafe(ref source, element), Vector128.LoadUnsafe(ref source, n + element));
                var high = Join(
                    Vector128.LoadUnsafe(ref source, (2 * n) + element), Vector128.LoadUnsafe(ref source, (3 * n) + element));
                var (first, second) = Join(low.Lower, high.Lower);
                var (third, fourth) = Join(low.Upper, high.Upper);
                first.AsByte().StoreUnsafe(ref target, 4 * element);
                second.AsByte().StoreUnsafe(ref target, (4 * element) + 16);
                third.AsByte().StoreUnsafe(ref target, (4 * element) + 32);
                fourth.AsByte().StoreUnsafe(ref target, (4 * element) + 48);
            }

            return (int)element;
        }
    }

    // Eight bytes of each plane at a time keep the sixteen intermediate vectors in registers; wider lanes would spill them.
    private static int Unshuffle8Vector128(ref byte source, ref byte target, int count)
    {
        unchecked
        {
            nuint n = (nuint)count, element = 0;
            for (; element + 8 <= n; element += 8)
            {
                var words01 = Words(ref source, element, n + element);
                var words23 = Words(ref source, (2 * n) + element, (3 * n) + element);
                var words45 = Words(ref source, (4 * n) + element, (5 * n) + element);
                var words67 = Words(ref source, (6 * n) + element, (7 * n) + element);
                var low = Join(words01, words23);
                var high = Join(words45, words67);
                var (first, second) = Join(low.Lower, high.Lower);
                var (third, fourth) = Join(low.Upper, high.Upper);
                first.AsByte().StoreUnsafe(ref target, 8 * element);
                second.AsByte().StoreUnsafe(ref target, (8 * element) + 16);
                third.AsByte().StoreUnsafe(ref target, (8 * element) + 32);
                fourth.AsByte().StoreUnsafe(ref target, (8 * element) + 48);
            }

            return (int)element;
        }

        static Vector128<ushort> Words(ref byte source, nuint first, nuint second)
        {
            var low = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref source, first))).AsByte();
            var high = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref source, second))).AsByte();
            return Vector128.WidenLower(low) | (Vector128.WidenLower(high) << 8);
        }
    }
}
