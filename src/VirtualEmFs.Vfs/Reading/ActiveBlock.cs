namespace VirtualEmFs.Vfs.Reading;

/// <summary>A block queued or being decoded, with the reads that wait for it. There is at most one of a key.</summary>
internal sealed class ActiveBlock(BlockKey key, OpenArchive archive, bool isReadAhead)
{
    private int _started;

    public BlockKey Key => key;

    public OpenArchive Archive => archive;

    /// <summary>Nobody had asked for the block when it was queued.</summary>
    public bool IsReadAhead => isReadAhead;

    /// <summary>A reader waits. Guarded by the engine's gate.</summary>
    public bool IsWanted => Waiters.Count > 0;

    /// <summary>Guarded by the engine's gate until the block leaves the active map, then the decode thread's alone.</summary>
    public List<ReadPart> Waiters { get; } = [];

    /// <summary>True for the one thread that is to decode.</summary>
    public bool TryStart() => Interlocked.Exchange(ref _started, 1) == 0;
}
