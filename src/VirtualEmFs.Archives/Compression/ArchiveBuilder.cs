using System.Buffers;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Archives.Compression;

/// <summary>Writes the images of one input into an archive and keeps the account of what truncation did to them.</summary>
/// <remarks>One thread calls; work runs on as many as the options say. Memory is bounded by the threads, not by the input.</remarks>
internal sealed class ArchiveBuilder(
    ICompressionInput input, CompressionOptions options, ImagePlanner planner, string path, CancellationToken cancellation) : IDisposable
{
    // 4 MiB of float32: a worker holds one such image whole; larger ones are cut among the workers.
    private const long LargestWholeImageSamples = 1 << 20;

    private readonly List<ExpectedFrame> _expected = [];
    private Eman2Writer? _writer;

    /// <summary>What truncation did to the images.</summary>
    public CompressionAccount Account { get; } = new();

    /// <summary>What reading the archive must give back.</summary>
    public IReadOnlyList<ExpectedFrame> Expected => _expected;

    /// <summary>Writes all images.</summary>
    /// <exception cref="ArchiveException">The input fails.</exception>
    /// <exception cref="IOException">The disk fails.</exception>
    /// <exception cref="TruncationException">What was asked for cannot be done with these samples.</exception>
    public void WriteImages()
    {
        if (input.ImageCount == 1)
        {
            WriteInChunks(planner.Plan(0, input.Describe(0)));
            return;
        }

        // Each image by its own size: small ones may stand beside large ones, and only when it is their turn are those read.
        OrderedWork.Run(input.ImageCount, options.Threads, CreateEncoder, (encoder, index) => Prepare(encoder, (int)index), Write, cancellation);
    }

    /// <summary>Writes the root group and closes the file.</summary>
    /// <exception cref="IOException">The disk fails.</exception>
    public void Close(Provenance provenance)
    {
        options.Steps.Before(CommitStep.Close);
        _writer!.Close(provenance);
    }

    public void Dispose() => _writer?.Dispose();

    private ImageEncoder CreateEncoder() => new(input, planner);

    private PreparedImage Prepare(ImageEncoder encoder, int index)
    {
        InputImage image = input.Describe(index);
        return new PreparedImage(index, image, image.LengthSamples <= LargestWholeImageSamples ? encoder.EncodeWhole(index, image) : null);
    }

    private void Write(PreparedImage image)
    {
        if (image.Encoded is EncodedImage encoded)
        {
            WriteWhole(encoded);
        }
        else
        {
            WriteInChunks(planner.Plan(image.Index, image.Input));
        }
    }

    private void WriteWhole(EncodedImage encoded)
    {
        ImageTally tally = Begin(encoded.Image);
        foreach (EncodedChunk chunk in encoded.Chunks)
        {
            Write(chunk, tally);
        }

        End(encoded.Image, tally);
        options.Progress?.Invoke(encoded.Image.Input.LengthSamples * sizeof(float));
    }

    private void WriteInChunks(PlannedImage image)
    {
        ImageTally tally = Begin(image);
        long chunkLengthBytes = image.Input.LengthSamples * sizeof(float) / image.Target.Grid.Count;
        OrderedWork.Run(
            image.Target.Grid.Count, options.Threads, CreateEncoder, (encoder, chunk) => encoder.EncodeChunk(image, chunk),
            chunk =>
            {
                Write(chunk, tally);
                options.Progress?.Invoke(chunkLengthBytes);
            },
            cancellation);

        End(image, tally);
    }

    private ImageTally Begin(PlannedImage image)
    {
        if (_writer is null)
        {
            options.Steps.Before(CommitStep.Create);
            TargetImage? alike = input.Content == ArchiveContent.Folder ? null : image.Target;
            _writer = Eman2Writer.Create(path, input.ImageCount, alike, input.GroupFields);
        }

        options.Steps.Before(CommitStep.BeginImage);
        _writer.BeginImage(image.Target);
        return new ImageTally(image.Target.SectionCount);
    }

    private void Write(in EncodedChunk chunk, ImageTally tally)
    {
        options.Steps.Before(CommitStep.WriteChunk);
        _writer!.WriteChunk(chunk.Chunk, chunk.IsRaw, chunk.Stored.AsSpan(0, chunk.LengthBytes));
        tally.Add(chunk);
        ArrayPool<byte>.Shared.Return(chunk.Stored);
    }

    private void End(PlannedImage image, ImageTally tally)
    {
        options.Steps.Before(CommitStep.EndImage);
        TruncationPlan plan = image.Plan;
        long truncatedCount = image.Input.Stored?.TruncatedCount ?? tally.Total.TruncatedCount;
        if (image.Input.Stored is { } stored && !tally.Agrees(stored.Records))
        {
            throw stored.Altered(image.Index, "samples");
        }

        FrameRecord[] records = tally.Records(plan.StepOverSigma, plan.Clamps, image.Input.Stored?.Records ?? []);
        _writer!.EndImage(image.HeaderWith(truncatedCount), records);
        foreach (FrameRecord record in records)
        {
            _expected.Add(new ExpectedFrame(image.Target.SampleType, plan.Limits, record.Checksum));
        }

        Account.Add(plan, tally.Total);
    }

    /// <summary>An image in its turn: encoded if it is small, else only described.</summary>
    private readonly record struct PreparedImage(int Index, InputImage Input, EncodedImage? Encoded);
}
