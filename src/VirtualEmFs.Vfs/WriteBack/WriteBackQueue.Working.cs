using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>The threads that archive.</summary>
internal sealed partial class WriteBackQueue
{
    private void Work()
    {
        while (Take() is { } job)
        {
            using (job)
            {
                Settle(job, _archiving.Run(job));
            }
        }
    }

    /// <summary>Waits for a file that is due; null when everything ends.</summary>
    private RunningJob? Take()
    {
        lock (_gate)
        {
            while (!_stopping.IsCancellationRequested)
            {
                if (_next < _line.Length && !MustYield())
                {
                    var pending = _line[_next++];
                    if (IsStillDue(pending))
                    {
                        pending.IsRunning = true;
                        pending.File.State = StagedState.Compressing;
                        var job = new RunningJob(pending, _time.GetTimestamp(), _stopping.Token)
                        {
                            IsAwaited = _flushes.Exists(flush => flush.IsAwaited && flush.Concerns(pending.File)),
                        };
                        _running.Add(job);
                        _wake.Set(); // from now on there is something to watch
                        return job;
                    }
                }
                else
                {
                    Monitor.Wait(_gate);
                }
            }

            return null;
        }
    }

    /// <summary>Under the gate.</summary>
    private bool IsStillDue(PendingFile pending)
    {
        long now = _time.GetTimestamp();
        if (pending.IsRunning || now < Math.Max(pending.NotBefore, _spaceNotBefore))
        {
            return false;
        }

        var (isOpen, _, changed) = pending.File.Activity;
        if (pending.File.IsGone)
        {
            return pending.Finished is not null;
        }

        if (!isOpen && changed != pending.ChangedTimestamp)
        {
            RequestScan();
        }

        return !isOpen && changed == pending.ChangedTimestamp;
    }

    /// <summary>Readers go first, for a while. Under the gate.</summary>
    private bool MustYield()
    {
        if (_flushes.Exists(flush => flush.WaitingCount > 0) || ReadersAreActive is not { } readersAreActive || !readersAreActive())
        {
            _yieldingSince = null;
            return false;
        }

        if (_yieldingSince is not { } since)
        {
            _yieldingSince = _time.GetTimestamp();
            _wake.Set(); // somebody must look again
            return true;
        }

        if (_time.GetElapsedTime(since) < s_longestYield)
        {
            return true;
        }

        _yieldingSince = null;
        return false;
    }

    private void Settle(RunningJob job, JobOutcome outcome)
    {
        if (outcome is { End: JobEnd.Failed, IsForEver: false, Reason: { } reason } && job.Pending.FailureCount + 1 >= FailuresUntilParked)
        {
            outcome = new JobOutcome(JobEnd.Parked, Reason: reason);
        }

        if (outcome.End == JobEnd.Parked)
        {
            outcome = _archiving.Guarded(job, () => _commit.Park(job, outcome.Reason!));
        }

        bool isNews = false;
        lock (_gate)
        {
            var pending = job.Pending;
            _running.Remove(job);
            pending.IsRunning = false;
            pending.IsRetried = false;
            pending.Finished = null;
            switch (outcome.End)
            {
                case JobEnd.Done:
                    _pending.Remove(job.File.Id);
                    _spaceFailureCount = 0;
                    Count(outcome.Finished);
                    break;
                case JobEnd.Superseded:
                    (pending.FailureCount, pending.FullDiskCount) = (0, 0);
                    _totals = _totals with { DiscardedJobs = _totals.DiscardedJobs + 1 };
                    break;
                case JobEnd.WaitsForClose:
                    pending.Finished = outcome.Finished;
                    break;
                default:
                    isNews = NoteFailure(pending, job, outcome);
                    break;
            }
        }

        Tell(job, outcome, isNews);
        RequestScan();
    }

    /// <summary>Under the gate.</summary>
    /// <returns>True for a reason that the log does not have yet.</returns>
    private bool NoteFailure(PendingFile pending, RunningJob job, JobOutcome outcome)
    {
        bool isNews = pending.Reason != outcome.Reason || outcome.End == JobEnd.Parked;
        pending.Reason = outcome.Reason;
        if (outcome.End == JobEnd.Parked)
        {
            (pending.FailureCount, pending.FullDiskCount) = (0, 0);
            pending.Parked = (job.Entry.Path, job.Generation);
            return isNews;
        }

        (pending.FailureCount, pending.FullDiskCount) = outcome.IsForEver ? (0, pending.FullDiskCount + 1) : (pending.FailureCount + 1, 0);
        long now = _time.GetTimestamp();
        pending.NotBefore = now + TicksOf(RetryDelay(pending.FailureCount + pending.FullDiskCount));
        if (outcome.IsForEver && _spaceNotBefore <= now)
        {
            // Where one file found no room the next need not try at once; one minute at most, since others may have quotas of their own.
            _spaceNotBefore = now + TicksOf(TimeSpan.FromTicks(Math.Min(RetryDelay(++_spaceFailureCount).Ticks, TimeSpan.TicksPerMinute)));
        }

        return isNews;
    }

    /// <summary>1 s, 4 s, 16 s … 10 min.</summary>
    private static TimeSpan RetryDelay(int failureCount)
    {
        double seconds = s_firstRetry.TotalSeconds * Math.Pow(4, Math.Min(failureCount, 16) - 1);
        return TimeSpan.FromSeconds(Math.Min(seconds, s_lastRetry.TotalSeconds));
    }

    private void Tell(RunningJob job, JobOutcome outcome, bool isNews)
    {
        string path = job.Entry.Path;
        switch (outcome.End)
        {
            case JobEnd.Done:
                if (outcome.Finished is { Kind: FinishedKind.Archive, Result: var result })
                {
                    WriteBackLog.Archived(_logger, path, result.RawLengthBytes, result.ArchiveLengthBytes, result.Rule, result.Bits);
                }
                else if (outcome.Finished is { Kind: FinishedKind.Raw, Result.KeptRawReason: { } kept })
                {
                    WriteBackLog.KeptRaw(_logger, path, kept);
                }

                break;
            case JobEnd.Failed when isNews:
                WriteBackLog.Failed(_logger, path, outcome.Reason!);
                break;
            case JobEnd.Parked when isNews:
                WriteBackLog.Parked(_logger, path, outcome.Reason!);
                break;
        }
    }

    /// <summary>Under the gate.</summary>
    private void Count(FinishedFile? finished)
    {
        switch (finished)
        {
            case { Kind: FinishedKind.Archive, Result: var result }:
                _totals = _totals with
                {
                    ArchivedFiles = _totals.ArchivedFiles + 1,
                    GuardedFiles = _totals.GuardedFiles + (result.GuardedFrames > 0 ? 1 : 0),
                    ClampedSamples = _totals.ClampedSamples + result.ClampedSamples,
                    RawBytes = _totals.RawBytes + result.RawLengthBytes,
                    ArchiveBytes = _totals.ArchiveBytes + result.ArchiveLengthBytes,
                };
                break;
            case { Kind: FinishedKind.Raw }:
                _totals = _totals with { KeptRawFiles = _totals.KeptRawFiles + 1 };
                break;
            case { Kind: FinishedKind.Earlier }:
                _totals = _totals with { UntouchedFiles = _totals.UntouchedFiles + 1 };
                break;
        }
    }

    private void Note(Forecast forecast)
    {
        lock (_gate)
        {
            _forecasts.Enqueue(forecast);
            if (_forecasts.Count > ReportLimit)
            {
                _forecasts.Dequeue();
            }
        }
    }
}
