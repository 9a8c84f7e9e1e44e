using VirtualEmFs.Frames;

namespace VirtualEmFs.Vfs.Reading;

/// <summary>Cuts a run of payload bytes into the blocks that hold them.</summary>
/// <remarks>Pure arithmetic over a description; any thread.</remarks>
internal readonly struct FramePayload
{
    private readonly BlockGrid _grid;
    private readonly long _rowLengthBytes;
    private readonly long _frameLengthBytes;

    public FramePayload(FrameShape shape, BlockGrid grid, int rowLengthBytes)
    {
        _grid = grid;
        _rowLengthBytes = rowLengthBytes;
        _frameLengthBytes = rowLengthBytes * (long)shape.Ny;
        LengthBytes = _frameLengthBytes * shape.FrameCount;
    }

    /// <summary>Bytes of all frames as the virtual file holds them.</summary>
    public long LengthBytes { get; }

    /// <summary>The frame that holds a payload byte.</summary>
    public int FrameOf(long payloadOffset) => (int)(payloadOffset / _frameLengthBytes);

    /// <summary>First payload byte of a frame.</summary>
    public long OffsetOf(int frameIndex) => frameIndex * _frameLengthBytes;

    /// <summary>The block that holds a payload byte, the byte's place in the block's rendering, and the bytes from there that
    /// the rendering has in the same order as the file.</summary>
    public (long Block, long BlockOffset, long LengthBytes) Locate(long payloadOffset)
    {
        (long frameIndex, long frameOffset) = Math.DivRem(payloadOffset, _frameLengthBytes);
        long row = frameOffset / _rowLengthBytes;
        long block = _grid.BlockOf((int)frameIndex, (int)row);
        BlockExtent extent = _grid.ExtentOf(block);
        long runLengthBytes = extent.RowCount * _rowLengthBytes;
        long runOffset = frameOffset - (extent.FirstRow * _rowLengthBytes);
        return (block, ((frameIndex - extent.FirstFrame) * runLengthBytes) + runOffset, runLengthBytes - runOffset);
    }
}
