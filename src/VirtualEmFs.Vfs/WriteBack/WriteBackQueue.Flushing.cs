using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>Those who wait until everything is archived.</summary>
internal sealed partial class WriteBackQueue
{
    /// <summary>
    /// Makes everything at and below a path due at once. Ends when none of the files that are staged there now is staged any more, but for
    /// those that stay open or are parked; a full disk is waited for.
    /// </summary>
    /// <param name="path">Path in the source; null for everything.</param>
    public Task<FlushResult> Flush(string? path, CancellationToken cancellation) => Add(new FlushRequest(path ?? "", isAwaited: true, _time.GetTimestamp()), cancellation);

    /// <summary>Makes the same due at once, for nobody who waits: the archiving still lets others go first.</summary>
    public void Hurry(string? path) => _ = Add(new FlushRequest(path ?? "", isAwaited: false, _time.GetTimestamp()), CancellationToken.None);

    private Task<FlushResult> Add(FlushRequest flush, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested)
            {
                return Task.FromCanceled<FlushResult>(_stopping.Token);
            }

            _flushes.Add(flush);
        }

        flush.Registration = cancellation.Register(() =>
        {
            lock (_gate)
            {
                _flushes.Remove(flush);
            }

            flush.Completion.TrySetCanceled(cancellation);
        });
        RequestScan();
        return flush.Completion.Task;
    }

    /// <summary>Archives what is staged, before an unmount.</summary>
    public Task<FlushResult> Drain(CancellationToken cancellation) => Flush(null, cancellation);

    private FlushRequest[] BeginFlushes()
    {
        lock (_gate)
        {
            foreach (var flush in _flushes)
            {
                flush.WaitingCount = 0;
                if (flush.LastId is null)
                {
                    // Files that are gone while a worker still has them in hand count too: their remains go first.
                    flush.LastId = _files.Select(file => file.Id).Concat(_running.Select(job => job.File.Id)).DefaultIfEmpty().Max();
                    RetryWhat(flush);
                }
            }

            return [.. _flushes];
        }
    }

    /// <summary>Whoever asks for a flush has perhaps just made room. Under the gate.</summary>
    private void RetryWhat(FlushRequest flush)
    {
        foreach (var pending in _pending.Values)
        {
            if (pending.NotBefore > 0 && flush.Concerns(pending.File))
            {
                (pending.NotBefore, _spaceNotBefore) = (0, 0);
            }
        }
    }

    private void EndFlushes()
    {
        FlushRequest[] ended;
        lock (_gate)
        {
            ended = [.. _flushes.Where(flush => flush is { LastId: not null, WaitingCount: 0 } && !_running.Exists(job => flush.Concerns(job.File)))];
        }

        if (ended.Length == 0)
        {
            return;
        }

        if (_area.HasDiscards)
        {
            _ = _area.FreeDiscards();
        }

        foreach (var flush in ended)
        {
            if (ResultOf(flush) is not { } result)
            {
                RequestScan(); // closed in this moment: now it is due
                continue;
            }

            lock (_gate)
            {
                _flushes.Remove(flush);
            }

            flush.End(result);
        }
    }

    /// <summary>What remains; null when something does for no reason.</summary>
    private FlushResult? ResultOf(FlushRequest flush)
    {
        var remaining = new List<HeldFile>();
        int count = 0;
        foreach (var file in _area.Index.All())
        {
            if (!flush.Concerns(file))
            {
                continue;
            }

            string? reason = file.IsOpen ? "a program has it open" : file.Entry.ParkedReason;
            if (reason is null)
            {
                return null;
            }

            count++;
            Add(remaining, new HeldFile(file.Entry.Path, reason));
        }

        return new FlushResult(remaining, count);
    }
}
