using System.Diagnostics.CodeAnalysis;

namespace VirtualEmFs.Vfs.Reading;

/// <summary>
/// Blocks that wait for a decode: those that readers wait for first, then those read ahead; each folder's in order, the folders in turn.
/// Each folder has a limit of threads, so that one whose disk hangs leaves the others theirs.
/// </summary>
/// <remarks>Any thread. The threads belong to the queue: the read path never waits on the shared thread pool.</remarks>
internal sealed class DecodeQueue : IDisposable
{
    private readonly int _threadLimit;
    private readonly int _folderLimit;
    private readonly int _readAheadLimit;
    private readonly Action<ActiveBlock> _decode;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Folder> _folders = new(StringComparer.Ordinal); // guarded by _gate; only those with work
    private readonly List<Folder> _line = [];                                           // guarded by _gate; those with blocks that wait
    private readonly List<Thread> _threads = [];                                        // guarded by _gate

    // The thread that became idle last works next: its tables and scratch memory are still in the core's cache, and threads
    // that are only there to wait for slow disks stay asleep while the disk is fast. Guarded by _gate.
    private readonly Stack<SemaphoreSlim> _idle = new();
    private int _waitingCount;                                                          // guarded by _gate
    private bool _isStopping;                                                           // guarded by _gate

    /// <param name="threadLimit">Threads at most, started on demand.</param>
    /// <param name="folderLimit">Blocks of one folder that are decoded at once.</param>
    /// <param name="readAheadLimit">Blocks of one folder, waiting or being decoded, beyond which one read ahead rouses no further thread:
    /// a run of eight would wake eight threads for two cores.</param>
    public DecodeQueue(int threadLimit, int folderLimit, int readAheadLimit, Action<ActiveBlock> decode) =>
        (_threadLimit, _folderLimit, _readAheadLimit, _decode) = (threadLimit, folderLimit, readAheadLimit, decode);

    /// <summary>Blocks that wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _waitingCount;
            }
        }
    }

    /// <summary>Queues a block. One that was queued for read-ahead may be queued again as wanted: it is decoded once.</summary>
    public void Add(ActiveBlock block, bool isWanted)
    {
        SemaphoreSlim? sleeper = null;
        lock (_gate)
        {
            string path = block.Archive.FolderPath;
            if (!_folders.TryGetValue(path, out var folder))
            {
                _folders.Add(path, folder = new Folder(path));
            }

            if (folder.WaitingCount == 0)
            {
                _line.Add(folder);
            }

            (isWanted ? folder.Wanted : folder.ReadAhead).Enqueue(block);
            _waitingCount++;
            if (!isWanted && folder.RunningCount + folder.WaitingCount > _readAheadLimit)
            {
                // Those awake take it when they are done: none goes to sleep while a block waits that may be decoded.
                return;
            }

            if (!_idle.TryPop(out sleeper) && _threads.Count < _threadLimit && folder.RunningCount + folder.WaitingCount <= _folderLimit
                && !_isStopping)
            {
                var thread = new Thread(Run) { IsBackground = true, Name = $"decode {_threads.Count}" };
                _threads.Add(thread);
                thread.Start();
            }
        }

        sleeper?.Release();
    }

    private void Run()
    {
        using var wake = new SemaphoreSlim(0);
        while (true)
        {
            Folder? folder;
            ActiveBlock? block;
            lock (_gate)
            {
                if (_isStopping)
                {
                    return;
                }

                if (!TryTake(out folder, out block))
                {
                    _idle.Push(wake);
                }
            }

            if (folder is null || block is null)
            {
                wake.Wait();
                continue;
            }

            if (block.TryStart())
            {
                _decode(block);
            }

            lock (_gate)
            {
                folder.RunningCount--;
                ForgetIfIdle(folder);
            }
        }
    }

    /// <summary>The block whose turn it is, if any may be decoded. Under the gate.</summary>
    private bool TryTake([NotNullWhen(true)] out Folder? folder, [NotNullWhen(true)] out ActiveBlock? block)
    {
        int place = NextInLine();
        if (place < 0)
        {
            (folder, block) = (null, null);
            return false;
        }

        folder = _line[place];
        _line.RemoveAt(place);
        block = folder.Wanted.Count > 0 ? folder.Wanted.Dequeue() : folder.ReadAhead.Dequeue();
        folder.RunningCount++;
        _waitingCount--;
        if (folder.WaitingCount > 0)
        {
            _line.Add(folder);
        }

        return true;
    }

    /// <summary>Place of the folder whose turn it is: the first with a block that somebody waits for, else the first; -1 when none may go on. Under the gate.</summary>
    private int NextInLine()
    {
        int place = -1;
        for (int i = 0; i < _line.Count; i++)
        {
            if (_line[i].RunningCount < _folderLimit)
            {
                if (_line[i].Wanted.Count > 0)
                {
                    return i;
                }

                place = place < 0 ? i : place;
            }
        }

        return place;
    }

    private void ForgetIfIdle(Folder folder)
    {
        if (folder.RunningCount == 0 && folder.WaitingCount == 0)
        {
            _folders.Remove(folder.Path);
        }
    }

    /// <summary>Lets decodes under way finish; those still queued are dropped.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isStopping = true;
            while (_idle.TryPop(out var sleeper))
            {
                sleeper.Release();
            }
        }

        // None is added any more.
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }

    /// <summary>The blocks of one folder. All but its path is guarded by the queue's gate.</summary>
    private sealed class Folder(string path)
    {
        public string Path { get; } = path;

        public Queue<ActiveBlock> Wanted { get; } = new();

        public Queue<ActiveBlock> ReadAhead { get; } = new();

        public int RunningCount { get; set; }

        public int WaitingCount => Wanted.Count + ReadAhead.Count;
    }
}
