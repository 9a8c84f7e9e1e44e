using Microsoft.Extensions.Logging;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>
/// Makes an archive from one staged file and gives it the file's place, or puts the raw file into the source unchanged. What programs do to
/// the file meanwhile wins.
/// </summary>
/// <remarks>Any thread; slow. Nothing of a failed or superseded job is left.</remarks>
internal sealed class FileArchiving(
    StagingArea area, IDisk disk, IArchiver archiver, TemporaryFiles temporaries, FileCommit commit, WriteBackOptions options, ILogger logger)
{
    private const string RawExtension = ".raw";
    private const string ArchiveExtension = ".hdf";

    /// <summary>Told what a dry run says.</summary>
    public Action<Forecast>? Forecasting { get; init; }

    /// <summary>Does all there is to do for a file now.</summary>
    public JobOutcome Run(RunningJob job) =>
        Guarded(job, () => job.Pending.Finished is { } finished ? commit.Run(job, finished) : Make(job));

    /// <summary>Does a part of it; what it throws becomes an outcome.</summary>
    public JobOutcome Guarded(RunningJob job, Func<JobOutcome> part)
    {
        try
        {
            return part();
        }
        catch (OperationCanceledException)
        {
            return JobOutcome.Superseded;
        }
        catch (Exception e)
        {
            // Whatever goes wrong, the file is still there; and a program that changed it meanwhile explains most of it.
            return job.IsCurrent ? OutcomeOf(e) : JobOutcome.Superseded;
        }
    }

    private JobOutcome Make(RunningJob job)
    {
        if (job.Entry.ParkedReason is not null && commit.Unpark(job) is { } refusal)
        {
            return refusal;
        }

        var entry = job.Entry;
        var status = area.Stat(job.File, out var raw);
        if (entry.IsInPlace && (status == VfsStatus.NotFound || (status == VfsStatus.Ok && entry.RawInode is { } inode && inode != raw.Version.Inode)))
        {
            return commit.Forget(job);
        }

        if (status != VfsStatus.Ok)
        {
            return FileCommit.Failed("its raw file cannot be read", status);
        }

        job.RawLengthBytes = raw.Version.LengthBytes;
        var finished = new FinishedFile(
            FinishedKind.Raw, null, FileIdentity.Of(raw), entry, job.Generation, new ArchivingResult(null, RawLengthBytes: raw.Version.LengthBytes));
        if (commit.RefusalOf(entry, entry.Path) is { } inTheWay)
        {
            return inTheWay;
        }

        if (!MrcNames.IsMrcName(entry.Path))
        {
            return KeepRaw(job, finished with { Result = finished.Result with { KeptRawReason = "its name is not that of an MRC file" } });
        }

        status = commit.FindBase(entry, raw, out bool hasBase);
        if (status != VfsStatus.Ok)
        {
            return FileCommit.Failed("its earlier archive cannot be looked at", status);
        }

        if (hasBase && (entry.Base!.KeepsLimits || entry.Origin is not null)
            && archiver.ShowsSame(area.FullPath(entry.Base.Path), area.RawPathOf(entry), job.Cancellation))
        {
            return commit.Run(job, finished with { Kind = FinishedKind.Earlier });
        }

        string targetPath = StagingArea.ArchivePathOf(entry.Path);
        if (disk.Stat(area.FullPath(targetPath), out _) == VfsStatus.NameTooLong)
        {
            // A file of the source that was written to: the mount itself gives no such name.
            return KeepRaw(job, finished with { Result = finished.Result with { KeptRawReason = "its name is too long for that of an archive" } });
        }

        if (commit.RefusalOf(entry, targetPath) is { } taken)
        {
            return taken;
        }

        status = temporaries.Take(entry, job.Generation, ArchiveExtension, targetPath, out string temporaryPath);
        if (status != VfsStatus.Ok)
        {
            return FileCommit.Failed("its archive cannot be created", status);
        }

        var task = new ArchiveTask(
            area.RawPathOf(entry), area.FullPath(temporaryPath), entry.Path,
            hasBase && entry.Base!.KeepsLimits ? area.FullPath(entry.Base.Path) : OriginOf(entry), entry.Inode, job.IsAwaited);
        return options.IsDryRun ? Foresee(job, finished, task) : Archive(job, finished, task, temporaryPath);
    }

    /// <summary>Absolute path of a file's <see cref="StagedEntry.Origin"/>, if that is still the archive that it was.</summary>
    private string? OriginOf(StagedEntry entry) =>
        entry.Origin is { } origin && disk.Stat(area.FullPath(origin.Path), out var stat) == VfsStatus.Ok && FileIdentity.Of(stat) == origin.Identity
            ? area.FullPath(origin.Path)
            : null;

    private JobOutcome Archive(RunningJob job, FinishedFile finished, ArchiveTask task, string temporaryPath)
    {
        job.TemporaryPath = task.TemporaryPath;
        ArchivingResult result;
        try
        {
            result = archiver.Archive(task, job.Cancellation);
        }
        catch
        {
            temporaries.Remove(temporaryPath);
            throw;
        }

        return result.KeptRawReason is not null
            ? KeepRaw(job, finished with { Result = result })
            : commit.Run(job, finished with { Kind = FinishedKind.Archive, TemporaryPath = temporaryPath, Result = result });
    }

    private JobOutcome Foresee(RunningJob job, FinishedFile finished, ArchiveTask task)
    {
        var result = archiver.Forecast(task, job.Cancellation);
        if (result.KeptRawReason is null)
        {
            WriteBackLog.Forecast(logger, task.RelativePath, result.RawLengthBytes, result.ArchiveLengthBytes, result.Rule, result.Bits);
            Forecasting?.Invoke(new Forecast(task.RelativePath, result));
            result = result with { KeptRawReason = "nothing is archived in a dry run" };
        }
        else
        {
            Forecasting?.Invoke(new Forecast(task.RelativePath, result));
        }

        return KeepRaw(job, finished with { Result = result });
    }

    private JobOutcome KeepRaw(RunningJob job, FinishedFile finished)
    {
        var entry = job.Entry;
        if (entry.IsInPlace)
        {
            return commit.Run(job, finished);
        }

        var status = temporaries.Take(entry, job.Generation, RawExtension, entry.Path, out string temporaryPath);
        if (status == VfsStatus.Ok)
        {
            job.TemporaryPath = area.FullPath(temporaryPath);
            try
            {
                status = RawCopy.Copy(disk, area.RawPathOf(entry), job.TemporaryPath, job.Cancellation);
            }
            catch
            {
                temporaries.Remove(temporaryPath);
                throw;
            }
        }

        if (status != VfsStatus.Ok)
        {
            temporaries.Remove(temporaryPath);
            return job.IsCurrent ? FileCommit.Failed("it cannot be copied to the source", status) : JobOutcome.Superseded;
        }

        return commit.Run(job, finished with { TemporaryPath = temporaryPath });
    }

    private JobOutcome OutcomeOf(Exception exception)
    {
        switch (exception)
        {
            case DiskFailedException failed:
                return new JobOutcome(JobEnd.Failed, Reason: failed.Reason, IsForEver: FileCommit.IsForEver(failed.Status));
            case ArchiveException archive:
                return new JobOutcome(JobEnd.Failed, Reason: archive.Reason);
            default:
                WriteBackLog.OperationFailed(logger, "archiving", exception);
                return new JobOutcome(JobEnd.Failed, Reason: $"it cannot be archived: {exception.Message}");
        }
    }
}
