namespace VirtualEmFs.Vfs.Reading;

/// <summary>Blocks that wait for a decode: those that readers wait for first, then those read ahead; each in order.</summary>
/// <remarks>Any thread. The threads belong to the queue: the read path never waits on the shared thread pool.</remarks>
internal sealed class DecodeQueue : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Queue<ActiveBlock> _wanted = new();    // guarded by _gate
    private readonly Queue<ActiveBlock> _readAhead = new(); // guarded by _gate

    // The thread that became idle last works next: its tables and scratch memory are still in the core's cache, and threads
    // that are only there to wait for slow disks stay asleep while the disk is fast. Guarded by _gate.
    private readonly Stack<SemaphoreSlim> _idle = new();
    private readonly Thread[] _threads;
    private readonly Action<ActiveBlock> _decode;
    private bool _isStopped; // guarded by _gate

    public DecodeQueue(int threadCount, Action<ActiveBlock> decode)
    {
        _decode = decode;
        _threads = new Thread[threadCount];
        for (int i = 0; i < threadCount; i++)
        {
            _threads[i] = new Thread(Run) { IsBackground = true, Name = $"decode {i}" };
            _threads[i].Start();
        }
    }

    /// <summary>Blocks that wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _wanted.Count + _readAhead.Count;
            }
        }
    }

    /// <summary>Queues a block. One that was queued for read-ahead may be queued again as wanted: it is decoded once.</summary>
    public void Add(ActiveBlock block, bool isWanted)
    {
        SemaphoreSlim? sleeper;
        lock (_gate)
        {
            (isWanted ? _wanted : _readAhead).Enqueue(block);
            _idle.TryPop(out sleeper);
        }

        sleeper?.Release();
    }

    private void Run()
    {
        using var wake = new SemaphoreSlim(0);
        while (true)
        {
            ActiveBlock? block;
            lock (_gate)
            {
                if (_isStopped)
                {
                    return;
                }

                if (!_wanted.TryDequeue(out block) && !_readAhead.TryDequeue(out block))
                {
                    _idle.Push(wake);
                }
            }

            if (block is null)
            {
                wake.Wait();
            }
            else if (block.TryStart())
            {
                _decode(block);
            }
        }
    }

    /// <summary>Lets decodes under way finish; those still queued are dropped.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isStopped = true;
            while (_idle.TryPop(out var sleeper))
            {
                sleeper.Release();
            }
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }
}
