using Microsoft.Extensions.Logging;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>Gives what was made of a staged file the file's place: only while nobody has it open, and nothing about it has changed.</summary>
/// <remarks>Any thread; waits for disks.</remarks>
internal sealed class FileCommit(
    StagingArea area, IDisk disk, TemporaryFiles temporaries, OriginalStore originals, WriteBackOptions options, ILogger logger, TimeProvider time)
{
    /// <summary>Told a job whose file is staged no more, while the file's <see cref="StagedFile.Names"/> is held.</summary>
    public Action<RunningJob>? Committed { get; init; }

    /// <summary>The last steps: verify, commit. What cannot take the file's place is removed, unless it waits for the last handle.</summary>
    public JobOutcome Run(RunningJob job, FinishedFile finished)
    {
        bool isKept = false, hasOriginal = false;
        try
        {
            job.File.State = StagedState.Verifying;
            if (finished.TemporaryPath is { } path && disk.Stat(area.FullPath(path), out _) is var status && status != VfsStatus.Ok)
            {
                return Failed("what was made of it is gone", status);
            }

            if (options.KeepOriginals is { } kept && finished.Kind == FinishedKind.Archive && job.IsCurrent && !job.File.IsOpen)
            {
                // Of a file that lies in the source this copies gigabytes, for which nobody who opens it should wait. Should somebody change it
                // meanwhile, neither this nor the archive counts.
                hasOriginal = true;
                status = KeepOriginal(job, finished, kept);
                if (status != VfsStatus.Ok)
                {
                    return Failed("its original cannot be kept in the staging folder", status);
                }
            }

            job.File.Names.Wait(job.Cancellation);
            JobOutcome outcome;
            try
            {
                job.File.State = StagedState.Committing;
                outcome = Commit(job, finished, hasOriginal);
            }
            finally
            {
                job.File.Names.Release();
            }

            isKept = outcome.End is JobEnd.WaitsForClose or JobEnd.Done;
            hasOriginal &= outcome.End != JobEnd.Done;
            if (outcome.End == JobEnd.Done && options.KeepOriginals is { } policy)
            {
                originals.Prune(policy, time.GetUtcNow());
            }

            return outcome;
        }
        finally
        {
            if (hasOriginal)
            {
                _ = originals.Delete(job.Entry.Id);
            }

            if (!isKept && finished.TemporaryPath is { } path)
            {
                Discard(path);
            }
        }
    }

    /// <summary>Keeps a raw file, unless it is larger than all originals may be together. In a full staging folder the oldest make room, where they are kept
    /// by their size: until something is archived, no program can write.</summary>
    private VfsStatus KeepOriginal(RunningJob job, FinishedFile finished, OriginalsPolicy policy)
    {
        while (finished.Raw.LengthBytes <= (policy.MostBytes ?? long.MaxValue))
        {
            var now = time.GetUtcNow();
            originals.Prune(policy, now);
            var status = originals.Keep(
                job.Entry.Id, area.RawPathOf(job.Entry), job.Entry.Path, finished.Raw.LengthBytes, now, job.Cancellation);
            bool isFull = status is VfsStatus.NoSpace or VfsStatus.QuotaExceeded;
            if (!isFull || policy.MostBytes is null || !originals.MakeRoom(job.Entry.IsInPlace ? finished.Raw.LengthBytes : 0))
            {
                return status;
            }
        }

        return VfsStatus.Ok;
    }

    /// <summary>Removes what was made of a file that has changed since.</summary>
    public void Discard(string temporaryPath)
    {
        if (temporaries.Remove(temporaryPath) is var status && status != VfsStatus.Ok)
        {
            WriteBackLog.LeftBehind(logger, area.FullPath(temporaryPath), status.InWords());
        }
    }

    /// <summary>Ends that a file is parked; null when the job goes on.</summary>
    public JobOutcome? Unpark(RunningJob job) => WithNames(job, () =>
    {
        var status = area.Park(job.File, null);
        job.Entry = status == VfsStatus.Ok ? job.File.Entry : job.Entry;
        return status == VfsStatus.Ok ? null : Failed("it cannot be noted in the staging folder", status);
    });

    /// <summary>Notes that a file is not to be tried again.</summary>
    public JobOutcome Park(RunningJob job, string reason) => WithNames(job, () =>
    {
        var status = area.Park(job.File, reason);
        return status == VfsStatus.Ok ? new JobOutcome(JobEnd.Parked, Reason: reason) : Failed("it cannot be noted in the staging folder", status);
    })!;

    /// <summary>Forgets a file that another program removed from the source or replaced there.</summary>
    public JobOutcome Forget(RunningJob job) => WithNames(job, () =>
    {
        WriteBackLog.RemovedByOthers(logger, job.Entry.Path);
        var status = area.Release(job.File);
        return status == VfsStatus.Ok ? Done(job, null) : Failed("it cannot be noted in the staging folder", status);
    })!;

    /// <summary>Whether the archive that a file came out of is still the one that it was.</summary>
    /// <param name="raw">The file's raw bytes.</param>
    /// <returns>The disk's refusal to tell; then nobody knows.</returns>
    public VfsStatus FindBase(StagedEntry entry, in SourceStat raw, out bool hasBase)
    {
        hasBase = false;
        if (entry.Base is not { } archive)
        {
            return VfsStatus.Ok;
        }

        var status = disk.Stat(area.FullPath(archive.Path), out var stat);
        if (status != VfsStatus.Ok)
        {
            return status is VfsStatus.NotFound or VfsStatus.NotDirectory ? VfsStatus.Ok : status;
        }

        var identity = FileIdentity.Of(stat);
        if (identity != archive.Identity && identity == archive.Identity with { MtimeNs = raw.Version.MtimeNs })
        {
            // It was given the raw file's time, and then the machine stopped before the journal said that they are the same.
            status = disk.SetAttributes(area.FullPath(archive.Path), new AttributeChange(MtimeNs: archive.Identity.MtimeNs));
            hasBase = status == VfsStatus.Ok;
            return status;
        }

        hasBase = identity == archive.Identity;
        return VfsStatus.Ok;
    }

    /// <summary>Gives archives whose time was changed just before the machine stopped the time back by which they are known.</summary>
    public void RepairBases()
    {
        foreach (var file in area.Index.All())
        {
            if (file.Entry.Base is { KeepsLimits: true } && area.Stat(file, out var raw) == VfsStatus.Ok)
            {
                _ = FindBase(file.Entry, raw, out _);
            }
        }
    }

    /// <summary>Why a name in the source cannot be taken by a file; null when it can.</summary>
    public JobOutcome? RefusalOf(StagedEntry entry, string path)
    {
        if (entry.IsInPlace && path == entry.Path)
        {
            return null;
        }

        var status = disk.Stat(area.FullPath(path), out var stat);
        if (status == VfsStatus.NotFound || (status == VfsStatus.Ok && entry.Base is { } archive && archive.Path == path && archive.Identity == FileIdentity.Of(stat)))
        {
            return null;
        }

        return status == VfsStatus.Ok ? InTheWay(path) : Failed($"{path} in the source cannot be looked at", status);
    }

    public static bool IsForEver(VfsStatus status) => status is VfsStatus.NoSpace or VfsStatus.QuotaExceeded or VfsStatus.ReadOnly;

    public static JobOutcome Failed(string what, VfsStatus status) =>
        new(JobEnd.Failed, Reason: $"{what} ({(status == VfsStatus.NotFound ? "its folder is gone" : status.InWords())})", IsForEver: IsForEver(status));

    private JobOutcome Commit(RunningJob job, FinishedFile finished, bool hasOriginal)
    {
        var file = job.File;
        if (!job.IsCurrent || finished.Generation != job.Generation || finished.Entry != job.Entry)
        {
            return JobOutcome.Superseded;
        }

        if (file.IsOpen || (options.KeepOriginals is not null && finished.Kind == FinishedKind.Archive && !hasOriginal))
        {
            return new JobOutcome(JobEnd.WaitsForClose, finished); // or closed since it was looked whether its original can be kept
        }

        // A file that lies in the source can be changed by others.
        var status = area.Stat(file, out var raw);
        if (status != VfsStatus.Ok || FileIdentity.Of(raw) != finished.Raw)
        {
            area.NoteChange(file);
            return JobOutcome.Superseded;
        }

        return finished.Kind switch
        {
            FinishedKind.Earlier => KeepEarlier(job, finished, raw),
            FinishedKind.Raw when finished.TemporaryPath is null => Ended(job, finished, area.Release(file)),
            FinishedKind.Raw => Name(job, finished, job.Entry.Path, RenameMode.KeepExisting),
            _ => NameArchive(job, finished, raw),
        };
    }

    private JobOutcome NameArchive(RunningJob job, FinishedFile finished, in SourceStat raw)
    {
        var entry = job.Entry;
        string path = StagingArea.ArchivePathOf(entry.Path);
        var found = FindBase(entry, raw, out bool hasBase);
        return found == VfsStatus.Ok
            ? Name(job, finished, path, hasBase && entry.Base!.Path == path ? RenameMode.Replace : RenameMode.KeepExisting)
            : Failed("its earlier archive cannot be looked at", found);
    }

    private JobOutcome Name(RunningJob job, FinishedFile finished, string path, RenameMode mode)
    {
        var entry = job.Entry;
        if (RefusalOf(entry, entry.Path) is { } taken)
        {
            return taken;
        }

        var status = area.Finish(job.File, finished.TemporaryPath!, path, mode, finished.Raw);
        switch (status)
        {
            case VfsStatus.AlreadyExists:
                return InTheWay(path);
            case VfsStatus.Stale:
                area.NoteChange(job.File);
                return JobOutcome.Superseded;
            case VfsStatus.CrossDevice when !TemporaryFiles.IsBesideTarget(finished.TemporaryPath!):
                // The next try lies beside its target.
                temporaries.NoteFar(path);
                return JobOutcome.Superseded;
            case VfsStatus.Ok:
                temporaries.Forget(finished.TemporaryPath!);
                break;
        }

        return Ended(job, finished, status);
    }

    private JobOutcome KeepEarlier(RunningJob job, FinishedFile finished, in SourceStat raw)
    {
        var entry = job.Entry;
        var found = FindBase(entry, raw, out bool hasBase);
        if (found != VfsStatus.Ok || !hasBase)
        {
            return found == VfsStatus.Ok ? JobOutcome.Superseded : Failed("its earlier archive cannot be looked at", found);
        }

        string archivePath = area.FullPath(entry.Base!.Path);
        if (disk.Stat(archivePath, out var named) == VfsStatus.Ok && named.Kind == NodeKind.SymbolicLink)
        {
            return Ended(job, finished, area.Release(job.File)); // the file to which it leads is not this one's
        }

        // Before the journal forgets the file: a program that has touched it has been told so.
        var status = RawCopy.MirrorAttributes(disk, area.RawPathOf(entry), archivePath);
        status = status == VfsStatus.Ok ? RawCopy.Flush(disk, archivePath) : status;
        var outcome = status == VfsStatus.Ok ? Ended(job, finished, area.Release(job.File)) : Failed("its archive's attributes cannot be set", status);
        if (outcome.End != JobEnd.Done)
        {
            _ = FindBase(entry, raw, out _); // gives it back the time by which it is known
        }

        return outcome;
    }

    private JobOutcome Ended(RunningJob job, FinishedFile finished, VfsStatus status) =>
        status == VfsStatus.Ok ? Done(job, finished) : Failed("what was made of it cannot be given its name", status);

    private JobOutcome Done(RunningJob job, FinishedFile? finished)
    {
        Committed?.Invoke(job);
        return new JobOutcome(JobEnd.Done, finished);
    }

    private static JobOutcome? WithNames(RunningJob job, Func<JobOutcome?> change)
    {
        job.File.Names.Wait(job.Cancellation);
        try
        {
            return job.IsCurrent ? change() : JobOutcome.Superseded;
        }
        finally
        {
            job.File.Names.Release();
        }
    }

    private static JobOutcome InTheWay(string path) => new(
        JobEnd.Parked,
        Reason: $"{path} is in the source already, and this mount did not write it; move it away there, then 'emfs retry', or give the file another name");
}
