using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VirtualEmFs.Codecs.Deflating;

/// <summary>Writes one block: literals two at a time where the alphabet is small, and runs. One thread at a time.</summary>
internal sealed unsafe class BlockEncoder
{
    private readonly uint[] _literals = GC.AllocateArray<uint>(256, pinned: true);
    private readonly uint[] _pairs = GC.AllocateArray<uint>(LiteralPairs.MostPairs, pinned: true);
    private readonly uint[] _matches = new uint[Run.LongestMatch + 1];

    /// <summary>Writes the block of a code.</summary>
    /// <param name="bytes">The whole chunk.</param>
    /// <param name="start">First byte of the block.</param>
    /// <param name="end">End of the block.</param>
    /// <param name="runs">The block's runs, in order.</param>
    /// <param name="symbolBits">Bits that the block's largest byte needs.</param>
    /// <param name="code">Built for the block's counts.</param>
    public void Write(
        ref BitWriter writer, ReadOnlySpan<byte> bytes, int start, int end, ReadOnlySpan<Run> runs, int symbolBits, BlockCode code, bool isLast)
    {
        for (int value = 0; value < 1 << symbolBits; value++)
        {
            _literals[value] = code.EntryOf(value);
        }

        // A table of pairs pays when it is used four times as often as it has entries.
        bool usesPairs = symbolBits <= LiteralPairs.MostSymbolBits && end - start >= 8 << (2 * symbolBits);
        if (usesPairs)
        {
            BuildPairs(symbolBits);
        }

        if (!runs.IsEmpty)
        {
            for (int length = Run.ShortestMatch; length <= Run.LongestMatch; length++)
            {
                _matches[length] = code.EntryOfMatch(length);
            }
        }

        code.WriteHeader(ref writer, isLast);
        foreach (Run run in runs)
        {
            WriteLiterals(ref writer, bytes[start..run.Start], usesPairs ? symbolBits : 0);
            int matched = run.MatchedLength;
            start = run.Start + matched;
            for (; matched > 0; matched -= Run.LongestMatch)
            {
                WriteEntry(ref writer, _matches[Math.Min(matched, Run.LongestMatch)]);
            }
        }

        WriteLiterals(ref writer, bytes[start..end], usesPairs ? symbolBits : 0);
        WriteEntry(ref writer, code.EntryOf(BlockCode.EndOfBlock));
    }

    /// <summary>Writes bytes as they are, in stored blocks of at most 65,535.</summary>
    public static void WriteStored(ref BitWriter writer, ReadOnlySpan<byte> bytes, bool isLast)
    {
        do
        {
            ReadOnlySpan<byte> part = bytes[..Math.Min(bytes.Length, ushort.MaxValue)];
            bytes = bytes[part.Length..];
            writer.Write(isLast && bytes.IsEmpty ? 1u : 0u, 3);
            writer.AlignToByte();
            writer.Write((uint)part.Length | ((uint)(ushort.MaxValue - part.Length) << 16), 32);
            writer.WriteBytes(part);
        }
        while (!bytes.IsEmpty);
    }

    /// <summary>Most bits that <see cref="WriteStored"/> takes.</summary>
    public static long StoredLengthBits(int lengthBytes) => (8L * lengthBytes) + (42 * ((lengthBytes / ushort.MaxValue) + 1L));

    private static void WriteEntry(ref BitWriter writer, uint entry) => writer.Write(entry >> 6, (int)(entry & 63));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void BuildPairs(int symbolBits)
    {
        unchecked
        {
            int symbols = 1 << symbolBits;
            Span<uint> literals = _literals.AsSpan(0, symbols);
            for (int second = 0; second < symbols; second++)
            {
                uint secondCode = literals[second] >> 6, secondLength = literals[second] & 63;
                Span<uint> row = _pairs.AsSpan(second << symbolBits, symbols);
                for (int first = 0; first < row.Length; first++)
                {
                    uint entry = literals[first];
                    // The second code goes behind the first; the lengths, in the lowest bits, add up.
                    row[first] = entry + secondLength + (secondCode << (int)((entry & 63) + 6));
                }
            }
        }
    }

