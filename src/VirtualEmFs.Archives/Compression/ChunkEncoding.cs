using System.Buffers;
using System.Runtime.InteropServices;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Codecs.Deflating;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Archives.Compression;

/// <summary>Turns samples into chunks as they are stored: quantized, padded, shuffled, deflated.</summary>
/// <remarks>One thread; each worker has its own. The buffer grows to the largest chunk and stays.</remarks>
/// <param name="level">Deflate level 0–9; null for automatic.</param>
internal sealed class ChunkEncoding(int? level)
{
    private byte[] _samples = [];

    /// <summary>Encodes a chunk from float32 samples.</summary>
    /// <param name="samples">Exactly the samples of the chunk's extent, in order.</param>
    public EncodedChunk Encode(TargetImage image, long chunk, TruncationPlan plan, ReadOnlySpan<float> samples)
    {
        ChunkExtent extent = image.Grid.ExtentOf(chunk);
        Span<byte> stored = Samples(image);
        int sectionSamples = samples.Length / extent.SectionCount;
        int sectionLengthBytes = sectionSamples * image.SampleType.LengthBytes();
        var parts = new ChunkPart[extent.SectionCount];
        for (int i = 0; i < parts.Length; i++)
        {
            ReadOnlySpan<float> section = samples.Slice(i * sectionSamples, sectionSamples);
            Span<byte> target = stored.Slice(i * sectionLengthBytes, sectionLengthBytes);
            QuantizationReport report;
            if (plan.IsLossless)
            {
                MemoryMarshal.AsBytes(section).CopyTo(target);
                report = new QuantizationReport(section.Length, 0, 0, 0, 0);
            }
            else
            {
                report = Quantizer.QuantizeBytes(section, plan.Limits, target);
                report = plan.KeepsLimits ? report with { TruncatedCount = 0 } : report;
            }

            parts[i] = new ChunkPart(extent.FirstSection + i, report, Crc32C.Append(0, target), sectionLengthBytes);
        }

        return Finish(image, chunk, parts.Length * sectionLengthBytes, parts);
    }

    /// <summary>Encodes a chunk from samples as they are stored.</summary>
    /// <param name="samples">Exactly the samples of the chunk's extent, in order.</param>
    public EncodedChunk EncodeStored(TargetImage image, long chunk, ReadOnlySpan<byte> samples)
    {
        ChunkExtent extent = image.Grid.ExtentOf(chunk);
        samples.CopyTo(Samples(image));
        int sectionLengthBytes = samples.Length / extent.SectionCount;
        var parts = new ChunkPart[extent.SectionCount];
        for (int i = 0; i < parts.Length; i++)
        {
            var report = new QuantizationReport(sectionLengthBytes / image.SampleType.LengthBytes(), 0, 0, 0, 0);
            parts[i] = new ChunkPart(
                extent.FirstSection + i, report, Crc32C.Append(0, samples.Slice(i * sectionLengthBytes, sectionLengthBytes)), sectionLengthBytes);
        }

        return Finish(image, chunk, samples.Length, parts);
    }

    private Span<byte> Samples(TargetImage image)
    {
        if (_samples.Length < image.ChunkLengthBytes)
        {
            _samples = new byte[image.ChunkLengthBytes];
        }

        return _samples.AsSpan(0, image.ChunkLengthBytes);
    }

    private EncodedChunk Finish(TargetImage image, long chunk, int lengthBytes, ChunkPart[] parts)
    {
        // Edge chunks are stored full size; what lies beyond the image is never read.
        Span<byte> samples = Samples(image);
        samples[lengthBytes..].Clear();
        byte[] stored = ArrayPool<byte>.Shared.Rent(ChunkEncoder.BoundBytes(samples.Length));
        if (image.Level is not (null or 0))
        {
            int storedLengthBytes = ChunkEncoder.Encode(samples, image.SampleType.LengthBytes(), level ?? ChunkEncoder.AutomaticLevel, stored);
            if (storedLengthBytes < samples.Length)
            {
                return new EncodedChunk(chunk, IsRaw: false, stored, storedLengthBytes, parts);
            }
        }

        // What does not become smaller is stored as it is, and marked so.
        samples.CopyTo(stored);
        return new EncodedChunk(chunk, IsRaw: true, stored, samples.Length, parts);
    }
}
