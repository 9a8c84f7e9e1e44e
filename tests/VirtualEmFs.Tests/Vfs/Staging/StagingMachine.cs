using Microsoft.Extensions.Logging.Abstractions;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>A process that stages, archives and recovers on a <see cref="SimulatedDisk"/>: the operations of a writable tree, in one thread.</summary>
internal sealed class StagingMachine : IDisposable
{
    public const string Staging = "/d";
    public const string Source = "/s";

    private readonly SimulatedDisk _disk;
    private readonly SimulatedArchiver _archiver;
    private readonly FileArchiving _archiving;

    /// <summary>Opens the staging folder, and recovers what the process before this one left.</summary>
    public StagingMachine(SimulatedDisk disk)
    {
        _disk = disk;
        _archiver = new SimulatedArchiver(disk);
        Area = StagingArea.Open(disk, Staging, Source, NullLogger.Instance, TimeProvider.System);
        var options = WriteBackOptions.Default;
        var temporaries = new TemporaryFiles(Area, disk);
        var originals = new OriginalStore(disk, Staging);
        var commit = new FileCommit(Area, disk, temporaries, originals, options, NullLogger.Instance, TimeProvider.System);
        _archiving = new FileArchiving(Area, disk, _archiver, temporaries, commit, options, NullLogger.Instance);
        temporaries.Clean();
        commit.RepairBases();
        originals.Load(id => Area.Index.TryGet(id, out _));
    }

    public StagingArea Area { get; }

    public static SimulatedDisk NewDisk() => new(Staging, Source);

    public void Dispose() => Area.Dispose();

    public VfsStatus Create(string path)
    {
        if (MrcNames.IsMrcName(path))
        {
            return Area.Create(path, new Creation(0x1A4, 5, 6), out _);
        }

        IDiskFile? file = null;
        var status = Area.MakeInSource(path, () => _disk.Open($"{Source}/{path}", DiskAccess.CreateNew, 0x1A4, out file));
        file?.Dispose();
        return status;
    }

    public VfsStatus Write(string path, long offset, byte[] bytes) => Change(path, keepsSamples: true, file => file.Write(offset, bytes, out _));

    /// <summary>Opens with O_TRUNC.</summary>
    public VfsStatus Empty(string path) => Change(path, keepsSamples: false, file => file.SetLength(0));

    public VfsStatus SetLength(string path, long lengthBytes) => Change(path, keepsSamples: true, file => file.SetLength(lengthBytes));

    public VfsStatus Sync(string path)
    {
        if (Area.Index.Find(path) is { } staged)
        {
            return WithOpen(staged, () =>
            {
                int seenFailureCount = staged.FlushFailureCount;
                return Area.Sync(staged, dataOnly: true, ref seenFailureCount);
            });
        }

        var status = _disk.Open($"{Source}/{StoredPath(path)}", DiskAccess.Read, 0, out var file);
        using (file)
        {
            return status == VfsStatus.Ok ? file!.Sync(dataOnly: true) : status;
        }
    }

    public VfsStatus SyncFolder(string folder)
    {
        var status = _disk.SyncFolder(Area.FullPath(folder));
        return status == VfsStatus.Ok ? Area.SyncNames() : status;
    }

    public VfsStatus MakeFolder(string path) => Area.MakeInSource(path, () => _disk.MakeFolder(Area.FullPath(path), 0x1ED));

    public VfsStatus MoveFolder(string path, string newPath)
    {
        var status = _disk.Stat(Area.FullPath(path), out var stat);
        return status == VfsStatus.Ok ? Area.MoveFolder(path, newPath, RenameMode.Replace, stat) : status;
    }

    public VfsStatus Remove(string path) => Area.Index.Find(path) is { } staged
        ? Area.Remove(staged)
        : Area.ChangeSource(path, null, () => _disk.Unlink(Area.FullPath(StoredPath(path))));

