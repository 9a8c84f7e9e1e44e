using System.Text.Json.Serialization;
using VirtualEmFs.Archives.Compression;

namespace VirtualEmFs.Mount.Compressing;

/// <summary>How a file fared.</summary>
internal enum CompressionStatus
{
    Compressed,

    /// <summary>A dry run: the figures are predictions.</summary>
    Predicted,

    /// <summary>Its archive exists already (<c>--only-unfinished</c>).</summary>
    Finished,

    /// <summary>A rule leaves it as it is.</summary>
    KeptRaw,
    Failed,
}

/// <summary>What is printed of a file, as text and as JSON.</summary>
internal sealed record CompressionOutcome(string Input, string Output, CompressionStatus Status)
{
    public CompressionReport? Report { get; init; }

    /// <summary>Why it failed or stayed as it is.</summary>
    public string? Reason { get; init; }

    public double Seconds { get; init; }

    public bool OriginalDeleted { get; init; }

    /// <summary>One line for people.</summary>
    [JsonIgnore]
    public string Line => Report is not CompressionReport report
        ? $"{Input}: {Reason}"
        : $"{Input} -> {Output}: {Bits(report)}, {Commands.CommandOutput.Length(report.InputLengthBytes)} -> "
            + $"{(Status == CompressionStatus.Predicted ? "about " : "")}{Commands.CommandOutput.Length(report.OutputLengthBytes)}"
            + $" ({(double)report.InputLengthBytes / report.OutputLengthBytes:F1}:1)"
            + (report.StepOverSigma > 0 ? $", step {report.StepOverSigma:G3} sigma" : "")
            + (report.RmsError > 0 ? $", rms error {report.RmsError:G3}, largest {report.LargestError:G3}" : "")
            + (report.TruncatedCount > 0 ? $", {report.TruncatedCount} samples clamped by up to {report.LargestMove:G3}" : "")
            + (report.GuardedCount > 0 ? $", {report.GuardedCount} of {report.ImageCount} images guarded" : "")
            + $" [{string.Join("; ", report.Reasons)}]";

    private static string Bits(CompressionReport report) => report.Bits switch
    {
        (0, 0) => "lossless",
        (int fewest, 0) => $"{fewest} bits to lossless",
        (int fewest, int most) when fewest == most => $"{fewest} bits",
        (int fewest, int most) => $"{fewest}-{most} bits",
    };
}
