namespace VirtualEmFs.Vfs.Scheduling;

/// <summary>
/// Runs whatever may wait for the disk, on threads of its own. Each folder is a lane with a limit, so that a folder whose
/// disk hangs holds a few threads and the others go on.
/// </summary>
/// <remarks>
/// Any thread. No item may wait for another item: it awaits instead, and its continuation comes back to its lane, since the lane
/// is the synchronization context of its items. The shared thread pool is never used.
/// </remarks>
internal sealed class IoQueue : IDisposable
{
    private readonly int _threadLimit;
    private readonly int _laneLimit;
    private readonly object _gate = new();
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal); // guarded by _gate; only those with work
    private readonly Queue<Lane> _ready = new();                                    // guarded by _gate; waiting work and room to run it
    private int _threadCount;                                                       // guarded by _gate
    private int _idleCount;                                                         // guarded by _gate; idle threads not yet woken
    private int _waitingCount;                                                      // guarded by _gate
    private bool _isStopping;                                                       // guarded by _gate

    /// <param name="threadLimit">Threads at most, started on demand: 64 outlast seven hung folders and cost nothing while idle.</param>
    /// <param name="laneLimit">Items of one folder that run at once: 8 hide the latency of a network disk while a folder is listed.</param>
    public IoQueue(int threadLimit = 64, int laneLimit = 8) => (_threadLimit, _laneLimit) = (threadLimit, laneLimit);

    /// <summary>Items that wait for a thread or for room in their lane.</summary>
    public int WaitingCount
    {
        get
        {
            lock (_gate)
            {
                return _waitingCount;
            }
        }
    }

    /// <summary>Items of one lane that run at once, at most.</summary>
    public int LaneLimit => _laneLimit;

    /// <summary>Runs an operation in a lane. The task ends when the operation does, with its exception if it has one.</summary>
    /// <param name="lane">Path of the folder whose disk the operation waits for.</param>
    public Task Run(string lane, Func<Task> operation)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(lane, _ => _ = RunInLane(operation, ended), null);
        return ended.Task;
    }

    /// <summary>Lets other items of the lane go first; to be awaited inside an item.</summary>
    public Task Yield(string lane)
    {
        var turn = new TaskCompletionSource();
        Post(lane, static turn => ((TaskCompletionSource)turn!).SetResult(), turn);
        return turn.Task;
    }

    /// <summary>Ends the threads once the queued work is done. Work that arrives later still runs.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isStopping = true;
            _idleCount = 0;
            Monitor.PulseAll(_gate);
        }
    }

    private static async Task RunInLane(Func<Task> operation, TaskCompletionSource ended)
    {
        try
        {
            await operation();
            ended.SetResult();
        }
        catch (Exception exception)
        {
            ended.SetException(exception);
        }
    }

    private void Post(string lane, SendOrPostCallback callback, object? state)
    {
        lock (_gate)
        {
            if (!_lanes.TryGetValue(lane, out var entry))
            {
                _lanes.Add(lane, entry = new Lane(this, lane));
            }

            entry.Waiting.Enqueue((callback, state));
            _waitingCount++;
            MakeReady(entry);
            if (_idleCount > 0)
            {
                // Counted off here and not by the thread: two items posted at once must wake two threads.
                _idleCount--;
                Monitor.Pulse(_gate);
            }
            else if (_threadCount < _threadLimit && _ready.Count > 0)
            {
                _threadCount++;
                new Thread(Work) { IsBackground = true, Name = "emfs I/O" }.Start();
            }
        }
    }

    /// <summary>Puts a lane in line when it has work that may run. Under the gate.</summary>
    private void MakeReady(Lane lane)
    {
        if (!lane.IsReady && lane.Waiting.Count > 0 && lane.RunningCount < _laneLimit)
        {
            lane.IsReady = true;
            _ready.Enqueue(lane);
        }
    }

    private void Work()
    {
        while (TryTake(out var lane, out var item))
        {
            SynchronizationContext.SetSynchronizationContext(lane.Context);
            item.Callback(item.State);
            SynchronizationContext.SetSynchronizationContext(null);
            lock (_gate)
            {
                lane.RunningCount--;
                MakeReady(lane);
                if (lane.RunningCount == 0 && lane.Waiting.Count == 0)
                {
                    _lanes.Remove(lane.Path);
                }
            }
        }
    }

    private bool TryTake(out Lane lane, out (SendOrPostCallback Callback, object? State) item)
    {
        lock (_gate)
        {
            while (_ready.Count == 0)
            {
                if (_isStopping)
                {
                    _threadCount--;
                    (lane, item) = (null!, default);
                    return false;
                }

                _idleCount++;
                Monitor.Wait(_gate);
            }

            lane = _ready.Dequeue();
            lane.IsReady = false;
            item = lane.Waiting.Dequeue();
            lane.RunningCount++;
            _waitingCount--;
            MakeReady(lane);
            return true;
        }
    }

    /// <summary>The items of one folder. All but <see cref="Context"/> is guarded by the queue's gate.</summary>
    private sealed class Lane(IoQueue queue, string path)
    {
        public string Path { get; } = path;

        public Queue<(SendOrPostCallback Callback, object? State)> Waiting { get; } = new();

        public int RunningCount { get; set; }

        /// <summary>True while the lane stands in line.</summary>
        public bool IsReady { get; set; }

        public LaneContext Context { get; } = new(queue, path);
    }

    /// <summary>Brings continuations back to their lane.</summary>
    private sealed class LaneContext(IoQueue queue, string path) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => queue.Post(path, d, state);

        public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("an item never waits for another");

        public override SynchronizationContext CreateCopy() => this;
    }
}