    public VfsStatus Rename(string path, string newPath)
    {
        var replaced = Area.Index.Find(newPath);
        (string, FileIdentity)? replacedSource = null;
        if (replaced is null)
        {
            string stored = StoredPath(newPath);
            var found = _disk.Stat(Area.FullPath(stored), out var other);
            if (found is not (VfsStatus.Ok or VfsStatus.NotFound))
            {
                return found;
            }

            replacedSource = found == VfsStatus.Ok ? (stored, FileIdentity.Of(other)) : null;
        }

        if (Area.Index.Find(path) is { } staged)
        {
            return Area.Rename(staged, newPath, replaced, replacedSource);
        }

        string from = StoredPath(path);
        string to = from == path ? newPath : StagingArea.ArchivePathOf(newPath);
        var status = _disk.Stat(Area.FullPath(from), out var stat);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        status = replaced is null && replacedSource is null
            ? Area.ChangeSource(from, to, () => _disk.Rename(Area.FullPath(from), Area.FullPath(to), RenameMode.KeepExisting))
            : Area.ReplaceBySource(replaced, from, to, stat, replacedSource);
        if (status == VfsStatus.Ok && from == path && MrcNames.IsMrcName(newPath) && !MrcNames.IsMrcName(path))
        {
            _ = Area.Adopt(newPath, null, null, out _); // without it the file stays raw
        }

        return status;
    }

    /// <summary>Archives a staged file, or moves it to the source as it is.</summary>
    public JobOutcome Archive(string path)
    {
        if (Area.Index.Find(path) is not { } staged)
        {
            return new JobOutcome(JobEnd.Parked, Reason: $"{path} is not staged");
        }

        using var job = new RunningJob(new PendingFile(staged), 0, default);
        return _archiving.Run(job);
    }

    /// <summary>Everything that programs see, by name: what is staged, then plain files, then archives. Counts as no call.</summary>
    public Dictionary<string, byte[]> Visible()
    {
        var visible = Area.Index.All().ToDictionary(file => file.Entry.Path, file => _disk.ContentOf(Area.RawPathOf(file.Entry))!);
        var stored = _disk.FilesBelow(Source).Select(path => path[(Source.Length + 1)..]).Where(path => !path.StartsWith(".emfs/", StringComparison.Ordinal)).ToArray();
        foreach (string path in stored.Where(path => !path.EndsWith(".hdf", StringComparison.Ordinal)))
        {
            visible.TryAdd(path, _disk.ContentOf($"{Source}/{path}")!);
        }

        foreach (string path in stored.Where(path => path.EndsWith(".hdf", StringComparison.Ordinal)))
        {
            byte[] bytes = _disk.ContentOf($"{Source}/{path}")!;
            visible.TryAdd(SimulatedArchiver.IsArchive(bytes) ? path[..^4] : path, SimulatedArchiver.IsArchive(bytes) ? SimulatedArchiver.Shown(bytes) : bytes);
        }

        return visible;
    }

    /// <summary>Stages what a program is about to write to, as the tree does, and lets it write.</summary>
    private VfsStatus Change(string path, bool keepsSamples, Func<IDiskFile, VfsStatus> change)
    {
        var status = Area.Index.Find(path) is { } staged ? VfsStatus.Ok : Stage(path, keepsSamples, out staged);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        if (staged is null)
        {
            status = _disk.Open(Area.FullPath(path), DiskAccess.ReadWrite, 0, out var plain);
            using (plain)
            {
                return status == VfsStatus.Ok ? change(plain!) : status;
            }
        }

        return WithOpen(staged, () =>
        {
            var changed = change(staged.Raw);
            Area.NoteChange(staged);
            return changed;
        });
    }

    private VfsStatus Stage(string path, bool keepsSamples, out StagedFile? staged)
    {
        staged = null;
        string stored = StoredPath(path);
        var status = _disk.Stat(Area.FullPath(stored), out var stat);
        return status != VfsStatus.Ok || (stored == path && !MrcNames.IsMrcName(path)) ? status
            : stored == path ? Area.Adopt(path, null, null, out staged)
            : Area.Take(
                path, stat.Version.Inode + (1UL << 40), new Creation(0x1A4, 5, 6), new ArchiveBase(stored, FileIdentity.Of(stat), keepsSamples),
                keepsSamples ? (raw, _) => _archiver.Restore(Area.FullPath(stored), raw) : null, _ => VfsStatus.Ok, out staged);
    }

    private VfsStatus WithOpen(StagedFile file, Func<VfsStatus> act)
    {
        var status = Area.Open(file, 1, 1);
        if (status == VfsStatus.Ok)
        {
            status = act();
            Area.Close(file, isWriter: true);
        }

        return status;
    }

    // A plain file wins over an archive of its name.
    private string StoredPath(string path) =>
        _disk.ContentOf(Area.FullPath(path)) is null && _disk.ContentOf(Area.FullPath(path) + ".hdf") is not null ? StagingArea.ArchivePathOf(path) : path;
}
