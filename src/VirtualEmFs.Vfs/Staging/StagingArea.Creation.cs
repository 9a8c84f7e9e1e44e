using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

internal sealed partial class StagingArea
{
    /// <summary>Creates an empty staged file under a path where nothing is.</summary>
    /// <param name="bind">Called before lookups and the write-back find it; what it refuses is taken back.</param>
    public VfsStatus Create(string path, in Creation creation, out StagedFile? file, Func<StagedFile, VfsStatus>? bind = null) =>
        Stage(creation, null, null, null, () => new StagedPlace(VfsStatus.Ok, path, null), bind, out file);

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
        Take(inode, creation, restore, null, () => new StagedPlace(VfsStatus.Ok, path, archive), bind, out file);

    /// <summary>The same for an archive whose name may change while its content comes back.</summary>
    /// <param name="copyAttributes">Gives the raw file, of which it is told the path, what programs set on the archive; null when nothing.</param>
    /// <param name="locate">Called then: what it refuses leaves everything as it was.</param>
    public VfsStatus Take(
        ulong inode, in Creation creation, Func<IDiskFile, string, VfsStatus>? restore, Func<string, VfsStatus>? copyAttributes,
        Func<StagedPlace> locate, Func<StagedFile, VfsStatus> bind, out StagedFile? file) =>
        Stage(creation, inode, restore, copyAttributes, locate, bind, out file);

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
    /// <param name="isExpected">Whether the file that has the path is the one that is meant; null for any.</param>
    /// <param name="bind">Called before lookups find it.</param>
    /// <returns><see cref="VfsStatus.Stale"/> when another file has the path, or none.</returns>
    public VfsStatus Adopt(string path, Predicate<SourceStat>? isExpected, Func<StagedFile, VfsStatus>? bind, out StagedFile? file)
    {
        file = null;

        // The number that it has in the source is another file's once it is archived.
        var adopted = new StagedFile(new StagedEntry(TakeId(), path, IsInPlace: true, InodeNumbers.New()), _time.GetTimestamp());

        // Opened here for whoever has it open already: under the lock of names everybody would wait for the source's disk.
        var status = Open(adopted, 1, 0);
        bool isOpen = status == VfsStatus.Ok;
        SourceStat stat = default;
        status = isOpen ? adopted.Raw.Stat(out stat)
            : status == VfsStatus.AccessDenied ? _disk.Stat(FullPath(path), out stat) // its permissions let nobody open it
            : status;
        adopted.Entry = adopted.Entry with { RawInode = stat.Version.Inode };
        status = status == VfsStatus.Ok && isExpected?.Invoke(stat) != false ? Land(adopted, bind)
            : status is VfsStatus.Ok or VfsStatus.NotFound ? VfsStatus.Stale
            : status;
        if (status != VfsStatus.Ok)
        {
            adopted.Dispose();
            return status;
        }

        if (isOpen)
        {
            Close(adopted, isWriter: false);
        }

        file = adopted;
        return VfsStatus.Ok;
    }

    private VfsStatus Stage(
        in Creation creation, ulong? inode, Func<IDiskFile, string, VfsStatus>? restore, Func<string, VfsStatus>? copyAttributes,
        Func<StagedPlace> locate, Func<StagedFile, VfsStatus>? bind, out StagedFile? file)
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
            Interlocked.Increment(ref _fileNames);
            status = Fill(raw!, rawPath, creation, restore, copyAttributes);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            inode ??= InodeNumbers.New();
            (status, string path, var archive, var origin) = locate();
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            var staged = new StagedFile(new StagedEntry(id, path, IsInPlace: false, inode.Value, archive, Origin: origin), _time.GetTimestamp());
            if (restore is null)
            {
                // Whoever creates a file may write to it, even where its permissions let nobody open it again.
                staged.Hold(raw!);
                raw = null;
            }

            status = Land(staged, bind);
            isStaged = status == VfsStatus.Ok;
            if (isStaged)
            {
                file = staged;
            }
            else
            {
                staged.Dispose();
            }

            return status;
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

    private VfsStatus Fill(
        IDiskFile raw, string rawPath, in Creation creation, Func<IDiskFile, string, VfsStatus>? restore, Func<string, VfsStatus>? copyAttributes)
    {
        var status = FileOwner.Give(_disk, creation.Permissions, creation.Uid, creation.Gid, change => raw.SetAttributes(change));
        status = status == VfsStatus.Ok && copyAttributes is not null ? copyAttributes(rawPath) : status;
        if (status == VfsStatus.Ok && restore is not null)
        {
            status = restore(raw, rawPath);

            // Once the journal names the raw file, it is what counts, and no longer the archive: it must not be torn.
            status = status == VfsStatus.Ok ? raw.Sync(dataOnly: false) : status;
        }

        return status;
    }

    private VfsStatus Land(StagedFile file, Func<StagedFile, VfsStatus>? bind) => Named(Apply([file.Entry], [], file, bind));

    private long TakeId()
    {
        lock (_changes)
        {
            return _nextId++;
        }
    }
}
