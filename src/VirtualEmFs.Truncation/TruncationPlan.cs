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

    /// <summary>True when the limits are those of an earlier archive: no sample lies outside them by more than a rounding, and none counts so.</summary>
    public bool KeepsLimits { get; init; }

    /// <summary>Step between stored integers over the robust sigma; 0 where nothing is lost, infinite where sigma is 0.</summary>
    public double StepOverSigma { get; init; }

    /// <summary>Why, in a few words.</summary>
    public required string Reason { get; init; }

    /// <summary>Sentences for the user.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>Type of the stored samples.</summary>
    public SampleType SampleType => IsLossless ? SampleType.Float32 : Limits.Bits <= 8 ? SampleType.UInt8 : SampleType.UInt16;
}
