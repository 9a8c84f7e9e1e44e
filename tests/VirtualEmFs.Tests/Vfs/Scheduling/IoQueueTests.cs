using VirtualEmFs.Vfs.Scheduling;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Scheduling;

public sealed class IoQueueTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Run_ManyItems_RunsEachOnce()
    {
        using var queue = new IoQueue(threadLimit: 5, laneLimit: 2);
        int count = 0;
        var tasks = Enumerable.Range(0, 2_000).Select(i => queue.Run($"lane{i % 7}", () =>
        {
            Interlocked.Increment(ref count);
            return Task.CompletedTask;
        }));
        await Done(Task.WhenAll(tasks));
        Assert.Equal(2_000, count);
        Assert.Equal(0, queue.WaitingCount);
    }

    /// <summary>A disk that hangs must cost its own folder only.</summary>
    [Fact]
    public async Task Run_StalledLanes_DoNotStopOthers()
    {
        using var queue = new IoQueue(threadLimit: 12, laneLimit: 4);
        using var stall = new ManualResetEventSlim();
        var stalled = Enumerable.Range(0, 50).Select(i => queue.Run(i % 2 == 0 ? "a" : "b", () =>
        {
            stall.Wait(s_deadline, CancellationToken.None);
            return Task.CompletedTask;
        })).ToList();
        await Done(queue.Run("c", () => Task.CompletedTask));
        // Threads start when they can: both lanes fill up to their limits in the end.
        Assert.True(SpinWait.SpinUntil(() => queue.WaitingCount == 42, s_deadline));
        stall.Set();
        await Done(Task.WhenAll(stalled));
    }

    [Fact]
    public async Task Run_OneLane_NeverExceedsItsLimit()
    {
        using var queue = new IoQueue(threadLimit: 16, laneLimit: 3);
        int running = 0, most = 0;
        var tasks = Enumerable.Range(0, 300).Select(_ => queue.Run("a", () =>
        {
            int now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            Thread.Yield();
            Interlocked.Decrement(ref running);
            return Task.CompletedTask;
        }));
        await Done(Task.WhenAll(tasks));
        Assert.InRange(most, 1, 3);
    }

    /// <summary>Two items posted in one breath: the second must not wait behind the first, which hangs.</summary>
    [Fact]
    public async Task Run_TwoItemsWhileOneThreadIsIdle_WakesTwoThreads()
    {
        using var queue = new IoQueue(threadLimit: 2, laneLimit: 2);
        using var stall = new ManualResetEventSlim();
        for (int round = 0; round < 200; round++)
        {
            stall.Reset();
            var first = queue.Run("a", () =>
            {
                stall.Wait(s_deadline, CancellationToken.None);
                return Task.CompletedTask;
            });
            await Done(queue.Run("b", () => Task.CompletedTask));
            stall.Set();
            await Done(first);
        }
    }

    [Fact]
    public async Task Run_ItemThatAwaits_ComesBackToAnIoThreadOfItsLane()
    {
        using var queue = new IoQueue(threadLimit: 2, laneLimit: 1);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var names = new List<string?>();
        var waiting = queue.Run("a", async () =>
        {
            names.Add(Thread.CurrentThread.Name);
            await gate.Task;
            names.Add(Thread.CurrentThread.Name);
            await queue.Yield("a");
            names.Add(Thread.CurrentThread.Name);
        });
        // The item that awaits holds no thread and no place in its lane.
        await Done(queue.Run("a", () => Task.CompletedTask));
        gate.SetResult();
        await Done(waiting);
        Assert.Equal(["emfs I/O", "emfs I/O", "emfs I/O"], names);
    }

    [Fact]
    public async Task Run_ItemThatThrows_FailsItsTaskAndTheThreadGoesOn()
    {
        using var queue = new IoQueue(threadLimit: 1, laneLimit: 1);
        var failed = queue.Run("a", () => throw new InvalidOperationException("x"));
        await Done(queue.Run("a", () => Task.CompletedTask));
        await Assert.ThrowsAsync<InvalidOperationException>(() => failed);
    }

    [Fact]
    public async Task Dispose_WithQueuedWork_StillRunsIt()
    {
        var queue = new IoQueue(threadLimit: 1, laneLimit: 1);
        using var stall = new ManualResetEventSlim();
        var first = queue.Run("a", () =>
        {
            stall.Wait(s_deadline, CancellationToken.None);
            return Task.CompletedTask;
        });
        var second = queue.Run("a", () => Task.CompletedTask);
        queue.Dispose();
        stall.Set();
        await Done(Task.WhenAll(first, second));
        await Done(queue.Run("a", () => Task.CompletedTask));
    }

    private static Task Done(Task task) => task.WaitAsync(s_deadline, TestContext.Current.CancellationToken);

    private static void InterlockedMax(ref int most, int value)
    {
        for (int seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
