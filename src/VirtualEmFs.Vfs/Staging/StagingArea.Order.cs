namespace VirtualEmFs.Vfs.Staging;

/// <summary>
/// The order of changes that the journal knows and changes of the source that it does not know: after a power cut each of the two may be older
/// than the other, and a name that both have given away could then be two files, or hide one.
/// </summary>
internal sealed partial class StagingArea
{
    private readonly Lock _ordering = new();
    private readonly HashSet<string> _durableFolders = new(StringComparer.Ordinal);   // guarded by _ordering; folders of the source in which nothing has changed since a flush
    private readonly Dictionary<string, long> _vacated = new(StringComparer.Ordinal); // guarded by _ordering; names given up in lines not known to be durable
    private long _vacatedCount;                                                       // guarded by _ordering
    private long _sourceChangeCount;                                                  // guarded by _ordering

    /// <summary>Renames or removes a file or folder of the source in which nothing is staged. Durable after a flush of its folder.</summary>
    /// <param name="path">Path in the source.</param>
    /// <param name="newPath">Null for a removal.</param>
    /// <param name="change">Does it.</param>
    /// <returns><see cref="VfsStatus.Stale"/> when the name meant something else until now: to be looked up again.</returns>
    public VfsStatus ChangeSource(string path, string? newPath, Func<VfsStatus> change)
    {
        var status = EndHeldAt(newPath is null ? [path] : [path, newPath]);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        bool mustSync;
        lock (_ordering)
        {
            mustSync = newPath is not null
                && _vacated.Keys.Any(name => newPath == name || newPath == ArchivePathOf(name) || StagedIndex.IsBelow(name, newPath));
        }

        status = mustSync ? SyncNames() : VfsStatus.Ok;
        status = status == VfsStatus.Ok ? change() : status;
        lock (_ordering)
        {
            _sourceChangeCount++;
            _durableFolders.Remove(FolderIn(path));
            _durableFolders.Remove(FolderIn(newPath ?? path));
        }

        return status;
    }

    /// <summary>Makes a file, folder or link in the source, under a name that may have been a staged file's a moment ago: after a power cut it must not be
    /// hidden by that file. Durable after a flush of its folder.</summary>
    /// <returns>As <see cref="ChangeSource"/>.</returns>
    public VfsStatus MakeInSource(string path, Func<VfsStatus> make) => ChangeSource(path, path, make);

    /// <summary>Ends what is left to be done to files of the source that have a name, or are the archives of one.</summary>
    /// <returns><see cref="VfsStatus.Ok"/> when there was nothing; <see cref="VfsStatus.Busy"/> when it cannot be done yet.</returns>
    private VfsStatus EndHeldAt(IReadOnlyList<string> paths)
    {
        if (!HasHeldAt(paths))
        {
            return VfsStatus.Ok;
        }

        FinishHeldChanges();
        return HasHeldAt(paths) ? VfsStatus.Busy : VfsStatus.Stale;
    }

    private bool HasHeldAt(IReadOnlyList<string> paths)
    {
        if (Volatile.Read(ref _heldCount) == 0)
        {
            return false;
        }

        lock (_changes)
        {
            return _open.Values.Any(change => change is { IsHeld: true, End: ChangeEnd.None }
                && paths.Any(path => change.Touches(path) || change.Touches(ArchivePathOf(path))));
        }
    }

    /// <summary>How many names were given up so far.</summary>
    private long VacatedCount
    {
        get
        {
            lock (_ordering)
            {
                return _vacatedCount;
            }
        }
    }

    /// <summary>Makes what happened before in the folders of new entries durable: else an old file could come back under their names.</summary>
    private VfsStatus SyncFoldersOf(StagedEntry[] puts)
    {
        foreach (var entry in puts)
        {
            for (string folder = entry.Path; folder.Length > 0;)
            {
                folder = FolderIn(folder);
                var status = SyncOnce(folder);
                if (status != VfsStatus.Ok)
                {
                    return status;
                }
            }
        }

        return VfsStatus.Ok;
    }

    /// <summary>Flushes a folder in which something has changed since the last time. Others go on meanwhile: its disk may hang.</summary>
    private VfsStatus SyncOnce(string folder)
    {
        long changeCount;
        lock (_ordering)
        {
            if (_durableFolders.Contains(folder))
            {
                return VfsStatus.Ok;
            }

            changeCount = _sourceChangeCount;
        }

        var status = _source.SyncFolder(FullPath(folder));
        lock (_ordering)
        {
            if (status == VfsStatus.Ok && changeCount == _sourceChangeCount)
            {
                _durableFolders.Add(folder);
            }
        }

        return status;
    }

    private void NoteVacated(string path)
    {
        lock (_ordering)
        {
            _vacated[path] = ++_vacatedCount;
        }
    }

    /// <summary>The first names given up are durable.</summary>
    private void ForgetVacated(long count)
    {
        lock (_ordering)
        {
            foreach (var (path, number) in _vacated)
            {
                if (number <= count)
                {
                    _vacated.Remove(path);
                }
            }
        }
    }

    private static string FolderIn(string path) => path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";
}
