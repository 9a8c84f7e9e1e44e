namespace VirtualEmFs.Tests.Vfs.WriteBack;

/// <summary>A clock that stands still until it is moved; timers ring as it passes them.</summary>
/// <remarks>Any thread; timers ring on the thread that moves the clock.</remarks>
internal sealed class SteppedTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Timer> _timers = []; // guarded by _gate
    private long _ticks = TimeSpan.TicksPerDay;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>What people have set the clock to, beside what has passed since the machine started.</summary>
    public TimeSpan Correction { get; set; }

    /// <summary>Timers made and not given back.</summary>
    public int TimerCount
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count;
            }
        }
    }

    /// <summary>A timer will ring when time passes.</summary>
    public bool IsTimerSet
    {
        get
        {
            lock (_gate)
            {
                return _timers.Exists(timer => timer.Due != long.MaxValue);
            }
        }
    }

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(GetTimestamp()) + Correction;

    public void Advance(TimeSpan time)
    {
        List<Timer> ringing;
        lock (_gate)
        {
            _ticks += time.Ticks;
            ringing = [.. _timers.Where(timer => timer.Due <= _ticks)];
            ringing.ForEach(timer => timer.Due = long.MaxValue);
        }

        ringing.ForEach(timer => timer.Ring());
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        lock (_gate)
        {
            _timers.Add(timer);
        }

        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(SteppedTime clock, TimerCallback callback, object? state) : ITimer
    {
        public long Due { get; set; } = long.MaxValue; // guarded by the clock's gate

        public void Ring() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            bool rings;
            lock (clock._gate)
            {
                Due = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : clock._ticks + dueTime.Ticks;
                rings = Due <= clock._ticks;
                Due = rings ? long.MaxValue : Due;
            }

            if (rings)
            {
                Ring();
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
