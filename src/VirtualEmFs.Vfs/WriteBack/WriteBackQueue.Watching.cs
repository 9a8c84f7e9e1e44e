using System.Diagnostics;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>The thread that finds out what is due.</summary>
internal sealed partial class WriteBackQueue
{
    // Of a hundred thousand staged files that change all the time, looking takes this part of one core at most.
    private const int RestPerScan = 20;

    private const int ReportLimit = 1_000;

    // Of ages in hours and days.
    private static readonly TimeSpan s_pruningInterval = TimeSpan.FromMinutes(1);

    private readonly AutoResetEvent _wake = new(false);
    private readonly ITimer _timer;
    private readonly List<StagedFile> _files = [];     // the watching thread's
    private readonly List<PendingFile> _due = [];      // the watching thread's
    private long _nextDue = long.MaxValue;             // the watching thread's
    private long _nextDiscard = long.MaxValue;         // the watching thread's
    private long _nextPruning;                         // the watching thread's
    private int _mustScan;
    private long _scanCount;

    /// <summary>Looks at all staged files so far.</summary>
    public long ScanCount => Interlocked.Read(ref _scanCount);

    private void RequestScan()
    {
        Volatile.Write(ref _mustScan, 1);
        _wake.Set();
    }

    private void Watch()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Look();
            }
            catch (Exception e)
            {
                WriteBackLog.OperationFailed(_logger, "looking for files to archive", e);
                _timer.Change(s_tick, Timeout.InfiniteTimeSpan);
            }

            _wake.WaitOne();
        }
    }

    private void Look()
    {
        lock (_gate)
        {
            foreach (var job in _running)
            {
                job.CancelIfOutdated();
            }

            if (_yieldingSince is not null)
            {
                Monitor.PulseAll(_gate);
            }
        }

        long now = _time.GetTimestamp();
        if (Interlocked.Exchange(ref _mustScan, 0) != 0 || now >= _nextDue)
        {
            long start = Stopwatch.GetTimestamp();
            Scan(now);
            var scanned = Stopwatch.GetElapsedTime(start);
            EndFlushes();
            Rest(scanned);
        }

        Discard(now);
        Prune(now);
        SetTimer();
    }

    /// <summary>Puts the files that are due in line.</summary>
    private void Scan(long now)
    {
        Interlocked.Increment(ref _scanCount);
        _files.Clear();
        _due.Clear();
        _area.Index.CopyTo(_files);
        _nextDue = long.MaxValue;
        FlushRequest[] flushes = BeginFlushes();
        foreach (var file in _files)
        {
            Consider(file, now, flushes);
        }

        lock (_gate)
        {
            ForgetGone();

            // What fails comes last: else files for which there is no room would end the turn of all others each time.
            _due.Sort((a, b) => (!a.IsAskedFor, a.IsFailing, a.ChangedTimestamp, a.File.Id).CompareTo((!b.IsAskedFor, b.IsFailing, b.ChangedTimestamp, b.File.Id)));
            (_line, _next) = ([.. _due], 0);
            Monitor.PulseAll(_gate);
        }

        _files.Clear();
    }

    private void Consider(StagedFile file, long now, FlushRequest[] flushes)
    {
        var entry = file.Entry;
        PendingFile pending;
        string? path;
        lock (_gate)
        {
            pending = PendingOf(file);
            path = pending.Path;
        }

        if (path != entry.Path)
        {
            var delay = _memory.DelayOf(entry.Path, _archiver.DelayOf(entry.Path) ?? _options.Delay);
            lock (_gate)
            {
                (pending.Path, pending.Delay) = (entry.Path, delay);
            }
        }

        bool isAskedFor = false;
        var (isOpen, _, changed) = file.Activity;
        lock (_gate)
        {
            bool isParked = IsParked(pending, entry);
            pending.OpenSince = isOpen ? pending.OpenSince ?? now : null;
            foreach (var flush in flushes)
            {
                if (flush.Concerns(file))
                {
                    isAskedFor = true;
                    Await(flush, pending, isParked, now);
                }
            }

            if (pending.IsRunning)
            {
                return;
            }

            if (isOpen || isParked)
            {
                file.State = isOpen ? StagedState.Writing : StagedState.Parked;
                return;
            }

            pending.IsAskedFor = isAskedFor || pending.IsRetried;
            pending.ChangedTimestamp = changed;
            long due = pending.Finished is not null || pending.IsAskedFor ? 0 : changed + TicksOf(pending.Delay);
            file.State = now >= due ? StagedState.Quiet : StagedState.Writing;
            due = Math.Max(due, Math.Max(pending.NotBefore, _spaceNotBefore));
            if (now >= due)
            {
                _due.Add(pending);
            }
            else
            {
                _nextDue = Math.Min(_nextDue, due);
            }
        }
    }

    /// <summary>Counts a file that a flush waits for. Programs go on from a close before the kernel tells of it: so much time has one that was just asked for, too. Under the gate.</summary>
    private void Await(FlushRequest flush, PendingFile pending, bool isParked, long now)
    {
        long patienceEnds = pending.OpenSince is { } since ? Math.Max(since, flush.Timestamp) + TicksOf(_options.FlushPatience) : long.MaxValue;
        if (!isParked && now < patienceEnds)
        {
            flush.WaitingCount++;
            _nextDue = Math.Min(_nextDue, patienceEnds);
        }
    }

    /// <summary>Parked, and nothing has happened since that ends it. Under the gate.</summary>
    private static bool IsParked(PendingFile pending, StagedEntry entry)
    {
        if (entry.ParkedReason is null)
        {
            pending.Parked = null;
            return false;
        }

        // Parked by a former mount: as if it had been now.
        pending.Parked ??= (entry.Path, pending.File.Generation);
        return !pending.IsRetried && pending.Parked == (entry.Path, pending.File.Generation);
    }

    /// <summary>Forgets files that are gone. Under the gate.</summary>
    private void ForgetGone()
    {
        if (_pending.Count <= _files.Count)
        {
            return;
        }

        foreach (var (id, pending) in _pending)
        {
            if (!pending.File.IsGone || pending.IsRunning)
            {
                continue;
            }

            if (pending.Finished is null)
            {
                _pending.Remove(id);
            }
            else
            {
                _due.Add(pending); // a worker removes what was made of it
            }
        }
    }

    /// <summary>Frees the room of raw files that are gone, once a second at most: each time the journal is flushed.</summary>
    private void Discard(long now)
    {
        if (!_area.HasDiscards)
        {
            _nextDiscard = long.MaxValue;
        }
        else if (_nextDiscard == long.MaxValue)
        {
            _nextDiscard = now + TicksOf(s_tick);
        }
        else if (now >= _nextDiscard)
        {
            _ = _area.FreeDiscards();
            _nextDiscard = _area.HasDiscards ? now + TicksOf(s_tick) : long.MaxValue;
        }
    }

    /// <summary>Removes originals that have their age, also while nothing is archived: their room may be what is missing for that.</summary>
    private void Prune(long now)
    {
        if (_options.KeepOriginals is { } policy && now >= _nextPruning)
        {
            _originals.Prune(policy, _time.GetUtcNow());
            _nextPruning = now + TicksOf(s_pruningInterval);
        }
    }

    private void SetTimer()
    {
        long next = Math.Min(_nextDue, _nextDiscard);
        next = _options.KeepOriginals is not null ? Math.Min(next, _nextPruning) : next;
        lock (_gate)
        {
            long now = _time.GetTimestamp();
            next = _running.Count > 0 ? Math.Min(next, now + TicksOf(s_tick)) : next;
            next = _yieldingSince is not null ? Math.Min(next, now + TicksOf(s_yieldTick)) : next;

            // Rounded up: a timer that rings too early would ring again at once.
            var dueTime = next == long.MaxValue
                ? Timeout.InfiniteTimeSpan
                : TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling((next - now) * 1000.0 / _time.TimestampFrequency), 0, int.MaxValue));
            if (!_stopping.IsCancellationRequested)
            {
                _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Rest(TimeSpan scanned)
    {
        if (scanned > TimeSpan.FromMilliseconds(1))
        {
            _stopping.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(Math.Min(scanned.TotalMilliseconds * RestPerScan, s_tick.TotalMilliseconds)));
        }
    }
}
