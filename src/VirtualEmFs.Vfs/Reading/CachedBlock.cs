using VirtualEmFs.Frames;

namespace VirtualEmFs.Vfs.Reading;

/// <summary>A decoded block and how its samples become what the virtual file holds.</summary>
/// <remarks>Owns one reference of its lease; whoever reads the samples takes another for as long.</remarks>
internal sealed class CachedBlock
{
    public CachedBlock(BlockKey key, FrameLease lease, BlockFormat format)
    {
        (Key, Lease, Format) = (key, lease, format);
        Place = new LinkedListNode<CachedBlock>(this);
    }

    public BlockKey Key { get; }

    public FrameLease Lease { get; }

    public BlockFormat Format { get; }

    /// <summary>Where the block stands in the order of eviction. Guarded by the cache's gate.</summary>
    public LinkedListNode<CachedBlock> Place { get; }
}
