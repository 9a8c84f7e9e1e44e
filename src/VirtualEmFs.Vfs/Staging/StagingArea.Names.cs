using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

internal sealed partial class StagingArea
{
    /// <summary>Creates an empty staged file under a path where nothing is.</summary>
    public VfsStatus Create(string path, in Creation creation, out StagedFile? file) => Stage(path, creation, null, null, null, null, out file);

    /// <summary>
    /// Stages the content of an archive, which stays until the file is archived again; or, emptied, only takes its place.
    /// </summary>
    /// <param name="inode">st_ino of the archive's virtual file.</param>
    /// <param name="archive">Null for an archive that the mount did not write: it stays as it is, and the file takes the name.</param>
    /// <param name="restore">Fills the raw file with what reads of the archive showed, and gives it its times; null for an empty file. What
    /// it throws leaves everything as it was.</param>
    /// <param name="bind">Called before lookups find the file, so that whoever has the archive open goes on with it.</param>
    public VfsStatus Take(
        string path, ulong inode, in Creation creation, ArchiveBase? archive, Func<IDiskFile, string, VfsStatus>? restore,
        Func<StagedFile, VfsStatus> bind, out StagedFile? file) =>
        Stage(path, creation, inode, archive, restore, bind, out file);

    /// <summary>Makes a raw file without a name, for an archive that was removed while it is open.</summary>
    /// <param name="raw">Empty; the caller's until it opens <paramref name="file"/> with it.</param>
    public VfsStatus CreateNameless(ulong inode, uint permissions, out IDiskFile? raw, out StagedFile? file)
    {
        long id = TakeId();
        file = null;
        var status = _disk.Open(RawPathOf(id), DiskAccess.CreateNew, permissions, out raw);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        status = _disk.Unlink(RawPathOf(id));
        if (status != VfsStatus.Ok)
        {
            raw!.Dispose();
            return status;
        }

        file = new StagedFile(new StagedEntry(id, "", IsInPlace: false, inode), _time.GetTimestamp());
        file.NoteGone();
        return VfsStatus.Ok;
    }

    /// <summary>Notes that a plain file of the source waits to be archived where it lies.</summary>
    /// <param name="inode">st_ino under which it is shown.</param>
    /// <param name="bind">Called before lookups find it.</param>
    public VfsStatus Adopt(string path, ulong inode, Func<StagedFile, VfsStatus>? bind, out StagedFile? file)
    {
        var entry = new StagedEntry(TakeId(), path, IsInPlace: true, inode);
        file = new StagedFile(entry, _time.GetTimestamp());
        return Landed(Apply([entry], [], [], file, bind), ref file);
    }

    /// <summary>Gives a staged file another name. An archive under it follows.</summary>
    /// <param name="replaced">The staged file that has the name; it is gone afterwards.</param>
    /// <param name="replacedSource">The file of the source that has the name, or its archive; removed. Null when there is none.</param>
    public VfsStatus Rename(StagedFile file, string newPath, StagedFile? replaced, (string Path, FileIdentity Identity)? replacedSource)
    {
        var entry = file.Entry;
        var actions = new List<SourceAction>();
        var moved = entry with { Path = newPath };
        if (entry.IsInPlace)
        {
            if (_disk.Stat(FullPath(entry.Path), out var stat) is var status && status != VfsStatus.Ok)
            {
                return status == VfsStatus.NotFound ? VfsStatus.Stale : status;
            }

            actions.Add(new SourceAction(entry.Path, newPath, FileIdentity.Of(stat)));
        }

        string archivePath = ArchivePathOf(newPath);
        if (entry.Base is { } archive && _disk.Stat(FullPath(archive.Path), out var archiveStat) == VfsStatus.Ok && FileIdentity.Of(archiveStat) == archive.Identity)
        {
            actions.Add(new SourceAction(archive.Path, archivePath, archive.Identity));
            moved = moved with { Base = archive with { Path = archivePath } };
        }

        // What a rename above replaces needs no removal.
        AddRemoval(actions, replacedSource);
        AddRemoval(actions, replaced?.Entry is { IsInPlace: false, Base: { } under } ? (under.Path, under.Identity) : null);
        if (replaced?.Entry.IsInPlace == true && _disk.Stat(FullPath(newPath), out var plain) == VfsStatus.Ok)
        {
            AddRemoval(actions, (newPath, FileIdentity.Of(plain)));
        }

        return Named(Apply([moved], replaced is null ? [] : [replaced], [.. actions]));
    }

    /// <summary>Removes a staged file, and the archive under it: it never comes back.</summary>
    public VfsStatus Remove(StagedFile file)
    {
        var actions = new List<SourceAction>();
        var entry = file.Entry;
        if (entry.Base is { } archive)
        {
            AddRemoval(actions, (archive.Path, archive.Identity));
        }

        if (entry.IsInPlace && _disk.Stat(FullPath(entry.Path), out var stat) == VfsStatus.Ok)
        {
            AddRemoval(actions, (entry.Path, FileIdentity.Of(stat)));
        }

        return Named(Apply([], [file], [.. actions]));
    }

    /// <summary>Renames a file of the source, an archive for instance, to a name that others have: they are gone afterwards.</summary>
    /// <param name="replaced">The staged file that has the name; null when there is none.</param>
    /// <param name="replacedSource">Another file of the source that goes with the name: an archive, or the plain file that has it.</param>
    public VfsStatus ReplaceBySource(
        StagedFile? replaced, string sourcePath, string newSourcePath, in SourceStat source, (string Path, FileIdentity Identity)? replacedSource)
    {
        var actions = new List<SourceAction> { new(sourcePath, newSourcePath, FileIdentity.Of(source)) };
        AddRemoval(actions, replacedSource);
        if (replaced?.Entry.Base is { } archive)
        {
            AddRemoval(actions, (archive.Path, archive.Identity));
        }

        if (replaced?.Entry.IsInPlace == true && _disk.Stat(FullPath(replaced.Entry.Path), out var plain) == VfsStatus.Ok)
        {
            AddRemoval(actions, (replaced.Entry.Path, FileIdentity.Of(plain)));
        }

        return Named(Apply([], replaced is null ? [] : [replaced], [.. actions]));
    }

