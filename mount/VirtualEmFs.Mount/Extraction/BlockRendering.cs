using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>Turns decoded blocks into the bytes of a virtual file.</summary>
internal static class BlockRendering
{
    /// <summary>Takes rendered bytes and their place in the file.</summary>
    public delegate void Sink(ReadOnlySpan<byte> bytes, long fileOffset);

    /// <summary>Decodes a block and renders it, rows in file order within each frame.</summary>
    /// <exception cref="ArchiveException">The block is damaged.</exception>
    public static void Render(IArchive archive, VirtualMrc mrc, long block, WorkerBuffer buffer, DecodeSlots slots, Sink sink)
    {
        ArchiveDescription description = archive.Description;
        BlockExtent extent = description.Grid.ExtentOf(block);
        BlockFormat format = archive.FormatOf(extent);
        Span<byte> stored = buffer.Stored(format.LengthBytes);
        archive.Decode(extent, stored, slots);

        int nx = description.Shape.Nx;
        int rowLengthBytes = checked((int)mrc.Map.RowLengthBytes);
        int storedRowLengthBytes = nx * format.SampleType.LengthBytes();
        Span<byte> rendered = buffer.Rendered(rowLengthBytes);
        int rowsAtOnce = rendered.Length / rowLengthBytes;
        for (int frame = 0; frame < extent.FrameCount; frame++)
        {
            for (int row = 0; row < extent.RowCount; row += rowsAtOnce)
            {
                int rows = Math.Min(rowsAtOnce, extent.RowCount - row);
                int firstStoredRow = (frame * extent.RowCount) + row;
                Span<byte> part = rendered[..(rows * rowLengthBytes)];
                MrcRendering.Render(
                    stored.Slice(firstStoredRow * storedRowLengthBytes, rows * storedRowLengthBytes),
                    format.SampleType, format.Rescale, description.MrcMode, nx, 0, part);
                if (mrc.Map.Format is { IsBigEndian: true, SampleBits: > 8 })
                {
                    ByteOrder.Swap(part, mrc.Map.Format.SampleBits / 8);
                }

                sink(part, mrc.Map.RowOffset(extent.FirstFrame + frame, extent.FirstRow + row));
            }
        }
    }
}
