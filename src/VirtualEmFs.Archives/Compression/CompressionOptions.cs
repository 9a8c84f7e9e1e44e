using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Archives.Compression;

/// <summary>How files are compressed.</summary>
/// <remarks>Immutable; any thread.</remarks>
public sealed record CompressionOptions
{
    /// <summary>Bits and limits asked for by hand; null leaves them to <see cref="Rules"/>.</summary>
    public Treatment? Treatment { get; init; }

    /// <summary>What decides where nothing was asked for.</summary>
    public TruncationRules Rules { get; init; } = TruncationRules.BuiltIn;

    /// <summary>SHA-256 of the rules' file, as hexadecimal digits; null for built-in rules.</summary>
    public string? RulesSha256 { get; init; }

    /// <summary>The input's path below the folder that rules are matched against; null for its name alone.</summary>
    public string? RelativePath { get; init; }

    /// <summary>Stores float32 without truncation and without a filter (<c>--bits -1</c>).</summary>
    public bool IsUncompressed { get; init; }

    /// <summary>Deflate level 0–9; null for automatic.</summary>
    public int? Level { get; init; }

    /// <summary>Refuses everything but MRC files of modes 0, 1, 2, 6 and 12 (<see cref="UnfitMrcException"/>), whatever else the bytes may be.</summary>
    public bool TakesOnlyMrc { get; init; }

    public MrcThirdAxis ThirdAxis { get; init; }

    public MrcByteSign ByteSign { get; init; }

    /// <summary>Threads that compute; 1 starts none.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Replaces an output that exists.</summary>
    public bool Overwrites { get; init; }

    /// <summary>Stores the SHA-256 of the original.</summary>
    public bool HashesOriginal { get; init; } = true;

    /// <summary>The original's name that the archive remembers; null for the input's own.</summary>
    public string? OriginalName { get; init; }

    /// <summary>
    /// The archive that an MRC file's samples came out of; null for none. Images that read as they did keep their integers and limits,
    /// others their limits where they lie within them, and nothing is clamped twice.
    /// </summary>
    public string? EarlierArchivePath { get; init; }

    /// <summary>st_ino under which the input is known, when the archive is to take its place; null when it is not.</summary>
    public ulong? Inode { get; init; }

    /// <summary>Gives the archive the input's owner, group and <c>user.*</c> attributes, but for those of this program.</summary>
    public bool KeepsOwner { get; init; }

    /// <summary>Told how many bytes of input were dealt with since the last call; on any thread, one call at a time.</summary>
    public Action<long>? Progress { get; init; }

    /// <summary>Sees every step of writing before it is taken; tests fail them.</summary>
    public ICommitSteps Steps { get; init; } = UnobservedSteps.Instance;
}
