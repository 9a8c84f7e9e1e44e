using System.Buffers.Binary;
using VirtualEmFs.Archives;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Tests.Archives;

/// <summary>Decodes whole frames of an archive, block by block, with nothing but the contracts.</summary>
internal static class DecodedArchive
{
    /// <summary>The stored samples of a run of frames, one after the other.</summary>
    public static byte[] Stored(IArchive archive, int firstFrame, int frameCount)
    {
        using var slots = new DecodeSlots(1);
        FrameShape shape = archive.Description.Shape;
        BlockGrid grid = archive.Description.Grid;
        var all = new MemoryStream();
        for (int frame = firstFrame; frame < firstFrame + frameCount; frame++)
        {
            for (int row = 0; row < shape.Ny;)
            {
                BlockExtent extent = grid.ExtentOf(grid.BlockOf(frame, row));
                BlockFormat format = archive.FormatOf(extent);
                var block = new byte[format.LengthBytes];
                archive.Decode(extent, block, slots);
                int rowBytes = shape.Nx * format.SampleType.LengthBytes();
                int first = (((frame - extent.FirstFrame) * extent.RowCount) + row - extent.FirstRow) * rowBytes;
                int rowCount = extent.FirstRow + extent.RowCount - row;
                all.Write(block, first, rowCount * rowBytes);
                row += rowCount;
            }
        }

        return all.ToArray();
    }

    /// <summary>The values of one frame as a reader of the virtual file sees them.</summary>
    public static float[] Values(IArchive archive, int frame)
    {
        byte[] stored = Stored(archive, frame, 1);
        BlockGrid grid = archive.Description.Grid;
        BlockFormat format = archive.FormatOf(grid.ExtentOf(grid.BlockOf(frame, 0)));
        int sampleBytes = format.SampleType.LengthBytes();
        var values = new float[stored.Length / sampleBytes];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = format.Rescale.Apply(Value(stored.AsSpan(i * sampleBytes), format.SampleType));
        }

        return values;
    }

    private static float Value(ReadOnlySpan<byte> sample, SampleType type) => type switch
    {
        SampleType.Int8 => unchecked((sbyte)sample[0]),
        SampleType.UInt8 => sample[0],
        SampleType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(sample),
        SampleType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(sample),
        SampleType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(sample),
        SampleType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(sample),
        SampleType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(sample),
        SampleType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(sample),
        SampleType.Float16 => (float)BinaryPrimitives.ReadHalfLittleEndian(sample),
        SampleType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(sample),
        _ => (float)BinaryPrimitives.ReadDoubleLittleEndian(sample),
    };
}
