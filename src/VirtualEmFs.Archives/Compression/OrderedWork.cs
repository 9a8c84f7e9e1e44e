namespace VirtualEmFs.Archives.Compression;

/// <summary>
/// Runs numbered jobs on several threads and hands their results on in order, so that what is written does not depend on the
/// number of threads.
/// </summary>
internal static class OrderedWork
{
    // Results that may wait for an earlier one, for each thread: enough to even out slow chunks, and it bounds memory.
    private const int WindowPerThread = 4;

    /// <summary>Runs all jobs; returns when every result was consumed.</summary>
    /// <param name="produce">Called on any thread with that thread's worker.</param>
    /// <param name="consume">Called for job 0, 1, 2 … one at a time, on any thread.</param>
    /// <exception cref="OperationCanceledException">Cancelled; no call is under way any more.</exception>
    /// <remarks>The first failure of either stops the rest and is thrown as it was.</remarks>
    public static void Run<TWorker, TResult>(
        long count, int threads, Func<TWorker> createWorker, Func<TWorker, long, TResult> produce, Action<TResult> consume,
        CancellationToken cancellation)
    {
        if (threads <= 1 || count <= 1)
        {
            TWorker worker = createWorker();
            for (long job = 0; job < count; job++)
            {
                cancellation.ThrowIfCancellationRequested();
                consume(produce(worker, job));
            }

            return;
        }

        var run = new Shared<TWorker, TResult>(count, threads * WindowPerThread, produce, consume, cancellation);
        var others = new Thread[(int)Math.Min(threads, count) - 1];
        for (int i = 0; i < others.Length; i++)
        {
            others[i] = new Thread(() => run.Work(createWorker)) { IsBackground = true, Name = "emfs compression" };
            others[i].Start();
        }

        run.Work(createWorker);
        foreach (Thread other in others)
        {
            other.Join();
        }

        run.ThrowIfFailed();
    }

    private sealed class Shared<TWorker, TResult>(
        long count, int window, Func<TWorker, long, TResult> produce, Action<TResult> consume, CancellationToken cancellation)
    {
        private readonly object _gate = new();
        private readonly Dictionary<long, TResult> _waiting = []; // guarded by _gate
        private long _nextJob; // guarded by _gate
        private long _nextResult; // guarded by _gate
        private bool _isConsuming; // guarded by _gate
        private System.Runtime.ExceptionServices.ExceptionDispatchInfo? _failure; // guarded by _gate

        public void Work(Func<TWorker> createWorker)
        {
            try
            {
                TWorker worker = createWorker();
                while (TryTake(out long job))
                {
                    Finish(job, produce(worker, job));
                }
            }
            catch (Exception exception) // whatever it is: it is thrown on the thread that called Run
            {
                lock (_gate)
                {
                    _failure ??= System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(exception);
                    Monitor.PulseAll(_gate);
                }
            }
        }

        public void ThrowIfFailed() => _failure?.Throw();

        private bool TryTake(out long job)
        {
            lock (_gate)
            {
                while (_failure is null && _nextJob < count && _nextJob - _nextResult >= window)
                {
                    Monitor.Wait(_gate);
                }

                job = _nextJob;
                if (_failure is not null || _nextJob == count)
                {
                    return false;
                }

                cancellation.ThrowIfCancellationRequested();
                _nextJob++;
                return true;
            }
        }

        private void Finish(long job, TResult result)
        {
            lock (_gate)
            {
                _waiting.Add(job, result);
                if (_isConsuming)
                {
                    return; // the consuming thread takes it in its turn
                }

                _isConsuming = true;
            }

            while (true)
            {
                lock (_gate)
                {
                    if (_failure is not null || !_waiting.Remove(_nextResult, out result!))
                    {
                        _isConsuming = false;
                        return;
                    }
                }

                consume(result);
                lock (_gate)
                {
                    _nextResult++;
                    Monitor.PulseAll(_gate);
                }
            }
        }
    }
}
