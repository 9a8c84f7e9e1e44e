using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>Where a staged file is on its way into the archive.</summary>
internal enum StagedState
{
    /// <summary>A program has it open, or it has not been quiet for long enough.</summary>
    Writing,

    /// <summary>Closed and quiet: it waits for its turn.</summary>
    Quiet,
    Compressing,
    Verifying,
    Committing,
    Parked,
}

/// <summary>A file whose bytes lie raw in the staging folder, or raw in the source while it waits to be archived.</summary>
/// <remarks>
/// Any thread. Whoever opens, renames, removes, archives or measures it holds <see cref="Names"/>; what changes with each write is guarded by
/// the file's own lock. Reads and writes need neither: while a program has the file open, its raw file stays.
/// </remarks>
internal sealed class StagedFile(StagedEntry entry, long timestamp) : IDisposable
{
    private readonly Lock _gate = new();
    private StagedEntry _entry = entry;
    private IDiskFile? _raw;             // guarded by _gate; set while open
    private bool _isRawReadOnly;         // guarded by _gate
    private List<IDiskFile>? _retired;   // guarded by _gate; raw files opened before the present one
    private int _openCount;              // guarded by _gate
    private int _writerCount;            // guarded by _gate
    private long _generation;            // guarded by _gate
    private long _changed = timestamp;   // guarded by _gate
    private readonly Lock _flushing = new();
    private int _flushFailureCount;      // guarded by _flushing
    private VfsStatus _flushFailure;     // guarded by _flushing; the last
    private int _isGone;

    /// <summary>One at a time changes what the file is called, or whether it is there. Waiting holds no thread.</summary>
    public SemaphoreSlim Names { get; } = new(1, 1);

    public long Id => Entry.Id;

    /// <summary>What the journal says of it.</summary>
    public StagedEntry Entry
    {
        get => Volatile.Read(ref _entry);
        set => Volatile.Write(ref _entry, value);
    }

    /// <summary>True once it was removed or archived; programs that have it open go on with their handles.</summary>
    public bool IsGone => Volatile.Read(ref _isGone) != 0;

    /// <summary>State, as the write-back sees it; for reports.</summary>
    public StagedState State { get; set; }

    /// <summary>The path whose folders in the source were flushed for it.</summary>
    public string? SyncedPath { get; set; }

    /// <summary>The raw file; only while a handle is open.</summary>
    public IDiskFile Raw => Volatile.Read(ref _raw) ?? throw new InvalidOperationException("the staged file is not open");

    /// <summary>Flushes that have failed; what a new handle has seen.</summary>
    public int FlushFailureCount => Volatile.Read(ref _flushFailureCount);

    public bool IsOpen
    {
        get
        {
            lock (_gate)
            {
                return _openCount > 0;
            }
        }
    }

    /// <summary>Counts changes of bytes and attributes: what was made from an earlier number is out of date.</summary>
    public long Generation
    {
        get
        {
            lock (_gate)
            {
                return _generation;
            }
        }
    }

    /// <summary>Whether it is closed, and when its bytes changed last, in ticks of the time provider.</summary>
    public (bool IsOpen, bool HasWriter, long ChangedTimestamp) Activity
    {
        get
        {
            lock (_gate)
            {
                return (_openCount > 0, _writerCount > 0, _changed);
            }
        }
    }

    /// <summary>Counts handles. The caller holds <see cref="Names"/>, or opens handles that were open on the file's archive.</summary>
    /// <param name="open">Opens the raw file; called for the first handle, and for the first that writes where the others could only read.</param>
    public VfsStatus Open(int handleCount, int writerCount, Func<bool, (VfsStatus Status, IDiskFile? File, bool IsReadOnly)> open)
    {
        lock (_gate)
        {
            if (_raw is null || (_isRawReadOnly && writerCount > 0))
            {
                var (status, file, isReadOnly) = open(writerCount > 0);
                if (status != VfsStatus.Ok)
                {
                    return status;
                }

                if (_raw is not null)
                {
                    (_retired ??= []).Add(_raw); // somebody may be reading from it
                }

                Volatile.Write(ref _raw, file);
                _isRawReadOnly = isReadOnly;
            }

            _openCount += handleCount;
            _writerCount += writerCount;
            return VfsStatus.Ok;
        }
    }

    /// <summary>Gives the file the handle with which its raw file was created, for the first that opens it.</summary>
    public void Hold(IDiskFile raw)
    {
        lock (_gate)
        {
            Volatile.Write(ref _raw, raw);
        }
    }

    /// <summary>Counts a handle if others are open, so that the raw file stays open; null when none is. Ended by <see cref="Close"/>.</summary>
    public IDiskFile? Pin()
    {
        lock (_gate)
        {
            if (_openCount == 0)
            {
                return null;
            }

            _openCount++;
            return _raw;
        }
    }

    /// <summary>Makes the bytes of its open raw file durable.</summary>
    /// <returns>A failure also when a flush that another handle asked for has failed since this one was opened or asked last: Linux tells of that once, and
    /// the bytes that were lost may be anybody's.</returns>
    /// <param name="seenFailureCount">Of the handle; brought up to date.</param>
    public VfsStatus Flush(IDiskFile raw, bool dataOnly, ref int seenFailureCount)
    {
        lock (_flushing)
        {
            var status = raw.Sync(dataOnly);
            if (status != VfsStatus.Ok)
            {
                (_flushFailureCount, _flushFailure) = (_flushFailureCount + 1, status);
            }

            bool isNews = seenFailureCount != _flushFailureCount;
            seenFailureCount = _flushFailureCount;
            return isNews ? _flushFailure : status;
        }
    }

    /// <summary>Ends a handle.</summary>
    /// <returns>True when it was the last.</returns>
    public bool Close(bool isWriter, long timestamp)
    {
        List<IDiskFile> ended = [];
        bool isLast;
        lock (_gate)
        {
            _openCount--;
            if (isWriter)
            {
                _writerCount--;
                _changed = timestamp;
            }

            isLast = _openCount == 0;
            if (isLast && _raw is not null)
            {
                ended = _retired ?? [];
                ended.Add(_raw);
                (_raw, _retired) = (null, null);
            }
        }

        foreach (var raw in ended)
        {
            raw.Dispose();
        }

        return isLast;
    }

    /// <summary>Counts a change of bytes or attributes; after it was made.</summary>
    public void NoteChange(long timestamp)
    {
        lock (_gate)
        {
            _generation++;
            _changed = timestamp;
        }
    }

    /// <summary>Marks the file as removed or archived.</summary>
    public void NoteGone() => Volatile.Write(ref _isGone, 1);

    public void Dispose()
    {
        _raw?.Dispose();
        Names.Dispose();
    }
}
