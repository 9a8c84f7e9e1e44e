using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Reading;

/// <summary>
/// Reads blocks through the cache: a hit is rendered into the reply by the thread that asks; a miss is decoded once,
/// however many wait, and the thread that decoded it renders it into every reply that waits and answers those it completes.
/// </summary>
/// <remarks>
/// Any thread. No lease is held while waiting for another block, so a cache of a single block serves any number of readers:
/// a decode needs one block's memory, from the cache's budget or else from the decode budget, and nothing else.
/// </remarks>
public sealed class ReadEngine : IFrameReader, IDisposable
{
    // Threads of one folder beyond those that may compute: they wait for its disk while the others decode.
    private const int WaitingThreads = 6;

    // Folders that may take all the threads they are allowed: three whose disks hang leave the others enough.
    private const int FullFolders = 4;

    private readonly ReadEngineOptions _options;
    private readonly OpenArchives _archives;
    private readonly BlockCache _cache;
    private readonly FramePool _decodePool;
    private readonly DecodeSlots _slots;
    private readonly DecodeQueue _queue;
    private readonly Lock _gate = new();
    private readonly Dictionary<BlockKey, ActiveBlock> _active = []; // guarded by _gate
    private readonly Lock _decodeMemoryGate = new();
    private readonly AutoResetEvent _decodeMemoryReturned = new(false);
    private long _hits, _misses, _decodes, _readAheads, _failures;

    public ReadEngine(IArchiveFormats formats, ReadEngineOptions options)
    {
        _options = options;
        _archives = new OpenArchives(formats);
        _cache = new BlockCache(options.CacheLengthBytes);
        _decodePool = new FramePool(options.DecodeLengthBytes);
        _slots = new DecodeSlots(options.Threads);
        int folderThreads = options.Threads + WaitingThreads;
        _queue = new DecodeQueue(FullFolders * folderThreads, folderThreads, readAheadLimit: options.Threads + 1, Decode);
    }

    internal ReplyBuffers Buffers { get; } = new();

    internal bool ServeDamaged => _options.ServeDamaged;

    /// <summary>Blocks to read ahead of one sequential reader at most: a quarter of the cache is all that one may fill.</summary>
    internal int ReadAheadBlocks(long blockLengthBytes) =>
        (int)Math.Min(4L * _options.Threads, _options.CacheLengthBytes / 4 / Math.Max(1, blockLengthBytes));

    /// <inheritdoc/>
    public IFrameFile Open(ArchiveDescription description) => new FrameFile(this, _archives, _archives.Open(description));

    /// <summary>What has been done so far.</summary>
    public ReadStatistics Statistics => new(
        Interlocked.Read(ref _hits), Interlocked.Read(ref _misses), Interlocked.Read(ref _decodes), Interlocked.Read(ref _readAheads),
        Interlocked.Read(ref _failures), _cache.UsedBytes + _decodePool.UsedBytes, _cache.BudgetBytes, _queue.Count, _archives.Count,
        LeasesInUse);

    /// <summary>Leases that somebody still reads from or decodes into; kept blocks not counted.</summary>
    internal long LeasesInUse => _cache.OutstandingCount - _cache.Count + _decodePool.OutstandingCount;

    /// <summary>Renders a part now if its block is cached; else has it rendered once the block is decoded.</summary>
    /// <remarks>Never waits. The part must have been announced to its read.</remarks>
    internal void Serve(OpenArchive archive, in ReadPart part)
    {
        var key = new BlockKey(archive.Id, part.Block);
        if (!_cache.TryAcquire(key, out CachedBlock? cached))
        {
            bool queued = false;
            ActiveBlock? active;
            lock (_gate)
            {
                // Looked up again under the gate: a decode inserts into the cache before it leaves the active map.
                if (_active.TryGetValue(key, out active))
                {
                    // A block queued for read-ahead moves up when somebody waits for it.
                    queued = active.IsReadAhead && !active.IsWanted;
                    active.Waiters.Add(part);
                }
                else if (!_cache.TryAcquire(key, out cached))
                {
                    active = new ActiveBlock(key, archive, isReadAhead: false);
                    active.Waiters.Add(part);
                    _active.Add(key, active);
                    _archives.AddReference(archive);
                    queued = true;
                }
            }

            if (cached is null)
            {
                Interlocked.Increment(ref _misses);
                if (queued)
                {
                    _queue.Add(active!, isWanted: true);
                }

                return;
            }
        }

        Interlocked.Increment(ref _hits);
        Render(archive, part, cached.Format, cached.Lease.Span);
        cached.Lease.Dispose();
    }

    /// <summary>Queues a block that a sequential reader will want, unless it is here or on its way.</summary>
    internal void ReadAhead(OpenArchive archive, long block)
    {
        var key = new BlockKey(archive.Id, block);
        if (_cache.Keeps(key))
        {
            return;
        }

        ActiveBlock active;
        lock (_gate)
        {
            // Looked up again under the gate, as in Serve.
            if (_active.ContainsKey(key) || _cache.Keeps(key))
            {
                return;
            }

            active = new ActiveBlock(key, archive, isReadAhead: true);
            _active.Add(key, active);
            _archives.AddReference(archive);
        }

        Interlocked.Increment(ref _readAheads);
        _queue.Add(active, isWanted: false);
    }

