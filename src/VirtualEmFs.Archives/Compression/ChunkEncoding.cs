using System.Buffers;
using System.Runtime.InteropServices;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;
using VirtualEmFs.Native.Deflate;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Archives.Compression;

/// <summary>Turns samples into chunks as they are stored: quantized, padded, shuffled, deflated.</summary>
/// <remarks>One thread; each worker has its own. Buffers grow to the largest chunk and stay.</remarks>
internal sealed class ChunkEncoding : IDisposable
{
    // Automatic level without a choice of the user's: what matches find in bit-truncated data is worth no more time.
    private const int DefaultLevel = 6;

    private readonly int? _level;
    private byte[] _samples = [];
    private byte[] _planes = [];
    private DeflateCompressor? _compressor;

    /// <param name="level">Deflate level 0–9; null for automatic.</param>
    public ChunkEncoding(int? level) => _level = level;

    /// <summary>Encodes a chunk from float32 samples.</summary>
    /// <param name="samples">Exactly the samples of the chunk's extent, in order.</param>
    public EncodedChunk Encode(Eman2Image image, long chunk, Rescale limits, ReadOnlySpan<float> samples)
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
            if (limits.IsNone)
            {
                MemoryMarshal.AsBytes(section).CopyTo(target);
                report = new QuantizationReport(section.Length, 0, 0, 0, 0);
            }
            else
            {
                report = Quantizer.QuantizeBytes(section, limits, target);
            }

            parts[i] = new ChunkPart(extent.FirstSection + i, report, Crc32C.Append(0, target), sectionLengthBytes);
        }

        return Finish(image, chunk, parts.Length * sectionLengthBytes, parts);
    }

    /// <summary>Encodes a chunk from samples as they are stored.</summary>
    /// <param name="samples">Exactly the samples of the chunk's extent, in order.</param>
    public EncodedChunk EncodeStored(Eman2Image image, long chunk, ReadOnlySpan<byte> samples)
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

    public void Dispose() => _compressor?.Dispose();

    private Span<byte> Samples(Eman2Image image)
    {
        if (_samples.Length < image.ChunkLengthBytes)
        {
            _samples = new byte[image.ChunkLengthBytes];
            _planes = new byte[image.ChunkLengthBytes];
        }

        return _samples.AsSpan(0, image.ChunkLengthBytes);
    }

    private EncodedChunk Finish(Eman2Image image, long chunk, int lengthBytes, ChunkPart[] parts)
    {
        // Edge chunks are stored full size; what lies beyond the image is never read.
        Span<byte> samples = Samples(image);
        samples[lengthBytes..].Clear();
        byte[] stored = ArrayPool<byte>.Shared.Rent(samples.Length);
        int storedLengthBytes = image.Level is null or 0 ? 0 : Deflate(image, samples, stored.AsSpan(0, samples.Length - 1));
        if (storedLengthBytes > 0)
        {
            return new EncodedChunk(chunk, IsRaw: false, stored, storedLengthBytes, parts);
        }

        samples.CopyTo(stored);
        return new EncodedChunk(chunk, IsRaw: true, stored, samples.Length, parts);
    }

    /// <returns>0 when the chunk does not become smaller.</returns>
    private int Deflate(Eman2Image image, ReadOnlySpan<byte> samples, Span<byte> destination)
    {
        _compressor ??= new DeflateCompressor(_level ?? DefaultLevel);
        if (!image.IsShuffled)
        {
            return _compressor.Compress(samples, destination);
        }

        Span<byte> planes = _planes.AsSpan(0, samples.Length);
        ByteShuffle.Shuffle(samples, image.SampleType.LengthBytes(), planes);
        return _compressor.Compress(planes, destination);
    }
}
