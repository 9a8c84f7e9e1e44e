using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Caching.Memory;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Vfs.Reading;

/// <summary>
/// Decoded blocks. Those that have been read go first, least recently used out first; those decoded ahead of a reader stay until it
/// comes, as long as they take no more than half the budget. The pool's counter is the budget.
/// </summary>
/// <remarks>
/// Any thread. The MemoryCache finds blocks and evicts none: at its own limit it refuses inserts (0 of 200 kept), its Compact knows nothing of
/// blocks not yet read, and its eviction callbacks run on the shared thread pool, so late on a busy machine that a stream lost blocks
/// which it was still to read.
/// </remarks>
internal sealed class BlockCache : IDisposable
{
    private readonly MemoryCache _blocks = new(new MemoryCacheOptions());
    private readonly FramePool _pool;
    private readonly Lock _gate = new();
    private readonly LinkedList<CachedBlock> _read = [];   // guarded by _gate; least recently used first
    private readonly LinkedList<CachedBlock> _unread = []; // guarded by _gate; decoded ahead first, first
    private long _unreadBytes;                             // guarded by _gate; in whole size classes, as the pool counts

    public BlockCache(long budgetBytes) => _pool = new FramePool(budgetBytes);

    public long UsedBytes => _pool.UsedBytes;

    public long BudgetBytes => _pool.BudgetBytes;

    /// <summary>Blocks kept.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _read.Count + _unread.Count;
            }
        }
    }

    /// <summary>Leases not yet returned, those of kept blocks included.</summary>
    public long OutstandingCount => _pool.OutstandingCount;

    /// <summary>True when a block is kept; one that has been read is kept for longer, since somebody will want it.</summary>
    public bool Keeps(BlockKey key)
    {
        if (!_blocks.TryGetValue(key, out CachedBlock? block))
        {
            return false;
        }

        lock (_gate)
        {
            if (block!.Place.List == _read)
            {
                MoveToEndOfRead(block);
            }

            return block.Place.List is not null;
        }
    }

    /// <summary>Finds a block for a reader and takes a reference of its lease, which the caller disposes.</summary>
    public bool TryAcquire(BlockKey key, [NotNullWhen(true)] out CachedBlock? block)
    {
        // Between the lookup and the reference the block may be evicted: then it counts as a miss.
        if (!_blocks.TryGetValue(key, out block) || !block!.Lease.TryAddReference())
        {
            return false;
        }

        NoteRead(block);
        return true;
    }

    /// <summary>Notes that a reader has come to a block: from now on its age decides.</summary>
    public void NoteRead(CachedBlock block)
    {
        lock (_gate)
        {
            if (block.Place.List is not null)
            {
                MoveToEndOfRead(block);
            }
        }
    }

    /// <summary>Memory for a block that will be kept, for which others leave if they must; false when readers and decodes hold it all.</summary>
    public bool TryRent(int lengthBytes, out FrameLease lease)
    {
        if (_pool.TryRent(lengthBytes, out lease))
        {
            return true;
        }

        if (FramePool.CapacityFor(lengthBytes) > _pool.BudgetBytes)
        {
            return false;
        }

        lock (_gate)
        {
            while (!_pool.TryRent(lengthBytes, out lease))
            {
                bool isUnreadOut = _read.Count == 0 || _unreadBytes > _pool.BudgetBytes / 2;
                if ((isUnreadOut ? _unread : _read).First is not { } oldest)
                {
                    // Waiting for readers and decodes here would make one wait for the other.
                    return false;
                }

                Evict(oldest.Value);
            }
        }

        return true;
    }

    /// <summary>Keeps a block that nobody has read yet; its lease is the cache's from now on.</summary>
    public void Insert(CachedBlock block)
    {
        lock (_gate)
        {
            _unread.AddLast(block.Place);
            _unreadBytes += CapacityOf(block);
            _blocks.Set(block.Key, block);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            while ((_read.First ?? _unread.First) is { } place)
            {
                Evict(place.Value);
            }
        }

        _blocks.Dispose();
    }

    private static int CapacityOf(CachedBlock block) => FramePool.CapacityFor(block.Lease.LengthBytes);

    // Held: _gate.
    private void MoveToEndOfRead(CachedBlock block)
    {
        TakeOut(block);
        _read.AddLast(block.Place);
    }

    // Held: _gate.
    private void Evict(CachedBlock block)
    {
        TakeOut(block);
        _blocks.Remove(block.Key);
        block.Lease.Dispose();
    }

    // Held: _gate.
    private void TakeOut(CachedBlock block)
    {
        if (block.Place.List == _unread)
        {
            _unreadBytes -= CapacityOf(block);
        }

        block.Place.List!.Remove(block.Place);
    }
}
