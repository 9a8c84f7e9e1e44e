using System.Diagnostics;
using Microsoft.Extensions.Logging;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>
/// Turns quiet staged files into archives in the background: oldest first, on threads of its own. Programs always win: what they do to a
/// file while it is being archived makes the archive worthless, never the other way round. semantics.md, Writing.
/// </summary>
/// <remarks>
/// Any thread. One thread looks at all staged files when something has changed or is due, and puts those that are due in line; workers take
/// them from there. Memory: a small record for each staged file.
/// </remarks>
internal sealed partial class WriteBackQueue : IDisposable
{
    private const int FailuresUntilParked = 5;

    // While work is under way it is checked this often whether somebody still needs it.
    private static readonly TimeSpan s_tick = TimeSpan.FromSeconds(1);

    // Requests of readers last milliseconds: after this pause the next job starts whatever they do, else one who reads all day would
    // let the staging folder fill up.
    private static readonly TimeSpan s_longestYield = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_yieldTick = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan s_firstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_lastRetry = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_joinTimeout = TimeSpan.FromSeconds(5);

    private readonly StagingArea _area;
    private readonly IDisk _disk;
    private readonly IArchiver _archiver;
    private readonly WriteBackOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly TemporaryFiles _temporaries;
    private readonly OriginalStore _originals;
    private readonly FileCommit _commit;
    private readonly FileArchiving _archiving;
    private readonly CommitMemory _memory;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Thread> _threads = [];

    private readonly object _gate = new();                              // Monitor: idle workers wait on it
    private readonly Dictionary<long, PendingFile> _pending = [];       // guarded by _gate
    private readonly List<RunningJob> _running = [];                    // guarded by _gate
    private readonly List<FlushRequest> _flushes = [];                  // guarded by _gate
    private PendingFile[] _line = [];                                   // guarded by _gate; files that are due, oldest first
    private int _next;                                                  // guarded by _gate; place in the line
    private long? _yieldingSince;                                       // guarded by _gate
    private WriteBackTotals _totals = new();                            // guarded by _gate
    private readonly Queue<Forecast> _forecasts = new();                // guarded by _gate
    private int _spaceFailureCount;                                     // guarded by _gate; a full disk stops everybody for a while
    private long _spaceNotBefore;                                       // guarded by _gate

    public WriteBackQueue(StagingArea area, IDisk disk, IArchiver archiver, WriteBackOptions options, ILogger logger, TimeProvider time)
    {
        (_area, _disk, _archiver, _options, _logger, _time) = (area, disk, archiver, options, logger, time);
        _temporaries = new TemporaryFiles(area, disk);
        _originals = new OriginalStore(disk, area.FolderPath);
        _memory = new CommitMemory(options, time);
        _commit = new FileCommit(area, disk, _temporaries, _originals, options, logger, time)
        {
            Committed = job => _memory.Note(job.Entry.Path, job.Pending.Delay),
        };
        _archiving = new FileArchiving(area, disk, archiver, _temporaries, _commit, options, logger) { Forecasting = Note };
        _timer = time.CreateTimer(_ => _wake.Set(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether requests of readers wait; then the next job starts a little later. Quick, from any thread.</summary>
    public Func<bool>? ReadersAreActive { get; init; }

    /// <summary>Raw files kept after their commit.</summary>
    public OriginalStore Originals => _originals;

    /// <summary>Cleans up what a killed mount left, and begins to work.</summary>
    public void Start()
    {
        _temporaries.Clean();
        _commit.RepairBases();
        _originals.Load(id => _area.Index.TryGet(id, out _));
        Prune(_time.GetTimestamp());
        HasEnded = false;
        _area.Changed += RequestScan;
        RequestScan();
        Begin("write-back", Watch);
        for (int i = 0; i < _options.Workers; i++)
        {
            Begin($"write-back {i}", Work);
        }
    }

    /// <summary>Tries a parked or failing file again at once. Waits for the disk.</summary>
    /// <returns>False when nothing is staged under the path.</returns>
    public bool Retry(string path)
    {
        if (_area.Index.Find(path) is not { } file)
        {
            return false;
        }

        lock (_gate)
        {
            var pending = PendingOf(file);
            pending.IsRetried = true;
            pending.NotBefore = 0;
            (pending.FailureCount, pending.FullDiskCount) = (0, 0);
            _spaceNotBefore = 0;
        }

        RequestScan();
        return true;
    }

    /// <summary>No thread of it works any more: before <see cref="Start"/>, and after <see cref="Dispose"/> unless a disk hangs.</summary>
    public bool HasEnded { get; private set; } = true;

    /// <summary>Ends work under way within seconds, and leaves everything staged.</summary>
    public void Dispose()
    {
        _area.Changed -= RequestScan;
        FlushRequest[] flushes;
        lock (_gate)
        {
            _stopping.Cancel();
            flushes = [.. _flushes];
            _flushes.Clear();
            Monitor.PulseAll(_gate);
        }

        foreach (var flush in flushes)
        {
            flush.End(null);
        }

        _wake.Set();
        long start = Stopwatch.GetTimestamp();
        HasEnded = true;
        foreach (var thread in _threads)
        {
            var left = s_joinTimeout - Stopwatch.GetElapsedTime(start);
            HasEnded &= thread.Join(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }

        // The event and the cancellation stay: a timer that rings now, or a file that is closed, may still use them.
        _timer.Dispose();
        if (!HasEnded)
        {
            return; // a disk that hangs; what the thread needs stays
        }

        foreach (var pending in _pending.Values)
        {
            if (pending.Finished?.TemporaryPath is { } path)
            {
                _commit.Discard(path);
            }
        }
    }

    private void Begin(string name, ThreadStart run)
    {
        var thread = new Thread(run) { IsBackground = true, Name = name };
        _threads.Add(thread);
        thread.Start();
    }

    /// <summary>Under the gate.</summary>
    private PendingFile PendingOf(StagedFile file)
    {
        if (!_pending.TryGetValue(file.Id, out var pending))
        {
            _pending.Add(file.Id, pending = new PendingFile(file));
        }

        return pending;
    }

    private long TicksOf(TimeSpan span) => (long)Math.Min(span.TotalSeconds * _time.TimestampFrequency, long.MaxValue / 4);
}
