using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

internal sealed partial class StagingArea
{
    /// <summary>Gives a staged file another name. An archive under it follows.</summary>
    /// <param name="replaced">The staged file that has the name; it is gone afterwards.</param>
    /// <param name="replacedSource">The file of the source that has the name, or its archive; removed. Null when there is none.</param>
    /// <returns><see cref="VfsStatus.AlreadyExists"/> when the source has another file where the archive would go, and
    /// <see cref="VfsStatus.Stale"/> when <paramref name="replacedSource"/> is not there any more.</returns>
    public VfsStatus Rename(StagedFile file, string newPath, StagedFile? replaced, (string Path, FileIdentity Identity)? replacedSource)
    {
        var actions = new List<SourceAction>();
        var entry = file.Entry;
        var status = Replaceable(replaced, replacedSource, out var removals);
        if (status == VfsStatus.Ok && removals.Count + (replaced is null ? 0 : 1) > 0 && !entry.IsInPlace)
        {
            // The old file was perhaps flushed; a power cut must not leave a new one whose bytes nobody has flushed.
            status = FlushRaw(file);
        }

        if (status == VfsStatus.Ok && entry.IsInPlace)
        {
            status = AddRename(actions, removals, entry.Path, newPath, null);
        }

        var moved = entry with { Path = newPath, Base = null };
        if (status == VfsStatus.Ok && entry.Base is { } archive)
        {
            string archivePath = ArchivePathOf(newPath);
            status = archive.Path == archivePath ? VfsStatus.Ok : AddRename(actions, removals, archive.Path, archivePath, identity => identity == archive.Identity);
            moved = moved with { Base = archive with { Path = archivePath } };
            if (status == VfsStatus.Stale)
            {
                // Somebody else has changed it: it is not what the file came out of, and stays what it is.
                (status, moved) = (VfsStatus.Ok, moved with { Base = null });
            }
        }

        return status == VfsStatus.Ok ? Named(Apply([moved], replaced is null ? [] : [replaced], [.. actions, .. removals])) : status;
    }

    /// <summary>Removes a staged file, and the archive under it: it never comes back.</summary>
    public VfsStatus Remove(StagedFile file)
    {
        var status = Replaceable(file, null, out var removals);
        return status == VfsStatus.Ok ? Named(Apply([], [file], [.. removals])) : status;
    }

    /// <summary>Renames a file of the source, an archive for instance, to a name that others have: they are gone afterwards.</summary>
    /// <param name="replaced">The staged file that has the name; null when there is none.</param>
    /// <param name="replacedSource">Another file of the source that goes with the name: an archive, or the plain file that has it.</param>
    /// <returns><see cref="VfsStatus.AlreadyExists"/> when the source has another file under the new name, and
    /// <see cref="VfsStatus.Stale"/> when one of the files is not there any more.</returns>
    public VfsStatus ReplaceBySource(
        StagedFile? replaced, string sourcePath, string newSourcePath, in SourceStat source, (string Path, FileIdentity Identity)? replacedSource)
    {
        var actions = new List<SourceAction>();
        ulong inode = source.Version.Inode;
        var status = Replaceable(replaced, replacedSource, out var removals);
        status = status == VfsStatus.Ok ? AddRename(actions, removals, sourcePath, newSourcePath, identity => identity.Inode == inode) : status;
        return status == VfsStatus.Ok ? Named(Apply([], replaced is null ? [] : [replaced], [.. actions, .. removals])) : status;
    }

    /// <summary>Renames a folder of the source with what is staged below it. The caller lets nobody else change names meanwhile.</summary>
    public VfsStatus MoveFolder(string path, string newPath, RenameMode mode, in SourceStat folder)
    {
        StagedEntry[] moved =
        [
            .. Moved(path, newPath),
            .. mode == RenameMode.Exchange ? Moved(newPath, path) : [],
        ];
        if (moved.Length == 0)
        {
            return ChangeSource(path, newPath, () => _disk.Rename(FullPath(path), FullPath(newPath), mode));
        }

        return Named(Apply(moved, [], [new SourceAction(path, newPath, FileIdentity.Of(folder), mode)]));
    }

    /// <summary>Archives are not tried again until someone asks; the reason is kept. Null lets the file go on.</summary>
    public VfsStatus Park(StagedFile file, string? reason) => Named(Apply([file.Entry with { ParkedReason = reason }], []));

    /// <summary>
    /// Puts a finished file in the place of a staged one: its archive, or its raw bytes unchanged. The file lies in the source.
    /// </summary>
    /// <param name="finishedPath">Path in the source where it came into being.</param>
    /// <param name="newPath">Its name.</param>
    /// <param name="mode">Replace for an archive that the file came out of and nobody has changed since.</param>
    /// <param name="raw">The raw file that it was made from; null for any.</param>
    /// <returns><see cref="VfsStatus.AlreadyExists"/> when the name belongs to a file that this one did not come out of, and
    /// <see cref="VfsStatus.Stale"/> when another program has changed a raw file that lies in the source.</returns>
    public VfsStatus Finish(StagedFile file, string finishedPath, string newPath, RenameMode mode, FileIdentity? raw = null)
    {
        // Its name under which it came into being must be durable before the journal counts on it.
        var status = _disk.SyncFolder(SourceActions.FolderOf(FullPath(finishedPath)));
        status = status == VfsStatus.Ok ? Replaceable(file, null, out var removals, raw) : NoRemovals(status, out removals);
        if (status == VfsStatus.Ok && mode != RenameMode.Replace && removals.Exists(removal => removal.Path == newPath))
        {
            return VfsStatus.AlreadyExists;
        }

        var actions = new List<SourceAction>();
        status = status == VfsStatus.Ok ? AddRename(actions, removals, finishedPath, newPath, null) : status;
        return status == VfsStatus.Ok ? Named(Apply([], [file], [.. actions, .. removals])) : status;
    }

