using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>What the write-back remembers of a staged file.</summary>
/// <remarks>Guarded by the queue's gate.</remarks>
internal sealed class PendingFile(StagedFile file)
{
    public StagedFile File { get; } = file;

    /// <summary>Name for which <see cref="Delay"/> holds; null until it is known.</summary>
    public string? Path { get; set; }

    /// <summary>How long it must be quiet.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>When it changed last, as it was put in line.</summary>
    public long ChangedTimestamp { get; set; }

    /// <summary>When it was first seen open, and at every look since; in ticks of the time provider. Null while it is closed.</summary>
    public long? OpenSince { get; set; }

    /// <summary>Goes before those that nobody asked for.</summary>
    public bool IsAskedFor { get; set; }

    /// <summary>A worker has it in hand.</summary>
    public bool IsRunning { get; set; }

    /// <summary>Someone asked to try it again, whatever it failed with.</summary>
    public bool IsRetried { get; set; }

    /// <summary>What waits for its last handle to be closed.</summary>
    public FinishedFile? Finished { get; set; }

    /// <summary>Failures in a row that may be the file's own.</summary>
    public int FailureCount { get; set; }

    /// <summary>Failures in a row that say nothing about the file: a full disk.</summary>
    public int FullDiskCount { get; set; }

    public bool IsFailing => FailureCount + FullDiskCount > 0;

    /// <summary>Why it failed last.</summary>
    public string? Reason { get; set; }

    /// <summary>Not tried again before; in ticks of the time provider.</summary>
    public long NotBefore { get; set; }

    /// <summary>Name and generation with which it was parked: another one ends that.</summary>
    public (string Path, long Generation)? Parked { get; set; }
}

/// <summary>What takes a staged file's place.</summary>
internal enum FinishedKind
{
    Archive,

    /// <summary>The raw bytes, under the file's own name.</summary>
    Raw,

    /// <summary>The archive that the file came out of: it shows the same bytes.</summary>
    Earlier,
}

/// <summary>What takes a staged file's place, ready to be given its name.</summary>
/// <param name="TemporaryPath">Path in the source where it lies; null when nothing was made.</param>
/// <param name="Raw">The raw file that it was made from.</param>
/// <param name="Result">For the books.</param>
internal sealed record FinishedFile(
    FinishedKind Kind, string? TemporaryPath, FileIdentity Raw, StagedEntry Entry, long Generation, ArchivingResult Result);
