using System.Collections.Concurrent;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Commands;
using VirtualEmFs.Mount.Extraction;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Extraction;

public sealed class BlockWorkersTests
{
    [Fact]
    public void Run_OfSeveralJobs_ProcessesEveryBlockOnceAndFinishesEachJobOnce()
    {
        CountingJob[] jobs = [.. Enumerable.Range(1, 20).Select(count => new CountingJob(count))];
        BlockWorkers.Run(jobs, 4, CancellationToken.None);
        foreach (CountingJob job in jobs)
        {
            Assert.Equal(Enumerable.Range(0, (int)job.BlockCount).Select(block => (long)block), job.Processed.Order());
            Assert.Equal([null], job.Finished);
            Assert.True(job.IsDisposed);
        }
    }

    /// <summary>The fault to report is the first of the file, whichever thread meets one first; other files go on.</summary>
    [Fact]
    public void Run_WithSeveralFaults_FinishesWithTheFirstInFileOrder()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var damaged = new CountingJob(100) { FaultyBlocks = [40, 41, 42, 43] };
            var sound = new CountingJob(10);
            BlockWorkers.Run([damaged, sound], 4, CancellationToken.None);
            Assert.Equal("block 40", Assert.Single(damaged.Finished)!.Message);
            Assert.True(damaged.Processed.Count < 50);
            Assert.Equal(10, sound.Processed.Count);
        }
    }

    /// <summary>Jobs hold files open: one is asked for only when the blocks of those before it are taken.</summary>
    [Fact]
    public void Run_OfALongSequence_OpensJobsOneByOne()
    {
        int opened = 0, closed = 0, mostAtOnce = 0;
        IEnumerable<IBlockJob> Jobs()
        {
            for (int i = 0; i < 100; i++)
            {
                mostAtOnce = Math.Max(mostAtOnce, ++opened - Volatile.Read(ref closed));
                yield return new CountingJob(3) { Closed = () => Interlocked.Increment(ref closed) };
            }
        }

        BlockWorkers.Run(Jobs(), 2, CancellationToken.None);
        Assert.Equal(100, closed);
        Assert.InRange(mostAtOnce, 1, 4);
    }

    [Fact]
    public void Run_WhenCancelled_DisposesTheJobItLeavesUnfinished()
    {
        using var cancellation = new CancellationTokenSource();
        var job = new CountingJob(1000)
        {
            Each = block =>
            {
                if (block == 10)
                {
                    cancellation.Cancel();
                }

                // The other thread would do all that are left while this one is on its way.
                Assert.True(block < 10 || cancellation.Token.WaitHandle.WaitOne(TimeSpan.FromMinutes(1)));
            },
        };
        Assert.Throws<OperationCanceledException>(() => BlockWorkers.Run([job], 2, cancellation.Token));
        Assert.Empty(job.Finished);
        Assert.True(job.IsDisposed);
        Assert.True(job.Processed.Count < 1000);
    }

    [Fact]
    public void Run_WhenAJobThrowsAMistake_FinishesItAndThrows()
    {
        var job = new CountingJob(5) { Each = _ => throw new InvalidOperationException("a mistake") };
        var thrown = Assert.Throws<AggregateException>(() => BlockWorkers.Run([job], 2, CancellationToken.None));
        Assert.Contains(thrown.InnerExceptions, each => each.Message == "a mistake");
        Assert.Equal("a mistake", Assert.Single(job.Finished)!.Message);
        Assert.True(job.IsDisposed);
    }

    /// <summary>The job is done, and whoever runs it must learn all the same that its word could not be printed.</summary>
    [Fact]
    public void Run_WhenAJobCannotTellHowItEnded_ThrowsThat()
    {
        var job = new CountingJob(5) { Told = () => throw new OutputException("standard output cannot be written", new IOException()) };
        var thrown = Assert.Throws<OutputException>(() => BlockWorkers.Run([job], 2, CancellationToken.None));
        Assert.Equal("standard output cannot be written", thrown.Message);
        Assert.Equal([null], job.Finished);
        Assert.True(job.IsDisposed);
    }

    private sealed class CountingJob(long blockCount) : IBlockJob
    {
        public long BlockCount => blockCount;

        public long[] FaultyBlocks { get; init; } = [];

        public Action<long> Each { get; init; } = _ => { };

        public Action Told { get; init; } = () => { };

        public Action Closed { get; init; } = () => { };

        public ConcurrentBag<long> Processed { get; } = [];

        public ConcurrentQueue<IOException?> Finished { get; } = [];

        public bool IsDisposed { get; private set; }

        public void Process(long block, WorkerBuffer buffer, DecodeSlots slots)
        {
            Processed.Add(block);
            Each(block);
            if (FaultyBlocks.Contains(block))
            {
                throw new IOException($"block {block}");
            }
        }

        public void Finish(IOException? fault)
        {
            Finished.Enqueue(fault);
            Told();
        }

        public void Dispose()
        {
            if (!IsDisposed)
            {
                IsDisposed = true;
                Closed();
            }
        }
    }
}
