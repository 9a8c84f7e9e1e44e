using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VirtualEmFs.Codecs.Deflating;

/// <summary>How often each byte value occurs. One thread at a time: holds the tables.</summary>
internal sealed unsafe class LiteralCounter
{
    // Four tables: an increment of the value that was incremented just before would wait for that store.
    private readonly uint[] _tables = GC.AllocateArray<uint>(4 * 1024, pinned: true);

    /// <summary>Bits that the largest byte needs, at least 1.</summary>
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
        int done = bytes.Length / 8 * 8;
        // Pairs halve the increments; beyond 5 bits, clearing and summing the table of pairs costs more than that saves.
        if (symbolBits <= 5)
        {
            CountPairs(bytes[..done], symbolBits, counts);
        }
        else
        {
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

    private void CountPairs(ReadOnlySpan<byte> words, int symbolBits, Span<uint> counts)
    {
        unchecked
        {
            var pairs = new LiteralPairs(symbolBits);
            int pairCount = 1 << (2 * symbolBits);
            _tables.AsSpan(0, 2 * pairCount).Clear();

            // SAFETY: the table is pinned; an index has 2 · symbolBits bits, and the second table lies behind the first.
            fixed (byte* start = words)
            {
                uint* even = (uint*)Marshal.UnsafeAddrOfPinnedArrayElement(_tables, 0);
                uint* odd = even + pairCount;
                for (byte* next = start, end = start + words.Length; next < end; next += 8)
                {
                    ulong indexes = pairs.Join(*(ulong*)next);
                    even[(ushort)indexes]++;
                    odd[(ushort)(indexes >> 16)]++;
                    even[(ushort)(indexes >> 32)]++;
                    odd[indexes >> 48]++;
                }

                int symbols = 1 << symbolBits;
                for (int second = 0; second < symbols; second++)
                {
                    uint total = 0;
                    for (int first = 0; first < symbols; first++)
                    {
                        int pair = (second << symbolBits) + first;
                        uint count = even[pair] + odd[pair];
                        counts[first] += count;
                        total += count;
                    }

                    counts[second] += total;
                }
            }
        }
    }

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
