using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VirtualEmFs.Codecs.Deflating;

/// <summary>How often each byte value occurs. One thread at a time: holds the tables.</summary>
internal sealed unsafe class LiteralCounter
{
    // Four tables: an increment of the value that was incremented just before would wait for that store.
    private readonly uint[] _tables = GC.AllocateArray<uint>(4 * 256, pinned: true);

    /// <summary>Bits that the largest byte needs, at least 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int SymbolBits(ReadOnlySpan<byte> bytes)
    {
        unchecked
        {
            ReadOnlySpan<Vector256<byte>> vectors = MemoryMarshal.Cast<byte, Vector256<byte>>(bytes);
            Vector256<byte> any = default;
            foreach (Vector256<byte> vector in vectors)
            {
                any |= vector;
            }

            uint bits = 1;
            for (int lane = 0; lane < Vector256<byte>.Count; lane++)
            {
                bits |= any[lane];
            }

            foreach (byte value in bytes[(vectors.Length * Vector256<byte>.Count)..])
            {
                bits |= value;
            }

            return 32 - BitOperations.LeadingZeroCount(bits);
        }
    }

    /// <summary>Sets <paramref name="counts"/> to the number of each byte value.</summary>
    /// <param name="symbolBits">Bits that the largest byte needs.</param>
    /// <param name="counts">256 long.</param>
    public void Count(ReadOnlySpan<byte> bytes, int symbolBits, Span<uint> counts)
    {
        counts.Clear();
        int done = 0;
        if (symbolBits <= 5 && Vector128.IsHardwareAccelerated)
        {
            done = bytes.Length / Vector256<byte>.Count * Vector256<byte>.Count;
            for (int first = 0; first < 1 << symbolBits; first += 8)
            {
                CountEight(bytes[..done], (byte)first, counts.Slice(first, 8));
            }
        }
        else
        {
            done = bytes.Length / 8 * 8;
            CountBytes(bytes[..done], counts);
        }

        unchecked
        {
            foreach (byte value in bytes[done..])
            {
                counts[value]++;
            }
        }
    }

    /// <summary>
    /// Counts eight neighbouring values by comparing 32 bytes at a time with each: for alphabets up to 32 twice as fast as a table, which
    /// increments one entry a byte. A comparison's lanes are −1 where equal, and eight bits of a lane hold 255 of them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CountEight(ReadOnlySpan<byte> bytes, byte first, Span<uint> counts)
    {
        unchecked
        {
            ReadOnlySpan<Vector256<byte>> vectors = MemoryMarshal.Cast<byte, Vector256<byte>>(bytes);
            Vector256<byte> v0 = Vector256.Create(first), v1 = v0 + Vector256<byte>.One, v2 = v1 + Vector256<byte>.One, v3 = v2 + Vector256<byte>.One;
            Vector256<byte> v4 = v3 + Vector256<byte>.One, v5 = v4 + Vector256<byte>.One, v6 = v5 + Vector256<byte>.One, v7 = v6 + Vector256<byte>.One;
            while (!vectors.IsEmpty)
            {
                ReadOnlySpan<Vector256<byte>> part = vectors[..Math.Min(255, vectors.Length)];
                vectors = vectors[part.Length..];
                Vector256<byte> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
                foreach (Vector256<byte> vector in part)
                {
                    a -= Vector256.Equals(vector, v0);
                    b -= Vector256.Equals(vector, v1);
                    c -= Vector256.Equals(vector, v2);
                    d -= Vector256.Equals(vector, v3);
                    e -= Vector256.Equals(vector, v4);
                    f -= Vector256.Equals(vector, v5);
                    g -= Vector256.Equals(vector, v6);
                    h -= Vector256.Equals(vector, v7);
                }

                counts[0] += Sum(a);
                counts[1] += Sum(b);
                counts[2] += Sum(c);
                counts[3] += Sum(d);
                counts[4] += Sum(e);
                counts[5] += Sum(f);
                counts[6] += Sum(g);
                counts[7] += Sum(h);
            }
        }
    }

    private static uint Sum(Vector256<byte> lanes)
    {
        (Vector256<ushort> low, Vector256<ushort> high) = Vector256.Widen(lanes);
        return Vector256.Sum(low + high);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CountBytes(ReadOnlySpan<byte> words, Span<uint> counts)
    {
        unchecked
        {
            _tables.AsSpan(0, 1024).Clear();

            // SAFETY: the tables are pinned and have 256 entries each.
            fixed (byte* start = words)
            {
                uint* a = (uint*)Marshal.UnsafeAddrOfPinnedArrayElement(_tables, 0);
                uint* b = a + 256, c = b + 256, d = c + 256;
                for (byte* next = start, end = start + words.Length; next < end; next += 8)
                {
                    ulong word = *(ulong*)next;
                    a[(byte)word]++;
                    b[(byte)(word >> 8)]++;
                    c[(byte)(word >> 16)]++;
                    d[(byte)(word >> 24)]++;
                    a[(byte)(word >> 32)]++;
                    b[(byte)(word >> 40)]++;
                    c[(byte)(word >> 48)]++;
                    d[word >> 56]++;
                }

                for (int value = 0; value < 256; value++)
                {
                    counts[value] = a[value] + b[value] + c[value] + d[value];
                }
            }
        }
    }
}
