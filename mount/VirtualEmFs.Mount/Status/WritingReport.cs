using VirtualEmFs.Vfs.WriteBack;

namespace VirtualEmFs.Mount.Status;

/// <summary>How writing through a mount stands.</summary>
/// <param name="StagingFolder">Absolute path of the staging folder.</param>
/// <param name="IsDryRun">Nothing is archived.</param>
/// <param name="AgeSeconds">Of this report: a disk that hangs keeps it from being renewed.</param>
/// <param name="StagedFiles">Files that are not archived yet.</param>
/// <param name="StagedBytes">Their raw lengths.</param>
/// <param name="OldestSeconds">Since the last change of the file that has been quiet for longest.</param>
/// <param name="OpenFiles">Staged files that programs have open.</param>
/// <param name="QueuedFiles">Files that wait for their turn.</param>
/// <param name="Parked">Files that are not tried again until someone asks; the first 1,000.</param>
/// <param name="Failing">Files that are tried again, with the last reason; the first 1,000.</param>
/// <param name="SavedBytes">By the archives that were made since the mount started.</param>
/// <param name="Forecasts">What a dry run said of files, the last 1,000.</param>
/// <param name="StagingProblem">Why the staging folder cannot be used any more, in a sentence; null when it can.</param>
public sealed record WritingReport(
    string StagingFolder, bool IsDryRun, double AgeSeconds, int StagedFiles, long StagedBytes, double OldestSeconds, int OpenFiles, int QueuedFiles,
    IReadOnlyList<CompressingReport> Compressing, int ParkedFiles, IReadOnlyList<HeldFile> Parked, int FailingFiles, IReadOnlyList<HeldFile> Failing,
    WriteBackTotals Totals, long SavedBytes, IReadOnlyList<Forecast> Forecasts, string? StagingProblem)
{
    /// <summary>Puts a report together.</summary>
    /// <param name="age">Of the figures.</param>
    public static WritingReport Of(WriteBackStatus status, string stagingFolder, bool isDryRun, TimeSpan age) => new(
        stagingFolder, isDryRun, age.TotalSeconds, status.StagedFiles, status.StagedBytes, status.OldestAge.TotalSeconds, status.OpenFiles, status.QueuedFiles,
        [.. status.Compressing.Select(static file => new CompressingReport(file.Path, file.RawLengthBytes, file.WrittenBytes, file.Elapsed.TotalSeconds))],
        status.ParkedCount, status.Parked, status.FailingCount, status.Failing, status.Totals, status.Totals.RawBytes - status.Totals.ArchiveBytes,
        status.Forecasts, status.StagingProblem);
}

/// <summary>A file that is being archived.</summary>
/// <param name="WrittenBytes">Of its archive, so far.</param>
public sealed record CompressingReport(string Path, long RawLengthBytes, long WrittenBytes, double ElapsedSeconds);

/// <summary>The answer to a request for staged files.</summary>
/// <param name="Error">One sentence; null when it was done.</param>
/// <param name="Remaining">After a flush: what is staged still, for it is open or parked, and why; the first 1,000.</param>
/// <param name="RemainingFiles">All of them.</param>
public sealed record StagingAnswer(string? Error = null, IReadOnlyList<HeldFile>? Remaining = null, int RemainingFiles = 0);
