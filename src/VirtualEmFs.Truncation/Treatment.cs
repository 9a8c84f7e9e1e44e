namespace VirtualEmFs.Truncation;

/// <summary>What is to be done with the images or volumes of one file; <see cref="PlanSearch"/> decides for each of them.</summary>
/// <remarks>Immutable; any thread. Comes from <see cref="TruncationRules"/>, or from an explicit <c>--bits</c>.</remarks>
public sealed record Treatment
{
    /// <summary>Largest step, in robust sigmas, that the precision guard lets pass.</summary>
    // The rounding error of a step of 0.3 sigma is 0.09 sigma: it adds 0.4 % to the noise.
    public const float DefaultMaxStepSigma = 0.3f;

    /// <summary>Bits of a truncated sample, 2–16; 0 for lossless float32.</summary>
    public required int Bits { get; init; }

    /// <summary>Proposal for the limits.</summary>
    public LimitRequest Limits { get; init; } = LimitRequest.None;

    /// <summary>
    /// True for bits that the user asked for by hand: done as EMAN2 does it, whole numbers included, with a warning
    /// where the guard would have objected or whole numbers lose values. Non-finite samples are then refused.
    /// </summary>
    public bool IsExplicit { get; init; }

    /// <summary>With <see cref="IsExplicit"/>: images with NaN or infinity are stored losslessly rather than refused.</summary>
    public bool KeepsNonFinite { get; init; }

    /// <summary>Truncates whole numbers like any other samples, down to steps of 1, instead of keeping them exactly.</summary>
    public bool TruncatesIntegers { get; init; }

    /// <summary>Keeps images losslessly in which more than a quarter of the samples are exactly 0, unless all are whole numbers.</summary>
    public bool KeepsSparse { get; init; }

    /// <summary>Largest step, in robust sigmas.</summary>
    public float MaxStepSigma { get; init; } = DefaultMaxStepSigma;

    /// <summary>True when the file is not to be compressed at all.</summary>
    public bool KeepsRaw { get; init; }

    /// <summary>How long a file must be quiet before it is compressed; null for the mount's own setting.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>Compression level 1–12; null for automatic.</summary>
    public int? Level { get; init; }

    /// <summary>Which rule decided, for <c>--dry-run</c> and the archive.</summary>
    public string Rule { get; init; } = "";

    /// <summary>Bits asked for by hand.</summary>
    /// <exception cref="TruncationException">The bits cannot be stored.</exception>
    public static Treatment Explicit(int bits, LimitRequest limits) =>
        bits is 1 or > 16
            ? throw new TruncationException($"{bits} bits cannot be stored: give 2 to 16, or 0 for lossless")
            : new Treatment { Bits = Math.Max(bits, 0), Limits = limits, IsExplicit = true, Rule = $"--bits {bits}" };
}
