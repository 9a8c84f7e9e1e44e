using VirtualEmFs.Archives.Hdf5.Writing;

namespace VirtualEmFs.Archives.Compression;

/// <summary>Reads samples of an input and encodes them: chunk by chunk, or a small image at once.</summary>
/// <remarks>One thread; each worker has its own.</remarks>
internal sealed class ImageEncoder(ICompressionInput input, ImagePlanner planner)
{
    private readonly ChunkEncoding _encoding = new(planner.Level);
    private float[] _samples = [];
    private byte[] _stored = [];

    /// <summary>Plans and encodes a whole image, reading it once. It lies in memory together with all its chunks: it has to be small.</summary>
    public EncodedImage EncodeWhole(int index, InputImage image)
    {
        if (image.Stored is not null)
        {
            return EncodeStored(planner.PlanStored(index, image));
        }

        float[] samples = Grow(ref _samples, image.LengthSamples);
        input.ReadRows(index, 0, samples.AsSpan(0, (int)image.LengthSamples));
        PlannedImage planned = planner.Plan(index, image, samples.AsSpan(0, (int)image.LengthSamples));
        return planned.Input.Stored is not null ? EncodeStored(planned) : new EncodedImage(planned, EncodeAll(planned, chunk =>
        {
            (long firstRow, int rowCount) = RowsOf(planned.Target, chunk);
            return _encoding.Encode(
                planned.Target, chunk, planned.Plan, samples.AsSpan((int)firstRow * image.Nx, rowCount * image.Nx));
        }));
    }

    /// <summary>Reads and encodes one chunk of an image.</summary>
    public EncodedChunk EncodeChunk(PlannedImage image, long chunk)
    {
        (long firstRow, int rowCount) = RowsOf(image.Target, chunk);
        int lengthSamples = checked(rowCount * image.Input.Nx);
        if (image.Input.Stored is StoredImage kept)
        {
            Span<byte> stored = Grow(ref _stored, (long)lengthSamples * Frames.SampleTypes.LengthBytes(kept.SampleType))
                .AsSpan(0, lengthSamples * Frames.SampleTypes.LengthBytes(kept.SampleType));
            kept.Source.ReadStoredRows(image.Index, firstRow, stored);
            return _encoding.EncodeStored(image.Target, chunk, stored);
        }

        Span<float> samples = Grow(ref _samples, lengthSamples).AsSpan(0, lengthSamples);
        input.ReadRows(image.Index, firstRow, samples);
        return _encoding.Encode(image.Target, chunk, image.Plan, samples);
    }

    private EncodedImage EncodeStored(PlannedImage image) => new(image, EncodeAll(image, chunk => EncodeChunk(image, chunk)));

    private static EncodedChunk[] EncodeAll(PlannedImage image, Func<long, EncodedChunk> encode)
    {
        var chunks = new EncodedChunk[image.Target.Grid.Count];
        for (int chunk = 0; chunk < chunks.Length; chunk++)
        {
            chunks[chunk] = encode(chunk);
        }

        return chunks;
    }

    /// <summary>A chunk's rows, counted through the sections: they lie side by side in the input.</summary>
    public static (long FirstRow, int RowCount) RowsOf(TargetImage image, long chunk)
    {
        ChunkExtent extent = image.Grid.ExtentOf(chunk);
        return (((long)extent.FirstSection * image.Ny) + extent.FirstRow, extent.SectionCount * extent.RowCount);
    }

    private static T[] Grow<T>(ref T[] buffer, long length) => buffer.Length >= length ? buffer : buffer = new T[length];
}
