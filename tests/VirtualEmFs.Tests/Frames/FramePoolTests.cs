using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Frames;

public sealed class FramePoolTests
{
    private const int KiB = 1024;

    [Theory]
    [InlineData(1, 4 * KiB)]
    [InlineData(4 * KiB, 4 * KiB)]
    [InlineData((4 * KiB) + 1, 4608)]
    [InlineData(4608, 4608)]
    [InlineData(256 * KiB, 256 * KiB)]
    [InlineData((256 * KiB) + 1, 288 * KiB)]
    [InlineData(500 * KiB, 512 * KiB)]
    [InlineData((512 * KiB) - 1, 512 * KiB)]
    [InlineData(1 << 30, 1 << 30)]
    public void CapacityFor_Length_IsSmallestClassThatHoldsIt(int lengthBytes, int capacityBytes) =>
        Assert.Equal(capacityBytes, FramePool.CapacityFor(lengthBytes));

    [Fact]
    public void CapacityFor_AnyLength_HoldsItWithAtMostAnEighthMore()
    {
        for (int lengthBytes = 4 * KiB; lengthBytes < 1 << 24; lengthBytes += 977)
        {
            int capacityBytes = FramePool.CapacityFor(lengthBytes);
            Assert.InRange(capacityBytes, lengthBytes, lengthBytes + (lengthBytes / 8) + 1);
            Assert.Equal(capacityBytes, FramePool.CapacityFor(capacityBytes));
        }
    }

    [Fact]
    public void TryRent_WithinBudget_GivesAlignedWritableMemory()
    {
        using var pool = new FramePool(1024 * KiB);
        Assert.True(pool.TryRent(100_001, out var lease));
        Assert.Equal(100_001, lease.Span.Length);
        lease.Span.Fill(7);
        unsafe
        {
            fixed (byte* first = lease.Span)
            {
                Assert.Equal(0, (nint)first % FramePool.AlignmentBytes);
            }
        }

        Assert.Equal(FramePool.CapacityFor(100_001), pool.UsedBytes);
        lease.Dispose();
        Assert.Equal(0, pool.OutstandingCount);
        Assert.Equal(0, pool.UsedBytes);
    }

    [Fact]
    public void TryRent_BudgetSpent_RefusesUntilALeaseReturns()
    {
        using var pool = new FramePool(64 * KiB);
        Assert.True(pool.TryRent(40 * KiB, out var first));
        Assert.False(pool.TryRent(40 * KiB, out var refused));
        Assert.True(refused.IsEmpty);
        Assert.Equal(1, pool.OutstandingCount);
        first.Dispose();
        Assert.True(pool.TryRent(40 * KiB, out var second));
        second.Dispose();
        Assert.Equal(0, pool.OutstandingCount);
    }

    /// <summary>Idle memory of another class must make way, or a pool full of small blocks would refuse a large one for ever.</summary>
    [Fact]
    public void TryRent_BudgetFullOfIdleMemory_TrimsItAndStaysWithinBudget()
    {
        using var pool = new FramePool(64 * KiB);
        var small = new FrameLease[16];
        for (int i = 0; i < small.Length; i++)
        {
            Assert.True(pool.TryRent(4 * KiB, out small[i]));
        }

        Array.ForEach(small, lease => lease.Dispose());
        Assert.Equal(64 * KiB, pool.IdleBytes);
        Assert.True(pool.TryRent(48 * KiB, out var large));
        Assert.True(pool.AllocatedBytes <= pool.BudgetBytes);
        large.Dispose();
    }

    [Fact]
    public void TryRent_SameLengthAgain_ReusesMemory()
    {
        using var pool = new FramePool(1024 * KiB);
        for (int i = 0; i < 100; i++)
        {
            Assert.True(pool.TryRent(100 * KiB, out var lease));
            lease.Dispose();
        }

        Assert.Equal(1, pool.AllocationCount);
    }

    [Fact]
    public void TryRent_SteadyReuse_AllocatesNothingManaged()
    {
        using var pool = new FramePool(1024 * KiB);
        RentAndReturn(pool, 10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        RentAndReturn(pool, 1000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        static void RentAndReturn(FramePool pool, int times)
        {
            for (int i = 0; i < times; i++)
            {
                _ = pool.TryRent(100 * KiB, out var lease);
                lease.AddReference().Dispose();
                lease.Dispose();
            }
        }
    }

    [Fact]
    public void TryRent_ZeroBudget_Refuses()
    {
        using var pool = new FramePool(0);
        Assert.False(pool.TryRent(1, out _));
    }

    [Fact]
    public void Dispose_OneOfTwoReferences_KeepsMemory()
    {
        using var pool = new FramePool(64 * KiB);
        Assert.True(pool.TryRent(8 * KiB, out var lease));
        var reader = lease.AddReference();
        lease.Span.Fill(42);
        lease.Dispose();
        Assert.Equal(1, pool.OutstandingCount);
        Assert.Equal(42, reader.Span[^1]);
        reader.Dispose();
        Assert.Equal(0, pool.OutstandingCount);
    }

    /// <summary>A lease that outlives its memory must not reach the block that has it now.</summary>
    [Fact]
    public void Lease_UsedAfterMemoryWasRentedAgain_Throws()
    {
        using var pool = new FramePool(64 * KiB);
        Assert.True(pool.TryRent(8 * KiB, out var stale));
        stale.Dispose();
        Assert.True(pool.TryRent(8 * KiB, out var current));
        Assert.Equal(1, pool.AllocationCount);
        Assert.Throws<ObjectDisposedException>(() => stale.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => stale.Dispose());
        Assert.Throws<ObjectDisposedException>(() => stale.AddReference());
        Assert.Equal(8 * KiB, current.Span.Length);
        current.Dispose();
    }

    [Fact]
    public void Dispose_WhileLeased_FreesOnLastRelease()
    {
        var pool = new FramePool(64 * KiB);
        Assert.True(pool.TryRent(8 * KiB, out var lease));
        pool.Dispose();
        lease.Span.Fill(1);
        lease.Dispose();
        Assert.Equal(0, pool.OutstandingCount);
        Assert.Equal(0, pool.IdleBytes);
        Assert.Throws<ObjectDisposedException>(() => pool.TryRent(1, out _));
    }

    /// <summary>Threads write their own mark over what they rent: a block given to two of them would show the other's.</summary>
    [Fact]
    public void TryRent_FromManyThreads_NeverSharesMemoryNorExceedsBudget()
    {
        using var pool = new FramePool(256 * KiB);
        Parallel.For(0, 8, worker =>
        {
            var random = new Random(worker);
            for (int i = 0; i < 2000; i++)
            {
                if (!pool.TryRent(random.Next(1, 64 * KiB), out var lease))
                {
                    continue;
                }

                byte mark = (byte)(worker + 1);
                lease.Span.Fill(mark);
                using (lease.AddReference())
                {
                    Assert.True(pool.AllocatedBytes <= pool.BudgetBytes);
                    Assert.Equal(-1, lease.Span.IndexOfAnyExcept(mark));
                }

                lease.Dispose();
            }
        });
        Assert.Equal(0, pool.OutstandingCount);
        Assert.Equal(0, pool.UsedBytes);
    }
}
