namespace VirtualEmFs.Truncation;

/// <summary>How the proposal for a frame's limits is made, before <see cref="LimitRules"/> turns it into the stored limits.</summary>
public enum LimitKind
{
    /// <summary>No proposal: the frame's own extremes (plain <c>e2compress</c>).</summary>
    None,

    /// <summary>The frame's extremes, given as limits (<c>file:5:f</c>).</summary>
    Full,

    /// <summary>The histogram rule of <see cref="OutlierHistogram"/> (<c>--nooutliers</c>, <c>file:5:o</c>).</summary>
    Outliers,

    /// <summary>Two values (<c>--range</c>, <c>file:5:lo:hi</c>).</summary>
    Range,

    /// <summary>Distances from the mean in sigma (<c>--sigrange</c>, <c>file:5:3s:5s</c>).</summary>
    Sigma,
}

/// <summary>
/// Stage A of EMAN2's limits: what the user asked for.
/// </summary>
/// <remarks>Immutable; any thread. Source: spec/eman2-hdf5.md sections 3.2 and 3.3.</remarks>
public sealed record LimitRequest
{
    private LimitRequest(LimitKind kind) => Kind = kind;

    public LimitKind Kind { get; }

    /// <summary>The lower value, or sigmas below the mean.</summary>
    public double Low { get; private init; }

    /// <summary>The upper value, or sigmas above the mean.</summary>
    public double High { get; private init; }

    /// <summary>Bins of the histogram rule.</summary>
    public int BinCount { get; private init; }

    /// <summary>
    /// True for the output syntax <c>file:bits…</c>, as write_compressed does it: limits are cut to the frame's extremes,
    /// and rounded to whole numbers when all samples are.
    /// </summary>
    public bool FitsData { get; private init; }

    /// <summary>No limits: the frame's own extremes.</summary>
    public static LimitRequest None { get; } = new(LimitKind.None);

    /// <summary><c>file:bits:f</c>.</summary>
    public static LimitRequest Full { get; } = new(LimitKind.Full) { FitsData = true };

    /// <summary><c>e2compress --nooutliers</c>: 1024 bins.</summary>
    public static LimitRequest Outliers { get; } = new(LimitKind.Outliers) { BinCount = 1024 };

    /// <summary><c>file:bits</c> and <c>file:bits:o</c>: 4096 bins.</summary>
    public static LimitRequest OutliersFitted { get; } = new(LimitKind.Outliers) { BinCount = 4096, FitsData = true };

    /// <summary><c>--range low,high</c>, or <c>file:bits:low:high</c> when fitted to the data.</summary>
    /// <exception cref="TruncationException">The limits are reversed, equal or not finite.</exception>
    public static LimitRequest Range(double low, double high, bool fitsData = false)
    {
        // Compared as float32, which is what is stored. Not at most 1e28 in size: EMAN2 takes such limits as none.
        if (!((float)low < (float)high) || Math.Abs(low) > LimitRules.LargestLimit || Math.Abs(high) > LimitRules.LargestLimit)
        {
            throw new TruncationException($"the range {low},{high} is not a range: give the lower limit first, and the upper limit above it");
        }

        return new LimitRequest(LimitKind.Range) { Low = low, High = high, FitsData = fitsData };
    }

    /// <summary><c>--sigrange below,above</c>, or <c>file:bits:3s:5s</c> when fitted to the data; both count away from the mean.</summary>
    /// <exception cref="TruncationException">A distance is negative or not finite, or both are 0.</exception>
    public static LimitRequest Sigma(double below, double above, bool fitsData = false)
    {
        if (!(below >= 0 && above >= 0 && below + above > 0 && double.IsFinite(below + above)))
        {
            throw new TruncationException($"the sigma range {below},{above} is not a range: give two positive distances from the mean");
        }

        return new LimitRequest(LimitKind.Sigma) { Low = below, High = above, FitsData = fitsData };
    }

    /// <summary>The proposal for a frame; null stands for "no limits".</summary>
    /// <param name="statistics">Statistics of the raw samples.</param>
    /// <param name="outliers">The histogram's limits when <see cref="Kind"/> is <see cref="LimitKind.Outliers"/>.</param>
    internal (float Low, float High)? Propose(in ImageStatistics statistics, (float Low, float High)? outliers)
    {
        // Mean and sigma are float32 in EMAN2; the rest of Python's arithmetic is double.
        double mean = (float)statistics.Mean, sigma = (float)statistics.Sigma;
        (double low, double high) = Kind switch
        {
            LimitKind.Full => (statistics.Minimum, statistics.Maximum),
            LimitKind.Outliers => (outliers!.Value.Low, outliers.Value.High),
            LimitKind.Range => (Low, High),
            LimitKind.Sigma => (mean - (Low * sigma), mean + (High * sigma)),
            _ => (0d, 0d),
        };
        if (Kind == LimitKind.None)
        {
            return null;
        }

        if (FitsData)
        {
            if (Kind is LimitKind.Range or LimitKind.Sigma)
            {
                (low, high) = (Math.Max(low, statistics.Minimum), Math.Min(high, statistics.Maximum));
            }

            if (statistics.IsInteger)
            {
                (low, high) = (Math.Round(low, MidpointRounding.ToEven), Math.Round(high, MidpointRounding.ToEven));
            }
        }

        return ((float)low, (float)high);
    }
}
