using System.Runtime.CompilerServices;

namespace VirtualEmFs.Codecs.Deflating;

/// <summary>Lengths of an optimal prefix code, none longer than a limit.</summary>
internal static class CodeLengths
{
    public const int MostSymbols = 288;

    /// <summary>
    /// Huffman's code where it keeps the limit, otherwise the best code that does (package-merge).
    /// </summary>
    /// <param name="counts">How often each symbol occurs; 0 for a symbol without a code. At most <see cref="MostSymbols"/>.</param>
    /// <param name="limit">Longest code; 2^limit is at least the number of symbols.</param>
    /// <param name="lengths">As long as <paramref name="counts"/>; a single symbol gets one bit.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Build(ReadOnlySpan<uint> counts, int limit, Span<byte> lengths)
    {
        unchecked
        {
            Span<ulong> sorted = stackalloc ulong[MostSymbols];
            int used = 0;
            for (int symbol = 0; symbol < counts.Length; symbol++)
            {
                lengths[symbol] = 0;
                if (counts[symbol] != 0)
                {
                    sorted[used++] = ((ulong)counts[symbol] << 16) | (uint)symbol;
                }
            }

            sorted = sorted[..used];
            if (used <= 1)
            {
                if (used == 1)
                {
                    lengths[(int)(sorted[0] & 0xFFFF)] = 1;
                }

                return;
            }

            sorted.Sort();
            Span<uint> work = stackalloc uint[used];
            for (int i = 0; i < used; i++)
            {
                work[i] = (uint)(sorted[i] >> 16);
            }

            HuffmanInPlace(work);
            if (work[0] > limit)
            {
                PackageMerge(sorted, limit, work);
            }

            for (int i = 0; i < used; i++)
            {
                lengths[(int)(sorted[i] & 0xFFFF)] = (byte)work[i];
            }
        }
    }

    /// <summary>Ascending weights become descending code lengths, in the array itself (Moffat and Katajainen, 1995).</summary>
    private static void HuffmanInPlace(Span<uint> work)
    {
        unchecked
        {
            // Left to right: the internal nodes' weights, then each node's parent.
            int last = work.Length - 1, leaf = 0, root = 0;
            for (int next = 0; next < last; next++)
            {
                uint weight = 0;
                for (int child = 0; child < 2; child++)
                {
                    if (leaf > last || (root < next && work[root] < work[leaf]))
                    {
                        weight += work[root];
                        work[root++] = (uint)next;
                    }
                    else
                    {
                        weight += work[leaf++];
                    }
                }

                work[next] = weight;
            }

            // Right to left: the internal nodes' depths.
            work[last - 1] = 0;
            for (int next = last - 2; next >= 0; next--)
            {
                work[next] = work[(int)work[next]] + 1;
            }

            // And from the number of internal nodes at each depth, the leaves' depths.
            int available = 1, internalAt = last - 1, leafAt = last;
            for (uint depth = 0; available > 0; depth++)
            {
                int internalCount = 0;
                while (internalAt >= 0 && work[internalAt] == depth)
                {
                    internalCount++;
                    internalAt--;
                }

                for (; available > internalCount; available--)
                {
                    work[leafAt--] = depth;
                }

                available = 2 * internalCount;
            }
        }
    }

    /// <summary>
    /// Package-merge (Larmore and Hirschberg, 1990). Level by level, neighbours are packed in pairs and merged with the leaves; the
    /// cheapest 2n − 2 items of the last level say how many leaves take part at each level, and a leaf's length is the number of
    /// levels in which it does.
    /// </summary>
    /// <param name="sorted">Ascending, the weight in the bits from 16 up.</param>
    private static void PackageMerge(ReadOnlySpan<ulong> sorted, int limit, Span<uint> lengths)
    {
        unchecked
        {
            int n = sorted.Length;
            Span<ulong> items = stackalloc ulong[2 * n], merged = stackalloc ulong[2 * n];
            Span<bool> isPackage = stackalloc bool[limit * 2 * n];
            int itemCount = 0;
            for (int level = 0; level < limit; level++)
            {
                int packages = itemCount / 2, package = 0, leaf = 0;
                itemCount = n + packages;
                for (int i = 0; i < itemCount; i++)
                {
                    ulong packed = package < packages ? items[2 * package] + items[(2 * package) + 1] : ulong.MaxValue;
                    bool takesPackage = leaf == n || packed < sorted[leaf] >> 16;
                    merged[i] = takesPackage ? packed : sorted[leaf] >> 16;
                    isPackage[(level * 2 * n) + i] = takesPackage;
                    (package, leaf) = takesPackage ? (package + 1, leaf) : (package, leaf + 1);
                }

                Span<ulong> swap = items;
                items = merged;
                merged = swap;
            }

            lengths.Clear();
            int taken = (2 * n) - 2;
            for (int level = limit - 1; level >= 0; level--)
            {
                int packages = isPackage.Slice(level * 2 * n, taken).Count(true);
                for (int leaf = 0; leaf < taken - packages; leaf++)
                {
                    lengths[leaf]++;
                }

                taken = 2 * packages;
            }
        }
    }

    /// <summary>The codes that go with lengths, bit-reversed as deflate writes them (RFC 1951, 3.2.2).</summary>
    public static void Assign(ReadOnlySpan<byte> lengths, Span<ushort> codes)
    {
        unchecked
        {
            Span<ushort> next = stackalloc ushort[16];
            next.Clear();
            foreach (byte length in lengths)
            {
                next[length]++;
            }

            next[0] = 0;
            int code = 0;
            for (int length = 1; length < next.Length; length++)
            {
                int count = next[length];
                next[length] = (ushort)code;
                code = (code + count) << 1;
            }

            for (int symbol = 0; symbol < lengths.Length; symbol++)
            {
                int length = lengths[symbol];
                codes[symbol] = length == 0 ? (ushort)0 : (ushort)(Reverse(next[length]++) >> (16 - length));
            }
        }
    }

    private static int Reverse(int code)
    {
        code = ((code & 0x5555) << 1) | ((code >> 1) & 0x5555);
        code = ((code & 0x3333) << 2) | ((code >> 2) & 0x3333);
        code = ((code & 0x0F0F) << 4) | ((code >> 4) & 0x0F0F);
        return ((code & 0x00FF) << 8) | (code >> 8);
    }
}
