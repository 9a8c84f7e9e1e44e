using VirtualEmFs.Frames;

namespace VirtualEmFs.Vfs.Reading;

/// <summary>
/// Archives that are open, each version once, and a few that were closed last: RELION opens a stack once per particle,
/// and a frame map of 500 chunks costs a walk of its B-tree.
/// </summary>
/// <remarks>Any thread. The gate covers the dictionaries, never an open.</remarks>
internal sealed class OpenArchives(IArchiveFormats formats) : IDisposable
{
    // Idle archives hold file descriptors, and the space of deleted files.
    private const int IdleCount = 32;

    // Ids outlive the archives so that kept blocks are found again; 100,000 of them take about 10 MB.
    private const int RememberedIds = 100_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<OpenArchiveKey, OpenArchive> _archives = []; // guarded by _gate
    private readonly LinkedList<OpenArchive> _idle = [];                     // guarded by _gate; oldest first
    private readonly Dictionary<OpenArchiveKey, long> _ids = [];             // guarded by _gate
    private long _lastId;                                                    // guarded by _gate

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _archives.Count;
            }
        }
    }

    /// <summary>Opens an archive, or joins those who have it open. Waits for the disk.</summary>
    public OpenArchive Open(ArchiveDescription description)
    {
        var key = new OpenArchiveKey(description.Version, description.Member);
        if (TryJoin(key) is { } open)
        {
            return open;
        }

        IArchive archive = formats.Open(description);
        lock (_gate)
        {
            if (!_archives.ContainsKey(key))
            {
                if (!_ids.TryGetValue(key, out long id))
                {
                    if (_ids.Count >= RememberedIds)
                    {
                        _ids.Clear();
                    }

                    id = ++_lastId;
                    _ids.Add(key, id);
                }

                var opened = new OpenArchive(id, key, archive);
                _archives.Add(key, opened);
                return opened;
            }
        }

        // Another thread opened it meanwhile.
        archive.Dispose();
        return TryJoin(key) ?? Open(description);
    }

    /// <summary>Takes another reference of an archive that is open.</summary>
    public void AddReference(OpenArchive archive)
    {
        lock (_gate)
        {
            archive.References++;
        }
    }

    /// <summary>Gives a reference back.</summary>
    public void Close(OpenArchive archive)
    {
        OpenArchive? victim = null;
        lock (_gate)
        {
            if (--archive.References > 0)
            {
                return;
            }

            _idle.AddLast(archive);
            if (_idle.Count > IdleCount)
            {
                victim = _idle.First!.Value;
                _idle.RemoveFirst();
                _archives.Remove(victim.Key);
            }
        }

        victim?.Dispose();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (OpenArchive archive in _archives.Values)
            {
                archive.Dispose();
            }

            _archives.Clear();
            _idle.Clear();
        }
    }

    private OpenArchive? TryJoin(OpenArchiveKey key)
    {
        lock (_gate)
        {
            if (!_archives.TryGetValue(key, out OpenArchive? open))
            {
                return null;
            }

            if (open.References++ == 0)
            {
                _idle.Remove(open);
            }

            return open;
        }
    }
}
