using VirtualEmFs.Frames;

namespace VirtualEmFs.Vfs.Reading;

/// <summary>A decoded block and how its samples become what the virtual file holds.</summary>
/// <remarks>Owns one reference of its lease; whoever reads the samples takes another for as long.</remarks>
internal sealed class CachedBlock(FrameLease lease, BlockFormat format)
{
    public FrameLease Lease => lease;

    public BlockFormat Format => format;
}
