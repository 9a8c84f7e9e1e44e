using System.Collections.Immutable;

namespace VirtualEmFs.Archives.Compression;

/// <summary>Fewest and most bits of the images of a file; 0 stands for lossless float32.</summary>
public readonly record struct BitRange(int Fewest, int Most);

/// <summary>What became of one file.</summary>
public sealed record CompressionReport
{
    public required string InputPath { get; init; }

    public required string OutputPath { get; init; }

    public required long InputLengthBytes { get; init; }

    /// <summary>Length of the archive; predicted for a dry run.</summary>
    public required long OutputLengthBytes { get; init; }

    public required int ImageCount { get; init; }

    /// <summary>Images of a stack, or sections of all volumes.</summary>
    public required int FrameCount { get; init; }

    /// <summary>True when the images are volumes.</summary>
    public required bool AreVolumes { get; init; }

    /// <summary>Fewest and most bits of an image; 0 for lossless float32, which counts as most.</summary>
    public required BitRange Bits { get; init; }

    /// <summary>Images whose bits the precision guard raised.</summary>
    public required int GuardedCount { get; init; }

    /// <summary>Samples that lay outside the limits.</summary>
    public required long TruncatedCount { get; init; }

    /// <summary>Largest error of a sample within the limits.</summary>
    public required float LargestError { get; init; }

    /// <summary>Largest move of a sample outside the limits.</summary>
    public required float LargestMove { get; init; }

    /// <summary>Root of the mean squared error of all samples.</summary>
    public required double RmsError { get; init; }

    /// <summary>Largest step over robust sigma of an image.</summary>
    public required double StepOverSigma { get; init; }

    /// <summary>The rule or option that decided, in words.</summary>
    public required string Rule { get; init; }

    /// <summary>Why the images are stored as they are, each reason once.</summary>
    public required ImmutableArray<string> Reasons { get; init; }

    /// <summary>Sentences for the user, each once.</summary>
    public required ImmutableArray<string> Warnings { get; init; }
}