    /// <summary>On a decode thread: decodes, keeps, renders to all who wait.</summary>
    private void Decode(ActiveBlock active)
    {
        OpenArchive archive = active.Archive;
        FrameLease lease = default;
        CachedBlock? block = null;
        bool isKept = false;
        Exception? failure = null;
        try
        {
            BlockExtent extent = archive.Archive.Description.Grid.ExtentOf(active.Key.Block);
            BlockFormat format = archive.Archive.FormatOf(extent);
            isKept = _cache.TryRent(format.LengthBytes, out lease);
            if (!isKept)
            {
                if (TryAbandon(active))
                {
                    return;
                }

                lease = RentDecodeMemory(format.LengthBytes);
            }

            archive.Archive.Decode(extent, lease.Span, _slots);
            block = new CachedBlock(active.Key, lease, format);
        }
        catch (Exception exception)
        {
            // Whatever went wrong belongs to the readers who wait: they get its status, and the damage is remembered.
            failure = exception;
        }

        Interlocked.Increment(ref _decodes);
        if (block is not null && isKept)
        {
            // Kept before the block leaves the active map, so that no reader finds it in neither. The extra reference is this thread's.
            lease.AddReference();
            _cache.Insert(block);
        }

        if (failure is not null)
        {
            // Before any reader is answered: whoever sees the error finds the archive marked.
            NoteFailure(active, failure);
        }

        List<ReadPart> waiters;
        lock (_gate)
        {
            _active.Remove(active.Key);
            waiters = active.Waiters;
        }

        if (block is not null && waiters.Count > 0)
        {
            _cache.NoteRead(block);
        }

        foreach (ReadPart part in waiters)
        {
            if (failure is null)
            {
                Render(archive, part, block!.Format, lease.Span);
            }
            else
            {
                FailPart(archive, part, failure);
            }
        }

        lease.Dispose();
        if (!isKept)
        {
            _decodeMemoryReturned.Set();
        }

        _archives.Close(archive);
    }

    /// <summary>Drops a read-ahead that the cache has no room for and nobody waits for.</summary>
    private bool TryAbandon(ActiveBlock active)
    {
        lock (_gate)
        {
            if (active.IsWanted)
            {
                return false;
            }

            _active.Remove(active.Key);
        }

        _archives.Close(active.Archive);
        return true;
    }

    private void Render(OpenArchive archive, in ReadPart part, BlockFormat format, ReadOnlySpan<byte> samples)
    {
        ArchiveDescription description = archive.Archive.Description;
        try
        {
            MrcRendering.Render(
                samples[..format.LengthBytes], format.SampleType, format.Rescale, description.MrcMode, description.Shape.Nx,
                part.BlockOffset, part.Read.Bytes(part.ReplyOffset, part.LengthBytes));
        }
        catch (Exception exception) when (exception is ArgumentException or OverflowException or InvalidOperationException)
        {
            // A part that cannot be rendered must still end, or its reader would wait for ever.
            Interlocked.Increment(ref _failures);
            part.Read.FailFrom(0, VfsStatus.Corrupt, serveBefore: false);
        }

        part.Read.EndPart();
    }

    private void FailPart(OpenArchive archive, in ReadPart part, Exception failure)
    {
        BlockExtent extent = archive.Archive.Description.Grid.ExtentOf(part.Block);
        int badFrame = (failure as ArchiveException)?.FrameIndex is int named && named >= extent.FirstFrame ? named : extent.FirstFrame;
        part.Read.FailFrom(badFrame, StatusOf(failure), serveBefore: _options.ServeDamaged && failure is not ArchiveChangedException);
        part.Read.EndPart();
    }

    private void NoteFailure(ActiveBlock active, Exception failure)
    {
        Interlocked.Increment(ref _failures);

        // A file that changed is not damaged, and no memory now says nothing about the frame.
        if (failure is not (ArchiveChangedException or OutOfMemoryException))
        {
            BlockExtent extent = active.Archive.Archive.Description.Grid.ExtentOf(active.Key.Block);
            string reason = failure is ArchiveException archiveFailure ? archiveFailure.Reason : failure.Message;
            active.Archive.AddDamage(extent.FirstFrame, extent.FrameCount, reason);
        }
    }

    private static VfsStatus StatusOf(Exception failure) => failure switch
    {
        ArchiveChangedException => VfsStatus.Stale,
        OutOfMemoryException => VfsStatus.OutOfMemory,
        _ => VfsStatus.Corrupt,
    };

    /// <summary>Memory for a block that will be served and not kept. Waits for other decodes to finish: each of them holds
    /// one block and waits for nothing but its disk.</summary>
    private FrameLease RentDecodeMemory(int lengthBytes)
    {
        // In whole size classes, as the pool counts: what it can never rent must not be waited for.
        if (FramePool.CapacityFor(lengthBytes) > _decodePool.BudgetBytes)
        {
            throw new InsufficientMemoryException($"a block of {lengthBytes} bytes exceeds --decode-memory");
        }

        FrameLease lease;
        lock (_decodeMemoryGate)
        {
            while (!_decodePool.TryRent(lengthBytes, out lease))
            {
                _decodeMemoryReturned.WaitOne(TimeSpan.FromMilliseconds(100));
            }
        }

        return lease;
    }

    /// <summary>Waits for decodes under way. Reads that are still queued get no reply: the host has gone.</summary>
    public void Dispose()
    {
        _queue.Dispose();
        _cache.Dispose();
        _archives.Dispose();
        _slots.Dispose();
        _decodeMemoryReturned.Dispose();
    }
}
