using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VirtualEmFs.Codecs.Deflating;

/// <summary>Counts a segment's symbols and picks the runs that are cheaper as matches. One thread at a time.</summary>
internal sealed class SegmentSurvey
{
    private readonly LiteralCounter _counter = new();

    /// <param name="bytes">The whole chunk.</param>
    /// <param name="segment">Start and end are set; the rest is filled in.</param>
    /// <param name="runs">The chunk's list; the segment's runs are put at <see cref="Segment.FirstRun"/>.</param>
    /// <param name="counts">Of each symbol of the block that this segment would be, <see cref="BlockCode.SymbolCount"/> long.</param>
    public void Run(ReadOnlySpan<byte> bytes, ref Segment segment, Span<Run> runs, Span<uint> counts)
    {
        ReadOnlySpan<byte> own = bytes[segment.Start..segment.End];
        segment.SymbolBits = LiteralCounter.SymbolBits(own);
        Span<uint> literals = counts[..256];
        _counter.Count(own, segment.SymbolBits, literals);
        counts[256..].Clear();
        counts[BlockCode.EndOfBlock] = 1;
        segment.RunCount = 0;
        segment.LiteralCount = own.Length;
        segment.EqualNeighbours = RunFinder.CountEqualNeighbours(own);
        segment.ExpectedEqualNeighbours = ExpectedEqual(literals, own.Length);
        if (!IsStructured(segment.EqualNeighbours, segment.ExpectedEqualNeighbours) && segment.EqualNeighbours < own.Length / 4)
        {
            return; // noise: its runs are chance, and shorter than a match costs
        }

        Span<Run> found = runs[segment.FirstRun..];
        found = found[..RunFinder.Find(bytes, Math.Max(segment.Start, 1), segment.End, found)];
        segment.RunCount = Choose(bytes, found, counts);
        foreach (Run run in found[..segment.RunCount])
        {
            segment.LiteralCount -= run.MatchedLength;
            segment.EqualNeighbours -= run.MatchedLength;
        }

        segment.ExpectedEqualNeighbours = ExpectedEqual(literals, segment.LiteralCount);
    }

    /// <summary>True when equal neighbours are clearly more or fewer than independent symbols have.</summary>
    public static bool IsStructured(int equal, double expected)
    {
        // A quarter, beyond four standard deviations: micrographs with a little correlation stay below, smoothed volumes do not.
        double slack = (0.25 * expected) + (4 * Math.Sqrt(expected)) + 16;
        return Math.Abs(equal - expected) > slack;
    }

    /// <summary>Bits of an ideal code for the counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double EntropyBits(ReadOnlySpan<uint> counts)
    {
        unchecked
        {
            Vector256<float> sum = default, total = default;
            ReadOnlySpan<Vector256<uint>> vectors = MemoryMarshal.Cast<uint, Vector256<uint>>(counts);
            foreach (Vector256<uint> vector in vectors)
            {
                Vector256<float> count = Vector256.ConvertToSingle(vector.AsInt32());
                total += count;
                sum += count * Vector256.Log2(Vector256.Max(count, Vector256<float>.One));
            }

            float symbols = Vector256.Sum(total), bits = Vector256.Sum(sum);
            foreach (uint count in counts[(vectors.Length * Vector256<uint>.Count)..])
            {
                symbols += count;
                bits += count == 0 ? 0 : count * MathF.Log2(count);
            }

            return symbols == 0 ? 0 : (symbols * Math.Log2(symbols)) - bits;
        }
    }

    /// <summary>Keeps the runs that cost less as matches, at the front of the list, and counts them as such.</summary>
    private static int Choose(ReadOnlySpan<byte> bytes, Span<Run> found, Span<uint> counts)
    {
        // What a literal costs once the long runs are gone, which make their byte look cheap.
        const int LongRun = 32;
        const float MatchBits = 10;
        foreach (Run run in found)
        {
            counts[bytes[run.Start]] -= run.Length >= LongRun ? (uint)run.MatchedLength : 0;
        }

        uint literalCount = 0;
        foreach (uint count in counts[..256])
        {
            literalCount += count;
        }

        // Shortest run of each byte that is cheaper as a match: about 10 bits, for a length that few runs share, its extra bits and the
        // distance. Long runs pay whatever the byte.
        Span<byte> shortest = stackalloc byte[256];
        shortest.Clear();
        float totalBits = MathF.Log2(literalCount + 1);
        int kept = 0;
        foreach (Run run in found)
        {
            byte value = bytes[run.Start];
            int matched = run.MatchedLength;
            if (run.Length < LongRun)
            {
                if (shortest[value] == 0)
                {
                    float literalBits = Math.Max(totalBits - MathF.Log2(counts[value] + 1), 0.1f);
                    shortest[value] = (byte)Math.Min(LongRun, Math.Ceiling(MatchBits / literalBits));
                }

                if (run.Length < shortest[value])
                {
                    continue;
                }

                counts[value] -= (uint)matched;
            }

            found[kept++] = run;
            counts[BlockCode.SymbolOf(Deflating.Run.LongestMatch)] += (uint)(matched / Deflating.Run.LongestMatch);
            if (matched % Deflating.Run.LongestMatch is > 0 and int rest)
            {
                counts[BlockCode.SymbolOf(rest)]++;
            }
        }

        return kept;
    }

    private static double ExpectedEqual(ReadOnlySpan<uint> literals, int literalCount)
    {
        if (literalCount == 0)
        {
            return 0;
        }

        double squares = 0;
        foreach (uint count in literals)
        {
            squares += (double)count * count;
        }

        return squares / literalCount;
    }
}
