using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Commands;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>
/// Runs jobs one after the other on several threads, block by block: the threads that find no block left in one file begin the next,
/// so that neither one large file nor many small ones leave a core idle.
/// </summary>
/// <remarks>Jobs are taken from the sequence as they are needed, so that only a few files are open at once.</remarks>
internal sealed class BlockWorkers
{
    private readonly Lock _gate = new();
    private readonly IEnumerator<IBlockJob> _jobs; // guarded by _gate
    private Progress? _current; // guarded by _gate

    private BlockWorkers(IEnumerator<IBlockJob> jobs) => _jobs = jobs;

    /// <summary>Runs every job to its end.</summary>
    /// <exception cref="OutputException">A job could not tell how it ended.</exception>
    /// <exception cref="AggregateException">A job threw something else than <see cref="IOException"/>.</exception>
    public static void Run(IEnumerable<IBlockJob> jobs, int threadCount, CancellationToken cancellation)
    {
        using IEnumerator<IBlockJob> sequence = jobs.GetEnumerator();
        var workers = new BlockWorkers(sequence);
        using var slots = new DecodeSlots(threadCount);
        var failures = new ConcurrentQueue<Exception>();
        var threads = new Thread[threadCount];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() =>
            {
                try
                {
                    workers.Work(slots, cancellation);
                }
                catch (Exception e)
                {
                    failures.Enqueue(e);
                }
            })
            { Name = $"block worker {i}", IsBackground = true };
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        workers._current?.Job.Dispose();
        cancellation.ThrowIfCancellationRequested();
        if (failures.OfType<OutputException>().FirstOrDefault() is { } unprinted)
        {
            ExceptionDispatchInfo.Throw(unprinted);
        }

        if (!failures.IsEmpty)
        {
            throw new AggregateException(failures);
        }
    }

    private void Work(DecodeSlots slots, CancellationToken cancellation)
    {
        var buffer = new WorkerBuffer();
        while (!cancellation.IsCancellationRequested && TryTake(out Progress? progress, out long block))
        {
            IOException? fault = null;
            try
            {
                progress.Job.Process(block, buffer, slots);
            }
            catch (IOException e)
            {
                fault = e;
            }
            catch (Exception e)
            {
                progress.End(block, new IOException(e.Message, e));
                throw;
            }

            // Outside: what fails here is no fault of the block, but that of telling how the job ended.
            progress.End(block, fault);
        }
    }

    private bool TryTake([NotNullWhen(true)] out Progress? progress, out long block)
    {
        // Opening the next file happens under the gate: the others would have nothing to do meanwhile.
        lock (_gate)
        {
            while (_current is null || !_current.TryBegin(out block))
            {
                if (!_jobs.MoveNext())
                {
                    (_current, progress, block) = (null, null, 0);
                    return false;
                }

                _current = new Progress(_jobs.Current);
            }

            progress = _current;
            return true;
        }
    }

    /// <summary>How far one job is.</summary>
    private sealed class Progress(IBlockJob job)
    {
        private readonly Lock _gate = new();
        private long _begun; // guarded by _gate, as are all below
        private int _underWay;
        private long _faultBlock = long.MaxValue;
        private IOException? _fault;
        private bool _finished;

        public IBlockJob Job => job;

        public bool TryBegin(out long block)
        {
            lock (_gate)
            {
                block = _begun;
                if (_fault is not null || _begun == job.BlockCount)
                {
                    return false;
                }

                _begun++;
                _underWay++;
                return true;
            }
        }

        /// <summary>Blocks are begun in order, so the fault of the lowest block is the first of the file.</summary>
        public void End(long block, IOException? fault)
        {
            lock (_gate)
            {
                if (fault is not null && block < _faultBlock)
                {
                    (_faultBlock, _fault) = (block, fault);
                }

                _underWay--;
                if (_underWay > 0 || _finished || (_fault is null && _begun < job.BlockCount))
                {
                    return;
                }

                _finished = true;
            }

            using (job)
            {
                job.Finish(_fault);
            }
        }
    }
}