    /// <summary>Forgets a file that stays in the source as it is: it lies there, or the archive shows the same that it came out of.</summary>
    public VfsStatus Release(StagedFile file) => Named(Apply([], [file]));

    /// <summary>What goes from the source with a staged file: its archive, and its raw file that lies there. What somebody else has changed stays.</summary>
    /// <param name="raw">What a raw file that lies in the source must still be; null for anything.</param>
    private VfsStatus Replaceable(
        StagedFile? staged, (string Path, FileIdentity Identity)? sourceFile, out List<SourceAction> removals, FileIdentity? raw = null)
    {
        removals = [];
        if (sourceFile is { } named)
        {
            var status = _source.Identify(named.Path, out var identity);
            if (status != VfsStatus.Ok || identity.Inode != named.Identity.Inode)
            {
                return status is VfsStatus.Ok or VfsStatus.NotFound ? VfsStatus.Stale : status;
            }

            removals.Add(new SourceAction(named.Path, null, identity));
        }

        if (staged?.Entry.Base is { } archive && !removals.Exists(removal => removal.Path == archive.Path))
        {
            var status = _source.Identify(archive.Path, out var identity);
            if (status is not (VfsStatus.Ok or VfsStatus.NotFound))
            {
                return status;
            }

            if (status == VfsStatus.Ok && identity == archive.Identity)
            {
                removals.Add(new SourceAction(archive.Path, null, identity));
            }
        }

        if (staged?.Entry is { IsInPlace: true } plain && !removals.Exists(removal => removal.Path == plain.Path))
        {
            var status = _source.Find(plain.Path, out var identity, out _);
            if (identity is not { } found)
            {
                return status;
            }

            if (raw is not null && found != raw)
            {
                return VfsStatus.Stale;
            }

            removals.Add(new SourceAction(plain.Path, null, found));
        }

        return VfsStatus.Ok;
    }

    /// <summary>Adds a rename, which replaces at most a file that would be removed otherwise.</summary>
    /// <param name="isExpected">Whether the file is the one that is meant; null for any.</param>
    /// <returns><see cref="VfsStatus.Stale"/> when the file is another one, or gone.</returns>
    private VfsStatus AddRename(
        List<SourceAction> actions, List<SourceAction> removals, string path, string newPath, Predicate<FileIdentity>? isExpected)
    {
        var status = _source.Identify(path, out var identity);
        if (status != VfsStatus.Ok || isExpected?.Invoke(identity) == false)
        {
            return status is VfsStatus.Ok or VfsStatus.NotFound ? VfsStatus.Stale : status;
        }

        int removal = removals.FindIndex(removal => removal.Path == newPath);
        if (removal < 0)
        {
            actions.Add(new SourceAction(path, newPath, identity, RenameMode.KeepExisting));
        }
        else
        {
            actions.Add(new SourceAction(path, newPath, identity, RenameMode.Replace, removals[removal].Identity));
            removals.RemoveAt(removal);
        }

        return VfsStatus.Ok;
    }

    private VfsStatus FlushRaw(StagedFile file)
    {
        int seenFailureCount = file.FlushFailureCount;
        var status = Use(file, (open, path) =>
        {
            if (open is not null)
            {
                return file.Flush(open, dataOnly: false, ref seenFailureCount);
            }

            var opened = _disk.Open(path, DiskAccess.Read, 0, out var raw);
            using (raw)
            {
                // Where its permissions let nobody open it, nobody can flush it either.
                return opened == VfsStatus.Ok ? file.Flush(raw!, dataOnly: false, ref seenFailureCount) : opened == VfsStatus.AccessDenied ? VfsStatus.Ok : opened;
            }
        });
        return status == VfsStatus.Ok ? SyncFiles() : status;
    }

    private IEnumerable<StagedEntry> Moved(string path, string newPath)
    {
        string New(string old) => newPath + old[path.Length..];
        return _index.Below(path).Select(file => file.Entry).Select(entry => entry with
        {
            Path = New(entry.Path),
            Base = entry.Base is { } archive ? archive with { Path = New(archive.Path) } : null,
            Origin = entry.Origin is { } origin && StagedIndex.IsBelow(origin.Path, path) ? origin with { Path = New(origin.Path) } : entry.Origin,
        });
    }

    private static VfsStatus NoRemovals(VfsStatus status, out List<SourceAction> removals)
    {
        removals = [];
        return status;
    }

    private VfsStatus Named(VfsStatus status)
    {
        if (status == VfsStatus.Ok)
        {
            Changed?.Invoke();
        }

        return status;
    }
}