    private void WriteLiterals(ref BitWriter writer, ReadOnlySpan<byte> literals, int pairSymbolBits)
    {
        unchecked
        {
            // SAFETY: both tables are pinned; literals are below 2^symbolBits, since that was taken from these very bytes; the writer's
            // memory reaches eight bytes beyond the last bit.
            fixed (byte* start = literals)
            {
                byte* next = start, end = start + literals.Length;
                uint* singles = (uint*)Marshal.UnsafeAddrOfPinnedArrayElement(_literals, 0);
                if (pairSymbolBits > 0)
                {
                    uint* table = (uint*)Marshal.UnsafeAddrOfPinnedArrayElement(_pairs, 0);
                    next = WritePairs(ref writer, next, end, table, new LiteralPairs(pairSymbolBits));
                }
                else
                {
                    next = WriteSingles(ref writer, next, end, singles);
                }

                for (; next < end; next++)
                {
                    WriteEntry(ref writer, singles[*next]);
                }
            }
        }
    }

    /// <summary>
    /// Eight literals a step, by four pairs of at most 26 bits; after two of them at most 59 bits wait. The waiting count takes whole
    /// entries, codes and all: shifts and the flush look at its lowest six bits only, where the lengths add up.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static byte* WritePairs(ref BitWriter writer, byte* next, byte* end, uint* table, LiteralPairs pairs)
    {
        unchecked
        {
            byte* target = writer.Next;
            ulong bits = writer.Bits;
            uint count = (uint)writer.Count;
            for (; end - next >= 8; next += 8)
            {
                ulong indexes = pairs.Join(*(ulong*)next);
                uint first = table[(ushort)indexes], second = table[(ushort)(indexes >> 16)];
                // Joined first, since only what follows waits for the bits before.
                bits |= ((first >> 6) | ((ulong)(second >> 6) << (int)first)) << (int)count;
                count = (count + (first + second)) & 63;
                *(ulong*)target = bits;
                target += count >> 3;
                bits >>= (int)(count & 56);
                count &= 7;

                first = table[(ushort)(indexes >> 32)];
                second = table[indexes >> 48];
                bits |= ((first >> 6) | ((ulong)(second >> 6) << (int)first)) << (int)count;
                count = (count + (first + second)) & 63;
                *(ulong*)target = bits;
                target += count >> 3;
                bits >>= (int)(count & 56);
                count &= 7;
            }

            writer.Next = target;
            writer.Bits = bits;
            writer.Count = (int)count;
            return next;
        }
    }

    /// <summary>Four literals of at most 13 bits between flushes; the counting is as for pairs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static byte* WriteSingles(ref BitWriter writer, byte* next, byte* end, uint* table)
    {
        unchecked
        {
            byte* target = writer.Next;
            ulong bits = writer.Bits;
            uint count = (uint)writer.Count;
            for (; end - next >= 4; next += 4)
            {
                uint word = *(uint*)next;
                uint first = table[(byte)word], second = table[(byte)(word >> 8)];
                uint third = table[(byte)(word >> 16)], fourth = table[word >> 24];
                ulong low = (first >> 6) | ((ulong)(second >> 6) << (int)first), high = (third >> 6) | ((ulong)(fourth >> 6) << (int)third);
                uint lowCount = first + second;
                bits |= (low | (high << (int)lowCount)) << (int)count;
                count = (count + (lowCount + third + fourth)) & 63;
                *(ulong*)target = bits;
                target += count >> 3;
                bits >>= (int)(count & 56);
                count &= 7;
            }

            writer.Next = target;
            writer.Bits = bits;
            writer.Count = (int)count;
            return next;
        }
    }
}
