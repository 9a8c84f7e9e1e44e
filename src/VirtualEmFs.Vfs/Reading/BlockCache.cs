using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Caching.Memory;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Vfs.Reading;

/// <summary>
/// Decoded blocks, least recently used out first. The pool's counter is the budget: the cache itself has no size limit, since a
/// MemoryCache at its limit refuses inserts (0 of 200 kept); room is made before a block is decoded, a twentieth at a time.
/// </summary>
/// <remarks>Any thread.</remarks>
internal sealed class BlockCache : IDisposable
{
    // Eviction callbacks run on the thread pool, a moment later; this bounds the wait for them, and a decode that
    // still finds no room takes decode memory instead.
    private static readonly TimeSpan s_evictionWait = TimeSpan.FromMilliseconds(20);
    private const int RoomRounds = 8;

    private readonly MemoryCache _blocks = new(new MemoryCacheOptions());
    private readonly FramePool _pool;
    private readonly Lock _roomGate = new();
    private readonly AutoResetEvent _evicted = new(false);
    private readonly PostEvictionDelegate _onEvicted;

    public BlockCache(long budgetBytes)
    {
        _pool = new FramePool(budgetBytes);
        _onEvicted = (_, value, _, _) =>
        {
            ((CachedBlock)value!).Lease.Dispose();
            _evicted.Set();
        };
    }

    public long UsedBytes => _pool.UsedBytes;

    public long BudgetBytes => _pool.BudgetBytes;

    /// <summary>Blocks kept.</summary>
    public int Count => _blocks.Count;

    /// <summary>Leases not yet returned, those of kept blocks included.</summary>
    public long OutstandingCount => _pool.OutstandingCount;

    /// <summary>Finds a block and takes a reference of its lease, which the caller disposes.</summary>
    public bool TryAcquire(BlockKey key, [NotNullWhen(true)] out CachedBlock? block)
    {
        // Between the lookup and the reference the block may be evicted: then it counts as a miss.
        return _blocks.TryGetValue(key, out block) && block!.Lease.TryAddReference();
    }

    /// <summary>Memory for a block that will be kept; false when there is none even after making room.</summary>
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

        lock (_roomGate)
        {
            for (int round = 0; round < RoomRounds; round++)
            {
                if (_pool.TryRent(lengthBytes, out lease))
                {
                    return true;
                }

                int count = _blocks.Count;
                if (count == 0)
                {
                    // All memory is with readers and decodes; waiting for them here would make one wait for the other.
                    return false;
                }

                // A twentieth, but at least four: each time costs a wait for the thread pool.
                _blocks.Compact(Math.Min(1, Math.Max(0.05, 4.5 / count)));
                _evicted.WaitOne(s_evictionWait);
            }
        }

        return _pool.TryRent(lengthBytes, out lease);
    }

    /// <summary>Keeps a block; its lease is the cache's from now on.</summary>
    public void Insert(BlockKey key, CachedBlock block)
    {
        using ICacheEntry entry = _blocks.CreateEntry(key);
        entry.Value = block;
        entry.PostEvictionCallbacks.Add(new PostEvictionCallbackRegistration { EvictionCallback = _onEvicted });
    }

    public void Dispose()
    {
        _blocks.Clear();
        _blocks.Dispose();
        _evicted.Dispose();
    }
}
