using System.Collections.Immutable;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Truncation;

/// <summary>How one image or volume is stored.</summary>
/// <remarks>Immutable; any thread.</remarks>
public sealed record TruncationPlan
{
    /// <summary>Limits and bits; <see cref="Rescale.None"/> for lossless float32.</summary>
    public required Rescale Limits { get; init; }

    /// <summary>True when the samples are stored as they are.</summary>
    public bool IsLossless => Limits.IsNone;

    /// <summary>True when the samples come back exactly, truncated or not.</summary>
    public bool IsExact { get; init; }

    /// <summary>True when the precision guard raised the bits, or made the image lossless.</summary>
    public bool IsGuarded { get; init; }

    /// <summary>True when the limits that were asked for leave samples outside.</summary>
    public bool Clamps { get; init; }

    /// <summary>Step between stored integers over the robust sigma; 0 where nothing is lost, infinite where sigma is 0.</summary>
    public double StepOverSigma { get; init; }

    /// <summary>Why, in a few words.</summary>
    public required string Reason { get; init; }

    /// <summary>Sentences for the user.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>Type of the stored samples.</summary>
    public SampleType SampleType => IsLossless ? SampleType.Float32 : Limits.Bits <= 8 ? SampleType.UInt8 : SampleType.UInt16;

    /// <summary>
    /// The plan for samples that an archive held before: the same limits, so that unchanged samples become the same integers and
    /// nothing is clamped twice. Null when the samples no longer lie within them.
    /// </summary>
    public static TruncationPlan? Keep(Rescale limits, in ImageStatistics statistics) =>
        statistics.IsFinite && !limits.IsNone && statistics.Minimum >= LowestDecoded(limits) && statistics.Maximum <= HighestDecoded(limits)
            ? new TruncationPlan { Limits = limits, Reason = "limits of the earlier archive" }
            : null;

    // A decoded sample may lie a rounding beyond the upper limit.
    private static float HighestDecoded(Rescale limits) => MathF.Max(limits.Maximum, limits.Apply((1 << limits.Bits) - 1));

    private static float LowestDecoded(Rescale limits) => MathF.Min(limits.Minimum, limits.Apply(0));
}
