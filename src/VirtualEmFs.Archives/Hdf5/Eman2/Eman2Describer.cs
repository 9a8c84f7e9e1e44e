using System.Collections.Immutable;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>Turns probed images into a description.</summary>
internal static class Eman2Describer
{
    public const string FormatName = "EMAN2 HDF5";

    /// <summary>Field of the first image, without its prefix: what has to be known about gain references.</summary>
    public const string GainField = "emfs_gain";

    // A block is decoded whole and held in memory.
    private const long MaximumBlockBytes = 256 << 20;

    // The best deflate does is 1:1032; chunks that were never written are free, so a floor is needed. Beyond both, a file claims what nobody stored.
    private const long FreeSampleBytes = 4L << 30;
    private const long MaximumRatio = 65_536;

    /// <param name="images">The images probed; the first stands for all.</param>
    /// <param name="groupPixelSize">Å; replaces the images' own (IMOD).</param>
    public static ArchiveDescription Describe(
        SourceFile source, string path, Eman2Archive archive, ArchiveContent content, IReadOnlyList<Eman2Image> images, double? groupPixelSize)
    {
        Eman2Image first = images[0];
        DatasetFrames frames = first.Frames;
        FrameShape shape = ShapeOf(source, frames, content == ArchiveContent.Stack ? archive.Images.Count : frames.Nz);
        var header = new ImageHeader(first.HeaderHolder);
        (AngstromVector pixelSize, bool isAssumed) = PixelSizeOf(header, groupPixelSize);
        return new ArchiveDescription
        {
            Format = FormatName,
            Content = content,
            Shape = shape,
            Version = source.Version,
            Files = [path],
            SampleType = frames.SampleType,
            Rescale = first.Rescale,
            Codec = frames.Pipeline.Name,
            Grid = GridOf(shape, frames),
            PixelSize = pixelSize,
            IsPixelSizeAssumed = isAssumed,
            Origin = new AngstromVector(header.Single("origin_x") ?? 0, header.Single("origin_y") ?? 0, header.Single("origin_z") ?? 0),
            Start = (header.Integer("MRC.nxstart") ?? 0, header.Integer("MRC.nystart") ?? 0, header.Integer("MRC.nzstart") ?? 0),
            Statistics = content switch
            {
                ArchiveContent.Folder => null,
                ArchiveContent.Stack => images.Count == archive.Images.Count ? StatisticsOf(images, shape.FrameLengthSamples) : null,
                _ => StatisticsOf(images, shape.LengthSamples),
            },
            Labels = LabelsOf(header),
            Gain = header.Text(GainField),
            Remarks = header.Text(GainField) is string gain ? [gain] : [],
            Members = content == ArchiveContent.Folder ? [.. Enumerable.Range(0, archive.Images.PresentCount).Select(archive.Images.NumberAt)] : [],
            FormatState = archive,
        };
    }

    private static FrameShape ShapeOf(SourceFile source, DatasetFrames frames, int frameCount)
    {
        var lengthBytes = (Int128)frames.Nx * frames.Ny * frameCount * frames.SampleType.LengthBytes();
        return lengthBytes <= FreeSampleBytes || lengthBytes <= (Int128)source.LengthBytes * MaximumRatio
            ? new FrameShape(frames.Nx, frames.Ny, frameCount)
            : throw new Hdf5FormatException($"the file claims {frames.Nx} × {frames.Ny} × {frameCount} samples, which it has no room for");
    }

    private static BlockGrid GridOf(FrameShape shape, DatasetFrames frames)
    {
        PieceShape piece = frames.PieceShape;
        var visible = new PieceShape(Math.Min(piece.Frames, shape.FrameCount), Math.Min(piece.Rows, shape.Ny), Math.Min(piece.Columns, shape.Nx));
        int sampleLengthBytes = frames.SampleType.LengthBytes();
        if ((Int128)visible.Frames * visible.Rows * shape.Nx * sampleLengthBytes > MaximumBlockBytes)
        {
            throw new Hdf5FormatException(
                $"its chunks of {piece.Frames} × {piece.Rows} × {piece.Columns} samples are too large: a row of them does not fit in 256 MiB");
        }

        return BlockGrid.ForPieces(shape, visible, sampleLengthBytes);
    }

    private static (AngstromVector Size, bool IsAssumed) PixelSizeOf(ImageHeader header, double? groupPixelSize)
    {
        bool isAssumed = false;
        float Axis(string name)
        {
            double? size = groupPixelSize ?? header.Number(name);
            if (size is >= 0.01 and <= 1000)
            {
                return (float)size;
            }

            isAssumed = true;
            return 1;
        }

        return (new AngstromVector(Axis("apix_x"), Axis("apix_y"), Axis("apix_z")), isAssumed);
    }

    /// <summary>Statistics of all images together; null unless each has its own. EMAN2's sigma divides by n − 1.</summary>
    private static FrameStatistics? StatisticsOf(IReadOnlyList<Eman2Image> images, long imageLengthSamples)
    {
        float minimum = float.PositiveInfinity;
        float maximum = float.NegativeInfinity;
        double sum = 0;
        double squares = 0;
        double n = imageLengthSamples;
        foreach (Eman2Image image in images)
        {
            var header = new ImageHeader(image.HeaderHolder);
            if (header.Single("minimum") is not float least || header.Single("maximum") is not float most
                || header.Single("mean") is not float mean || header.Single("sigma") is not float sigma)
            {
                return null;
            }

            if (images.Count == 1)
            {
                return new FrameStatistics(least, most, mean, sigma);
            }

            (minimum, maximum) = (Math.Min(minimum, least), Math.Max(maximum, most));
            sum += n * mean;
            squares += ((n - 1) * sigma * sigma) + (n * mean * mean);
        }

        double total = n * images.Count;
        double overallMean = sum / total;
        double variance = Math.Max(0, squares - (total * overallMean * overallMean)) / Math.Max(1, total - 1);
        return new FrameStatistics(minimum, maximum, (float)overallMean, (float)Math.Sqrt(variance));
    }

    private static ImmutableArray<string> LabelsOf(ImageHeader header)
    {
        const int LabelCount = 10;
        const int LabelCharacters = 80;
        var labels = ImmutableArray.CreateBuilder<string>();
        for (int i = 0; i < LabelCount; i++)
        {
            string label = header.Text($"MRC.label{i}")?.TrimEnd() ?? "";
            if (label.Length > 0)
            {
                labels.Add(label.Length > LabelCharacters ? label[..LabelCharacters] : label);
            }
        }

        return labels.ToImmutable();
    }
}