    /// <summary>Renames a folder of the source with what is staged below it. The caller lets nobody else change names meanwhile.</summary>
    public VfsStatus MoveFolder(string path, string newPath, RenameMode mode, in SourceStat folder)
    {
        var moved = _index.Below(path);
        if (moved.Length == 0)
        {
            return _disk.Rename(FullPath(path), FullPath(newPath), mode);
        }

        string Moved(string old) => newPath + old[path.Length..];
        StagedEntry[] entries =
        [
            .. moved.Select(file => file.Entry).Select(entry => entry with
            {
                Path = Moved(entry.Path),
                Base = entry.Base is { } archive ? archive with { Path = Moved(archive.Path) } : null,
            }),
        ];
        return Named(Apply(entries, [], [new SourceAction(path, newPath, FileIdentity.Of(folder), mode)]));
    }

    /// <summary>Archives are not tried again until someone asks; the reason is kept. Null lets the file go on.</summary>
    public VfsStatus Park(StagedFile file, string? reason) => Named(Apply([file.Entry with { ParkedReason = reason }], [], []));

    /// <summary>
    /// Puts a finished file in the place of a staged one: its archive, or its raw bytes unchanged. The file is flushed, and lies in the source.
    /// </summary>
    /// <param name="finishedPath">Path in the source where it came into being.</param>
    /// <param name="newPath">Its name.</param>
    /// <param name="mode">Replace for an archive that the file came out of and nobody has changed since.</param>
    public VfsStatus Finish(StagedFile file, string finishedPath, string newPath, RenameMode mode)
    {
        var status = _disk.Stat(FullPath(finishedPath), out var finished);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        // Its name under which it came into being must be durable before the journal counts on it.
        status = _disk.SyncFolder(FolderOf(FullPath(finishedPath)));
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        var actions = new List<SourceAction> { new(finishedPath, newPath, FileIdentity.Of(finished), mode) };
        var entry = file.Entry;
        if (entry.IsInPlace && entry.Path != newPath && _disk.Stat(FullPath(entry.Path), out var raw) == VfsStatus.Ok)
        {
            AddRemoval(actions, (entry.Path, FileIdentity.Of(raw)));
        }

        if (entry.Base is { } archive)
        {
            AddRemoval(actions, (archive.Path, archive.Identity));
        }

        return Named(Apply([], [file], [.. actions]));
    }

    /// <summary>Forgets a file that stays in the source as it is.</summary>
    public VfsStatus Release(StagedFile file) => Named(Apply([], [file], []));

    private VfsStatus Stage(
        string path, in Creation creation, ulong? inode, ArchiveBase? archive, Func<IDiskFile, string, VfsStatus>? restore,
        Func<StagedFile, VfsStatus>? bind, out StagedFile? file)
    {
        file = null;
        long id = TakeId();
        string rawPath = RawPathOf(id);
        var status = _disk.Open(rawPath, DiskAccess.CreateNew, creation.Permissions, out var raw);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        bool isStaged = false;
        try
        {
            Volatile.Write(ref _filesAreSynced, 0);
            status = _disk.CanChangeOwner ? raw!.SetAttributes(new AttributeChange(creation.Permissions, creation.Uid, creation.Gid)) : VfsStatus.Ok;
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            status = raw!.Stat(out var stat);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            if (restore is not null)
            {
                status = restore(raw, rawPath);
                status = status == VfsStatus.Ok ? raw.Sync(dataOnly: false) : status;
                if (status != VfsStatus.Ok)
                {
                    return status;
                }
            }

            inode ??= InodeNumbers.Mix(stat.Version.Device, stat.Version.Inode, NodeFlavour.Staged, 0);

            var entry = new StagedEntry(id, path, IsInPlace: false, inode.Value, archive);
            file = new StagedFile(entry, _time.GetTimestamp());
            if (bind is null)
            {
                // Whoever creates a file may write to it, even where its permissions let nobody open it again.
                file.Hold(raw!);
                raw = null;
            }

            status = Landed(Apply([entry], [], [], file, bind), ref file);
            isStaged = status == VfsStatus.Ok;

            // Writes may now tear what came out of the archive: from here on the journal must know that the raw file is what counts.
            return isStaged && restore is not null ? SyncNames() : status;
        }
        finally
        {
            raw?.Dispose();
            if (!isStaged)
            {
                _ = _disk.Unlink(rawPath);
            }
        }
    }

    private long TakeId()
    {
        lock (_changes)
        {
            return _nextId++;
        }
    }

    private static void AddRemoval(List<SourceAction> actions, (string Path, FileIdentity Identity)? removal)
    {
        if (removal is var (path, identity) && !actions.Exists(action => action.NewPath == path || (action.Path == path && action.NewPath is null)))
        {
            actions.Add(new SourceAction(path, null, identity));
        }
    }

    private VfsStatus Named(VfsStatus status)
    {
        if (status == VfsStatus.Ok)
        {
            Changed?.Invoke();
        }

        return status;
    }

    private VfsStatus Landed(VfsStatus status, ref StagedFile? file)
    {
        if (status != VfsStatus.Ok)
        {
            file?.Dispose();
            file = null;
        }

        return Named(status);
    }
}
