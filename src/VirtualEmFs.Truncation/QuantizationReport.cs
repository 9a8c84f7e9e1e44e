namespace VirtualEmFs.Truncation;

/// <summary>What quantization did to a part's samples; parts of one frame are joined by <see cref="Merge"/>.</summary>
/// <remarks>Errors are against the float32 that a reader gets back (<see cref="Frames.Rescale.Apply"/>). Immutable.</remarks>
/// <param name="SampleCount">Samples quantized.</param>
/// <param name="TruncatedCount">Samples strictly outside the limits (<c>stored_truncated</c>).</param>
/// <param name="LargestError">Largest error of the samples within the limits.</param>
/// <param name="LargestMove">Largest move of the samples outside them.</param>
/// <param name="SumOfSquaredErrors">Over all samples.</param>
public readonly record struct QuantizationReport(
    long SampleCount, long TruncatedCount, float LargestError, float LargestMove, double SumOfSquaredErrors)
{
    /// <summary>Root of the mean squared error of all samples.</summary>
    public double RmsError => SampleCount == 0 ? 0 : Math.Sqrt(SumOfSquaredErrors / SampleCount);

    /// <summary>The report of both parts together.</summary>
    public QuantizationReport Merge(in QuantizationReport other) => new(
        SampleCount + other.SampleCount, TruncatedCount + other.TruncatedCount,
        MathF.Max(LargestError, other.LargestError), MathF.Max(LargestMove, other.LargestMove),
        SumOfSquaredErrors + other.SumOfSquaredErrors);
}
