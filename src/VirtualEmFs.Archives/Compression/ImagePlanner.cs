using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Archives.Compression;

/// <summary>Decides how images of one input are stored: a pass for their statistics, and more where limits may clamp.</summary>
/// <remarks>Any thread.</remarks>
/// <param name="earlier">The archive that the samples came out of; null for none.</param>
internal sealed class ImagePlanner(
    ICompressionInput input, CompressionOptions options, Treatment treatment, EarlierArchive? earlier, CancellationToken cancellation)
{
    // 1 MiB of float32: one read, and it stays in the second-level cache while it is looked at.
    private const int BandLengthSamples = 256 * 1024;

    private delegate void Visit(ReadOnlySpan<float> samples);

    /// <summary>Deflate level that archives declare, 9 at most whatever the effort; null for no filter.</summary>
    private int? DeclaredLevel => options.IsUncompressed ? null : Math.Min(Level ?? 1, 9); // 1 is EMAN2's own default

    /// <summary>Deflate level that was asked for; null for automatic.</summary>
    public int? Level => options.Level ?? treatment.Level;

    /// <summary>Plans an image whose samples are at hand.</summary>
    /// <exception cref="TruncationException">What was asked for cannot be done with these samples.</exception>
    public PlannedImage Plan(int index, InputImage image, ReadOnlySpan<float> samples)
    {
        InputImage? archived = earlier?.Find(index, image);
        if (archived?.Nz == image.Nz && earlier!.IsSame(index, image.Nx, 0, samples))
        {
            return PlanStored(index, image with { Stored = archived.Stored });
        }

        var analysis = FrameAnalysis.Of(samples);
        var search = NewSearch(index, image, archived, analysis);
        while (search.NeedsPass)
        {
            search.Add(samples);
            search.EndPass();
        }

        return Planned(index, image, search.Decide(), analysis.Statistics);
    }

    /// <summary>Plans an image in passes over bands of rows, on all threads where the pass allows it.</summary>
    /// <exception cref="TruncationException">What was asked for cannot be done with these samples.</exception>
    /// <exception cref="ArchiveException">The input fails.</exception>
    public PlannedImage Plan(int index, InputImage image)
    {
        if (image.Stored is StoredImage)
        {
            return PlanStored(index, image);
        }

        InputImage? archived = earlier?.Find(index, image);
        if (archived?.Nz == image.Nz && IsAllSame(index, image, archived.Stored!))
        {
            return PlanStored(index, image with { Stored = archived.Stored });
        }

        var analysis = new FrameAnalysis(image.LengthSamples);
        int bandRows = (int)Math.Clamp(BandLengthSamples / image.Nx, 1, image.RowCount);
        long bands = (image.RowCount + bandRows - 1) / bandRows;
        OrderedWork.Run(
            bands, options.Threads, () => new float[bandRows * image.Nx],
            (buffer, band) =>
            {
                Span<float> samples = ReadBand(buffer, index, image, band, bandRows);
                analysis.Add(band * bandRows * image.Nx, samples);
                return samples.Length;
            },
            _ => { },
            cancellation);
        var search = NewSearch(index, image, archived, analysis);
        float[]? buffer = null;
        while (search.NeedsPass)
        {
            buffer ??= new float[bandRows * image.Nx];
            for (long band = 0; band < bands && !search.IsPassDecided; band++)
            {
                cancellation.ThrowIfCancellationRequested();
                search.Add(ReadBand(buffer, index, image, band, bandRows));
            }

            search.EndPass();
        }

        return Planned(index, image, search.Decide(), analysis.Statistics);
    }

    /// <summary>The plan for integers of an archive: the same again.</summary>
    /// <exception cref="ArchiveException">They are not what the archive says of them.</exception>
    public PlannedImage PlanStored(int index, InputImage image)
    {
        StoredImage stored = image.Stored!;
        if (!stored.HasRecordedLimits)
        {
            throw stored.Altered(index, "type or limits");
        }

        var plan = new TruncationPlan { Limits = stored.Rescale, IsExact = true, Reason = "the integers of the archive" };
        var target = new TargetImage(image.Nx, image.Ny, image.Nz, stored.SampleType, DeclaredLevel);
        return new PlannedImage(index, image, plan, stored.Statistics, target);
    }

    private Span<float> ReadBand(float[] buffer, int index, InputImage image, long band, int bandRows)
    {
        long firstRow = band * bandRows;
        Span<float> samples = buffer.AsSpan(0, (int)Math.Min(bandRows, image.RowCount - firstRow) * image.Nx);
        input.ReadRows(index, firstRow, samples);
        return samples;
    }

    /// <summary>Compares an image with what the earlier archive shows, chunk by chunk of the integers there.</summary>
    private bool IsAllSame(int index, InputImage image, StoredImage archived)
    {
        var target = new TargetImage(image.Nx, image.Ny, image.Nz, archived.SampleType, DeclaredLevel);
        bool differs = false;
        OrderedWork.Run(
            target.Grid.Count, options.Threads, () => new float[target.ChunkLengthBytes / archived.SampleType.LengthBytes()],
            (buffer, chunk) =>
            {
                if (Volatile.Read(ref differs))
                {
                    return false;
                }

                (long firstRow, int rowCount) = ImageEncoder.RowsOf(target, chunk);
                Span<float> samples = buffer.AsSpan(0, rowCount * image.Nx);
                input.ReadRows(index, firstRow, samples);
                return earlier!.IsSame(index, image.Nx, firstRow, samples);
            },
            isSame => Volatile.Write(ref differs, Volatile.Read(ref differs) || !isSame),
            cancellation);
        return !differs;
    }

    /// <summary>What archives hold is never clamped a second time, and keeps its limits where it can.</summary>
    private PlanSearch NewSearch(int index, InputImage image, InputImage? archived, FrameAnalysis analysis)
    {
        Treatment applied = options.IsUncompressed ? Treatment.Explicit(0, LimitRequest.None) with { Rule = "uncompressed" }
            : earlier?.Contains(index, image) == true ? treatment with { Limits = LimitRequest.None }
            : treatment;
        return new PlanSearch(analysis, applied, archived?.Stored is { HasRecordedLimits: true } stored ? stored.Rescale : null);
    }

    private PlannedImage Planned(int index, InputImage image, TruncationPlan plan, in ImageStatistics statistics) => new(
        index, image, plan,
        new FrameStatistics(statistics.Minimum, statistics.Maximum, (float)statistics.Mean, (float)statistics.Sigma),
        new TargetImage(image.Nx, image.Ny, image.Nz, plan.SampleType, DeclaredLevel));
}
