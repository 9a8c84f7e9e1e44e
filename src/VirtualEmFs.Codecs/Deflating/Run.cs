using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VirtualEmFs.Codecs.Deflating;

/// <summary>A byte that repeats the one before it: stored as matches of distance 1.</summary>
/// <param name="Start">Index of the first repetition; the byte itself lies before it.</param>
/// <param name="Length">Repetitions.</param>
internal readonly record struct Run(int Start, int Length)
{
    /// <summary>Longest match of deflate.</summary>
    public const int LongestMatch = 258;

    /// <summary>Shortest match of deflate.</summary>
    public const int ShortestMatch = 3;

    /// <summary>Repetitions that become matches; one or two that are left over are written as literals.</summary>
    public int MatchedLength => Length - (Length % LongestMatch < ShortestMatch ? Length % LongestMatch : 0);
}

/// <summary>Finds runs, comparing 64 neighbours at a time.</summary>
internal static class RunFinder
{
    /// <summary>How many bytes equal the one before them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int CountEqualNeighbours(ReadOnlySpan<byte> bytes)
    {
        int equal = 0, at = 1;
        unchecked
        {
            for (; at + 32 <= bytes.Length; at += 32)
            {
                equal += BitOperations.PopCount(
                    Vector256.Equals(Vector256.Create(bytes.Slice(at, 32)), Vector256.Create(bytes.Slice(at - 1, 32))).ExtractMostSignificantBits());
            }

            for (; at < bytes.Length; at++)
            {
                equal += bytes[at] == bytes[at - 1] ? 1 : 0;
            }
        }

        return equal;
    }

    /// <summary>Lists the runs of at least four repetitions, in order.</summary>
    /// <param name="bytes">The whole buffer.</param>
    /// <param name="start">First byte that may be a repetition, at least 1.</param>
    /// <param name="end">End of the search; a run that goes on is cut there.</param>
    /// <param name="runs">Room for a fifth of the bytes.</param>
    /// <returns>Runs found.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Find(ReadOnlySpan<byte> bytes, int start, int end, Span<Run> runs)
    {
        int count = 0, at = start;
        unchecked
        {
            while (at + 64 <= end)
            {
                // Bit j: byte at + j equals the one before it.
                ulong equal = EqualToPrevious(bytes, at) | ((ulong)EqualToPrevious(bytes, at + 32) << 32);
                ulong four = equal & (equal >> 1);
                four &= four >> 2;
                if (four == 0)
                {
                    at += 61; // a run of four may begin in the last three
                    continue;
                }

                int runStart = at + BitOperations.TrailingZeroCount(four);
                at = EndOfRun(bytes, runStart, end);
                runs[count++] = new Run(runStart, at - runStart);
            }

            while (at < end)
            {
                int runEnd = EndOfRun(bytes, at, end);
                if (runEnd - at >= 4)
                {
                    runs[count++] = new Run(at, runEnd - at);
                }

                at = runEnd + 1;
            }
        }

        return count;
    }

    private static uint EqualToPrevious(ReadOnlySpan<byte> bytes, int at) =>
        Vector256.Equals(Vector256.Create(bytes.Slice(at, 32)), Vector256.Create(bytes.Slice(at - 1, 32))).ExtractMostSignificantBits();

    private static int EndOfRun(ReadOnlySpan<byte> bytes, int runStart, int end)
    {
        int other = bytes[runStart..end].IndexOfAnyExcept(bytes[runStart - 1]);
        return other < 0 ? end : runStart + other;
    }
}
