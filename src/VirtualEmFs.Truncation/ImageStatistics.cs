namespace VirtualEmFs.Truncation;

/// <summary>
/// Statistics of the samples of one image or volume, gathered in one pass and mergeable, so that a volume can be read in parts.
/// </summary>
/// <remarks>
/// Sums are double; non-finite samples are counted and left out of everything else. Immutable; any thread.
/// The default value is the statistics of no samples. Source: spec/eman2-hdf5.md sections 1.4 and 3.1.
/// </remarks>
public readonly record struct ImageStatistics
{
    private readonly bool _hasFraction;

    internal ImageStatistics(long count, long nonFiniteCount, long zeroCount, float minimum, float maximum,
        double sum, double sumOfSquares, bool hasFraction)
    {
        (Count, NonFiniteCount, ZeroCount) = (count, nonFiniteCount, zeroCount);
        (Minimum, Maximum) = (minimum, maximum);
        (Sum, SumOfSquares, _hasFraction) = (sum, sumOfSquares, hasFraction);
    }

    /// <summary>Samples seen, the non-finite ones included.</summary>
    public long Count { get; }

    /// <summary>Samples that are NaN or infinite.</summary>
    public long NonFiniteCount { get; }

    /// <summary>Samples that are exactly 0 (either sign).</summary>
    public long ZeroCount { get; }

    /// <summary>Those of them that are −0: the same number, but not the same bytes.</summary>
    public long NegativeZeroCount { get; internal init; }

    /// <summary>Smallest finite sample; 0 when there is none.</summary>
    public float Minimum { get; }

    /// <summary>Largest finite sample; 0 when there is none.</summary>
    public float Maximum { get; }

    /// <summary>Sum of the finite samples.</summary>
    public double Sum { get; }

    /// <summary>Sum of the squares of the finite samples (<c>square_sum</c>).</summary>
    public double SumOfSquares { get; }

    /// <summary>Finite samples.</summary>
    public long FiniteCount => Count - NonFiniteCount;

    /// <summary>True when no sample is NaN or infinite.</summary>
    public bool IsFinite => NonFiniteCount == 0;

    /// <summary>True when every finite sample is a whole number that survives conversion to int32 and back.</summary>
    public bool IsInteger => !_hasFraction && Minimum >= int.MinValue && Maximum < 2147483648f;

    /// <summary>True when all finite samples are equal.</summary>
    public bool IsConstant => Minimum == Maximum;

    /// <summary>Mean of the finite samples; 0 when there is none.</summary>
    public double Mean => FiniteCount == 0 ? 0 : Sum / FiniteCount;

    /// <summary>Standard deviation with n − 1.</summary>
    public double Sigma => Deviation(FiniteCount);

    /// <summary>Mean over the samples that are not 0.</summary>
    public double MeanNonZero => FiniteCount == ZeroCount ? 0 : Sum / (FiniteCount - ZeroCount);

    /// <summary>Standard deviation, with n − 1, over the samples that are not 0.</summary>
    public double SigmaNonZero => Deviation(FiniteCount - ZeroCount);

    /// <summary>Gathers the statistics of a part.</summary>
    public static ImageStatistics Of(ReadOnlySpan<float> samples) => StatisticsKernel.Gather(samples, float.MinValue, float.MaxValue);

    /// <summary>Gathers the statistics of <c>min(max(sample, low), high)</c>.</summary>
    public static ImageStatistics OfClamped(ReadOnlySpan<float> samples, float low, float high) =>
        StatisticsKernel.Gather(samples, low, high);

    /// <summary>Statistics of both parts together.</summary>
    public ImageStatistics Merge(in ImageStatistics other)
    {
        if (FiniteCount == 0 || other.FiniteCount == 0)
        {
            ref readonly ImageStatistics finite = ref FiniteCount == 0 ? ref other : ref this;
            return new ImageStatistics(Count + other.Count, NonFiniteCount + other.NonFiniteCount, finite.ZeroCount,
                finite.Minimum, finite.Maximum, finite.Sum, finite.SumOfSquares, finite._hasFraction)
            {
                NegativeZeroCount = finite.NegativeZeroCount,
            };
        }

        return new ImageStatistics(Count + other.Count, NonFiniteCount + other.NonFiniteCount, ZeroCount + other.ZeroCount,
            MathF.Min(Minimum, other.Minimum), MathF.Max(Maximum, other.Maximum),
            Sum + other.Sum, SumOfSquares + other.SumOfSquares, _hasFraction || other._hasFraction)
        {
            NegativeZeroCount = NegativeZeroCount + other.NegativeZeroCount,
        };
    }

    private double Deviation(long count) =>
        count < 2 ? 0 : Math.Sqrt(Math.Max(0, (SumOfSquares - (Sum * Sum / count)) / (count - 1)));
}
