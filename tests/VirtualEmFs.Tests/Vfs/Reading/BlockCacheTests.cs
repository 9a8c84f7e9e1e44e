using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Reading;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Reading;

/// <summary>Which blocks leave the cache, in which order, and that their memory is there at once.</summary>
public sealed class BlockCacheTests
{
    private const int BlockLengthBytes = 4096;

    [Fact]
    public void TryRent_FullOfReadBlocks_EvictsTheLeastRecentlyUsedOnly()
    {
        using BlockCache cache = Filled(8, isRead: true);
        Read(cache, 0);

        Assert.True(cache.TryRent(BlockLengthBytes, out FrameLease lease));
        Assert.Equal([0, 2, 3, 4, 5, 6, 7], Kept(cache));
        lease.Dispose();
    }

    /// <summary>Blocks decoded ahead are older than those that their reader has just left, and yet they are the ones it will want.</summary>
    [Fact]
    public void TryRent_WithUnreadBlocksThatAreOlder_EvictsThoseThatHaveBeenRead()
    {
        using BlockCache cache = Filled(8, isRead: false);
        for (int block = 4; block < 8; block++)
        {
            Read(cache, block);
        }

        for (int block = 8; block < 12; block++)
        {
            Insert(cache, block);
            Read(cache, block);
        }

        Assert.Equal([0, 1, 2, 3, 8, 9, 10, 11], Kept(cache));
    }

    /// <summary>Readers that went elsewhere leave blocks behind which nobody will ever read.</summary>
    [Fact]
    public void TryRent_WithMoreUnreadThanHalfTheBudget_EvictsTheOldestOfThem()
    {
        using BlockCache cache = Filled(8, isRead: false);
        Read(cache, 0);
        Read(cache, 1);
        Insert(cache, 8);
        Insert(cache, 9);

        // 2 to 7 took six eighths, then 3 to 8: each time the oldest had to leave, and those read stay.
        Assert.Equal([0, 1, 4, 5, 6, 7, 8, 9], Kept(cache));
    }

    [Fact]
    public void TryRent_WhileReadersHoldEvictedBlocks_IsRefusedOnceNothingIsLeft()
    {
        using BlockCache cache = Filled(2, isRead: true);
        Assert.True(cache.TryAcquire(new BlockKey(1, 0), out CachedBlock? first));
        Assert.True(cache.TryAcquire(new BlockKey(1, 1), out CachedBlock? second));
        Assert.False(cache.TryRent(BlockLengthBytes, out _));
        Assert.Equal(0, cache.Count);
        first.Lease.Dispose();
        Assert.True(cache.TryRent(BlockLengthBytes, out FrameLease lease));
        lease.Dispose();
        second.Lease.Dispose();
        Assert.Equal(0, cache.UsedBytes);
    }

    [Fact]
    public void Keeps_BlockThatWasRead_MovesItToTheEndOfTheLine()
    {
        using BlockCache cache = Filled(4, isRead: true);
        Assert.True(cache.Keeps(new BlockKey(1, 0)));
        Insert(cache, 4);
        Assert.Equal([0, 2, 3, 4], Kept(cache));
        Assert.False(cache.Keeps(new BlockKey(1, 1)));
    }

    private static BlockCache Filled(int blocks, bool isRead)
    {
        var cache = new BlockCache(blocks * BlockLengthBytes);
        for (int block = 0; block < blocks; block++)
        {
            Insert(cache, block);
            if (isRead)
            {
                Read(cache, block);
            }
        }

        return cache;
    }

    private static void Insert(BlockCache cache, long block)
    {
        Assert.True(cache.TryRent(BlockLengthBytes, out FrameLease lease));
        cache.Insert(new CachedBlock(new BlockKey(1, block), lease, new BlockFormat(SampleType.UInt8, default, BlockLengthBytes)));
    }

    private static void Read(BlockCache cache, long block)
    {
        Assert.True(cache.TryAcquire(new BlockKey(1, block), out CachedBlock? found));
        found.Lease.Dispose();
    }

    /// <summary>The numbers of the blocks that are kept.</summary>
    private static int[] Kept(BlockCache cache) => [.. Enumerable.Range(0, 20).Where(block => cache.Keeps(new BlockKey(1, block)))];
}
