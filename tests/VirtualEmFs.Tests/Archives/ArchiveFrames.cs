using VirtualEmFs.Archives;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using Xunit;

namespace VirtualEmFs.Tests.Archives;

/// <summary>Reads archives as the mount does: probe, frame map, blocks, float32.</summary>
internal static class ArchiveFrames
{
    /// <summary>Probes a file, reads each frame that was found to the end, and hands it on.</summary>
    /// <param name="read">Gets the frame's index and its float32 samples.</param>
    public static ArchiveDescription Read(IArchiveFormat format, string path, Action<int, float[]> read)
    {
        var result = Probe(format, path);
        Assert.True(result.Outcome == ProbeOutcome.Archive, $"{path}: {result.Outcome}: {result.Reason}");
        var description = result.Description!;
        using var archive = Open(format, description);
        using var slots = new DecodeSlots(1);
        var shape = description.Shape;
        float[] samples = [];
        int frameIndex = -1;
        byte[] stored = [];
        for (long block = 0; block < description.Grid.BlockCount; block++)
        {
            var extent = description.Grid.ExtentOf(block);
            if (extent.FirstFrame != frameIndex)
            {
                (frameIndex, samples) = (extent.FirstFrame, new float[shape.FrameLengthSamples]);
            }

            var blockFormat = archive.FormatOf(extent);
            if (stored.Length != blockFormat.LengthBytes)
            {
                stored = new byte[blockFormat.LengthBytes];
            }

            archive.Decode(extent, stored, slots);
            RescaleKernels.ToFloat32(
                stored, blockFormat.SampleType, blockFormat.Rescale,
                samples.AsSpan(extent.FirstRow * shape.Nx, extent.RowCount * shape.Nx));
            if (extent.FirstRow + extent.RowCount == shape.Ny)
            {
                read(frameIndex, samples);
            }
        }

        return description;
    }

    public static ProbeResult Probe(IArchiveFormat format, string path)
    {
        using var file = SourceFile.Open(path);
        return format.Probe(file, path);
    }

    public static MappedArchive Open(IArchiveFormat format, ArchiveDescription description)
    {
        var files = new[] { SourceFile.Open(description.Files[0]) };
        return new MappedArchive(description, format.OpenMap(files, description), files);
    }
}
