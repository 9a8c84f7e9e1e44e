using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VirtualEmFs.Codecs.Deflating;

/// <summary>The checksum at the end of a zlib stream (RFC 1950).</summary>
internal static class Adler32
{
    private const uint Modulus = 65521;

    // The most bytes whose sums cannot overflow 32 bits before a reduction (zlib's NMAX, 5552), in whole vectors.
    private const int BlockLengthBytes = 5536;

    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        uint a = 1, b = 0;
        unchecked
        {
            while (!bytes.IsEmpty)
            {
                ReadOnlySpan<byte> block = bytes[..Math.Min(BlockLengthBytes, bytes.Length)];
                bytes = bytes[block.Length..];
                if (Vector128.IsHardwareAccelerated && block.Length >= Vector256<byte>.Count)
                {
                    block = block[AddVectors(block, ref a, ref b)..];
                }

                foreach (byte value in block)
                {
                    a += value;
                    b += a;
                }

                a %= Modulus;
                b %= Modulus;
            }

            return (b << 16) | a;
        }
    }

    /// <summary>
    /// Adds whole vectors of 32 bytes. In each, <c>b</c> grows by 32 · a and by the bytes times 32, 31, … 1; the sums of the
    /// earlier vectors' bytes collect in <c>before</c>, to be multiplied by 32 once.
    /// </summary>
    /// <returns>Bytes added.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int AddVectors(ReadOnlySpan<byte> block, ref uint a, ref uint b)
    {
        unchecked
        {
            ReadOnlySpan<Vector256<byte>> vectors = MemoryMarshal.Cast<byte, Vector256<byte>>(block);
            Vector256<ushort> weightsLow = Vector256.Create((ushort)32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17);
            Vector256<ushort> weightsHigh = weightsLow - Vector256.Create((ushort)16);
            Vector256<uint> sum = default, before = default, weighted = default;
            foreach (Vector256<byte> vector in vectors)
            {
                (Vector256<ushort> low, Vector256<ushort> high) = Vector256.Widen(vector);
                before += sum;
                (Vector256<uint> x, Vector256<uint> y) = Vector256.Widen(low + high);
                sum += x + y;
                // 255 · 32 + 255 · 16 fits 16 bits.
                (x, y) = Vector256.Widen((low * weightsLow) + (high * weightsHigh));
                weighted += x + y;
            }

            int lengthBytes = vectors.Length * Vector256<byte>.Count;
            b += ((uint)lengthBytes * a) + (32 * Vector256.Sum(before)) + Vector256.Sum(weighted);
            a += Vector256.Sum(sum);
            return lengthBytes;
        }
    }
}
