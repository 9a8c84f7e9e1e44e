namespace VirtualEmFs.Vfs.Reading;

/// <summary>Blocks that wait for a decode: those that readers wait for first, then those read ahead; each in order.</summary>
/// <remarks>Any thread. The threads belong to the queue: the read path never waits on the shared thread pool.</remarks>
internal sealed class DecodeQueue : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Queue<ActiveBlock> _wanted = new();    // guarded by _gate
    private readonly Queue<ActiveBlock> _readAhead = new(); // guarded by _gate
    private readonly SemaphoreSlim _available = new(0);
    private readonly Thread[] _threads;
    private readonly Action<ActiveBlock> _decode;
    private volatile bool _stopped;

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
        lock (_gate)
        {
            (isWanted ? _wanted : _readAhead).Enqueue(block);
        }

        _available.Release();
    }

    private void Run()
    {
        while (true)
        {
            _available.Wait();
            if (_stopped)
            {
                return;
            }

            ActiveBlock block;
            lock (_gate)
            {
                block = _wanted.Count > 0 ? _wanted.Dequeue() : _readAhead.Dequeue();
            }

            if (block.TryStart())
            {
                _decode(block);
            }
        }
    }

    /// <summary>Lets decodes under way finish; those still queued are dropped.</summary>
    public void Dispose()
    {
        _stopped = true;
        _available.Release(_threads.Length);
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        _available.Dispose();
    }
}
