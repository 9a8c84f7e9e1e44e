using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>How the write-back stands.</summary>
/// <param name="StagedFiles">Files that are not archived yet.</param>
/// <param name="StagedBytes">Their raw lengths.</param>
/// <param name="OldestAge">Since the last change of the one that has been quiet for longest; zero when nothing is staged.</param>
/// <param name="OpenFiles">Files that programs have open.</param>
/// <param name="QueuedFiles">Closed files that have been quiet for their delay and wait for their turn.</param>
/// <param name="Compressing">Files that workers have in hand.</param>
/// <param name="Failing">Files that could not be archived and are tried again, with the last reason. The first 1,000.</param>
/// <param name="Parked">Files that are not tried again until someone asks or they are written to. The first 1,000.</param>
/// <param name="Totals">Since the mount started.</param>
/// <param name="Forecasts">What a dry run said, the last 1,000; empty otherwise.</param>
public sealed record WriteBackStatus(
    int StagedFiles, long StagedBytes, TimeSpan OldestAge, int OpenFiles, int QueuedFiles, IReadOnlyList<CompressingFile> Compressing,
    IReadOnlyList<HeldFile> Failing, IReadOnlyList<HeldFile> Parked, WriteBackTotals Totals, IReadOnlyList<Forecast> Forecasts)
{
    /// <summary>All parked files, also those that <see cref="Parked"/> has no room for.</summary>
    public int ParkedCount { get; init; }

    /// <summary>Likewise.</summary>
    public int FailingCount { get; init; }

    /// <summary>Why the staging folder cannot be used any more, in a sentence; null when it can.</summary>
    public string? StagingProblem { get; init; }
}

/// <summary>A file that a worker has in hand.</summary>
/// <param name="Elapsed">Since it was taken.</param>
/// <param name="WrittenBytes">Of its archive, so far.</param>
public sealed record CompressingFile(string Path, long RawLengthBytes, long WrittenBytes, TimeSpan Elapsed);

/// <summary>A file that stays staged, and why: one sentence.</summary>
public sealed record HeldFile(string Path, string Reason);

/// <summary>What a dry run says of a file.</summary>
public sealed record Forecast(string Path, ArchivingResult Result);

/// <summary>What became of staged files.</summary>
/// <param name="ArchivedFiles">Files that became archives.</param>
/// <param name="GuardedFiles">Archives in which the precision guard raised the bits of some frame.</param>
/// <param name="ClampedSamples">Samples that were moved to a limit.</param>
/// <param name="KeptRawFiles">Files that went to the source unchanged, or stayed there.</param>
/// <param name="UntouchedFiles">Files that showed nothing but what their archive shows; it stayed as it was.</param>
/// <param name="DiscardedJobs">Archives, or parts of them, thrown away because programs changed the file meanwhile.</param>
/// <param name="RawBytes">Of archived files, before.</param>
/// <param name="ArchiveBytes">Of archived files, after.</param>
public sealed record WriteBackTotals(
    long ArchivedFiles = 0, long GuardedFiles = 0, long ClampedSamples = 0, long KeptRawFiles = 0, long UntouchedFiles = 0,
    long DiscardedJobs = 0, long RawBytes = 0, long ArchiveBytes = 0);

/// <summary>How a flush ended.</summary>
/// <param name="Remaining">Files that are still staged, for they are open or parked, and why. The first 1,000.</param>
/// <param name="RemainingCount">All of them.</param>
public sealed record FlushResult(IReadOnlyList<HeldFile> Remaining, int RemainingCount);
