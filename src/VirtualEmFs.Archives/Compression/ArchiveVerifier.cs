using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Archives.Compression;

/// <summary>One frame as the writer wrote it: what reading must give back.</summary>
internal readonly record struct ExpectedFrame(SampleType SampleType, Rescale Rescale, uint Checksum);

/// <summary>Reads an archive that libhdf5 wrote with our own reader, and compares every sample with what was to be written.</summary>
/// <remarks>Any thread.</remarks>
internal sealed class ArchiveVerifier(IArchiveFormats formats, int threads, CancellationToken cancellation)
{
    /// <summary>Compares.</summary>
    /// <param name="frames">The frames of all images in order.</param>
    /// <exception cref="ArchiveException">Something differs; the message says what.</exception>
    public void Verify(string path, IReadOnlyList<ExpectedFrame> frames, Provenance provenance)
    {
        ProbeResult probe = formats.Probe(path);
        ArchiveDescription description = probe.Description
            ?? throw new ArchiveException(path, $"the archive just written does not read back: {probe.Reason}");
        if (description.Content != ArchiveContent.Folder)
        {
            Require(path, description.PreservedHeader.Span.SequenceEqual(provenance.MrcHeader.Span), "the MRC header differs");
            Require(path, description.MrcMode == (provenance.MrcMode ?? 2), "the MRC mode differs");
            Require(path, VerifyFrames(path, description, frames, 0) == frames.Count, "the number of frames differs");
            return;
        }

        int firstFrame = 0;
        foreach (int member in description.Members)
        {
            firstFrame += VerifyFrames(path, formats.DescribeMember(description, member), frames, firstFrame);
        }

        Require(path, firstFrame == frames.Count, "the number of frames differs");
    }

    /// <returns>Frames compared.</returns>
    private int VerifyFrames(string path, ArchiveDescription description, IReadOnlyList<ExpectedFrame> expected, int firstFrame)
    {
        int frameCount = description.Shape.FrameCount;
        Require(path, firstFrame + frameCount <= expected.Count, "the number of frames differs");
        using IArchive archive = formats.Open(description);
        using var slots = new DecodeSlots(threads);
        var checksums = new uint[frameCount];
        OrderedWork.Run(
            description.Grid.BlockCount, threads, () => new Reader(archive, slots),
            (reader, block) => reader.Read(description.Grid.ExtentOf(block), frame => expected[firstFrame + frame]),
            parts =>
            {
                foreach ((int frame, uint checksum, int lengthBytes) in parts)
                {
                    checksums[frame] = Crc32C.Combine(checksums[frame], checksum, lengthBytes);
                }
            },
            cancellation);
        for (int frame = 0; frame < frameCount; frame++)
        {
            if (checksums[frame] != expected[firstFrame + frame].Checksum)
            {
                throw new ArchiveException(path, "the samples just written read back differently", frame);
            }
        }

        return frameCount;
    }

    private static void Require(string path, bool holds, string reason)
    {
        if (!holds)
        {
            throw new ArchiveException(path, $"the archive just written reads back differently: {reason}");
        }
    }

    private sealed class Reader(IArchive archive, DecodeSlots slots)
    {
        private byte[] _block = [];

        public (int Frame, uint Checksum, int LengthBytes)[] Read(BlockExtent extent, Func<int, ExpectedFrame> expectedOf)
        {
            BlockFormat format = archive.FormatOf(extent);
            if (_block.Length < format.LengthBytes)
            {
                _block = new byte[format.LengthBytes];
            }

            Span<byte> block = _block.AsSpan(0, format.LengthBytes);
            archive.Decode(extent, block, slots);
            var parts = new (int, uint, int)[extent.FrameCount];
            int lengthBytes = format.LengthBytes / extent.FrameCount;
            for (int i = 0; i < parts.Length; i++)
            {
                int frame = extent.FirstFrame + i;
                ExpectedFrame expected = expectedOf(frame);
                Require(archive.Description.Files[0],
                    format.SampleType == expected.SampleType && format.Rescale == expected.Rescale, $"the limits of frame {frame} differ");
                parts[i] = (frame, Crc32C.Append(0, block.Slice(i * lengthBytes, lengthBytes)), lengthBytes);
            }

            return parts;
        }
    }
}
