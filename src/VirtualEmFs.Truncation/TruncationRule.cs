using System.IO.Enumeration;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Truncation;

/// <summary>One line of the rules: which files, and what to do with them.</summary>
/// <remarks>Immutable; any thread.</remarks>
public sealed record TruncationRule
{
    /// <summary>
    /// <c>*</c> and <c>?</c>, whatever the case. With a slash it is matched against the path below the source folder, otherwise against
    /// the name alone.
    /// </summary>
    public required string Glob { get; init; }

    /// <summary>Only volumes (true), only images and stacks (false), or both (null).</summary>
    public bool? Volumes { get; init; }

    /// <summary>2–16, or 0 for lossless; null leaves it to the rules that follow from the content.</summary>
    public int? Bits { get; init; }

    public LimitRequest Limits { get; init; } = LimitRequest.None;

    public bool KeepsRaw { get; init; }

    public TimeSpan? Delay { get; init; }

    /// <summary>Compression level 1–12; null for automatic.</summary>
    public int? Level { get; init; }

    public float MaxStepSigma { get; init; } = Treatment.DefaultMaxStepSigma;

    public bool TruncatesIntegers { get; init; }

    /// <summary>True when the rule applies.</summary>
    /// <param name="relativePath">Path below the source folder, with slashes.</param>
    /// <param name="content">What the file's frames are to each other.</param>
    public bool Matches(ReadOnlySpan<char> relativePath, ArchiveContent content)
    {
        ReadOnlySpan<char> subject = Glob.Contains('/') ? relativePath : Path.GetFileName(relativePath);
        return (Volumes is null || Volumes == (content == ArchiveContent.Volume))
            && FileSystemName.MatchesSimpleExpression(Glob, subject, ignoreCase: true);
    }

    /// <summary>The rule in the words of <c>emfs rules show</c>.</summary>
    public override string ToString()
    {
        string what = KeepsRaw ? "keep raw" : Bits switch { null => "by content", 0 => "lossless", int bits => $"{bits} bits" };
        string limits = Limits.Kind switch
        {
            LimitKind.Outliers => ", outliers clamped by histogram",
            LimitKind.Sigma => $", clamped {Limits.Low:g} sigma below and {Limits.High:g} above the mean",
            LimitKind.Range => $", clamped to {Limits.Low:g}..{Limits.High:g}",
            _ => "",
        };
        return (Volumes switch { true => "volumes ", false => "images ", null => "" }) + Glob + ": " + what + limits
            + (TruncatesIntegers ? ", whole numbers truncated too" : "")
            + (MaxStepSigma != Treatment.DefaultMaxStepSigma ? $", steps up to {MaxStepSigma:g} sigma" : "")
            + (Delay is TimeSpan delay ? $", after {delay.TotalSeconds:g} s" : "")
            + (Level is int level ? $", level {level}" : "");
    }
}
