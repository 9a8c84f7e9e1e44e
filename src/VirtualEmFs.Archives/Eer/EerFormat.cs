using VirtualEmFs.Archives.Tiff;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Eer;

/// <summary>EER movies: groups of internal frames, drawn and summed, are the frames (spec/relion-tiff-eer.md section 3).</summary>
/// <remarks>Files in a TIFF container come from <see cref="TiffFormat"/>, which opens it; the older container is recognised here.</remarks>
internal sealed class EerFormat(FormatOptions options) : IArchiveFormat
{
    /// <summary>What has to be known about gain references; an MRC label, too.</summary>
    public const string GainNote = "EER: gain not applied; an EER gain reference divides (it does not multiply)";

    public string Name => "EER";

    public bool Recognises(ReadOnlySpan<byte> firstBytes, string path) =>
        !TiffReader.IsTiff(firstBytes)
        && (path.EndsWith(".ecc", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".eer", StringComparison.OrdinalIgnoreCase));

    public ProbeResult Probe(SourceFile file, string path)
    {
        try
        {
            return EerFile.TryReadLegacy(file) is EerFile frames
                ? Describe(file, path, frames)
                : ProbeResult.NoImages("it is not an EER file");
        }
        catch (TiffFormatException exception)
        {
            return ProbeResult.Broken(exception.Message);
        }
    }

    public ArchiveDescription DescribeMember(SourceFile file, ArchiveDescription folder, int imageNumber) =>
        throw new ArchiveException(folder.Files[0], $"an EER file has no member {imageNumber}");

    public FrameMap OpenMap(IReadOnlyList<SourceFile> files, ArchiveDescription description) =>
        new EerFrameMap(description, (EerState)description.FormatState!);

    /// <summary>Describes the frames that the internal frames make.</summary>
    public ProbeResult Describe(SourceFile file, string path, EerFile frames)
    {
        int internalCount = frames.Frames.Length;
        (int frameCount, int leftOver) = Math.DivRem(internalCount, options.EerGrouping);
        if (frameCount == 0)
        {
            return ProbeResult.NoImages(
                $"its {internalCount} internal frames are fewer than one group of {options.EerGrouping}; choose --eer-grouping {internalCount} or less");
        }

        int side = options.EerUpsampling << frames.SensorBits;
        var shape = new FrameShape(side, side, frameCount);
        var sampleType = options.EerGrouping <= byte.MaxValue ? SampleType.UInt8 : SampleType.UInt16;
        float pixelSize = (float)((frames.PixelSize ?? 1) / options.EerUpsampling);
        string grouped = $"{internalCount} internal frames in groups of {options.EerGrouping}";
        return ProbeResult.Found(new ArchiveDescription
        {
            Format = Name,
            Content = frameCount == 1 ? ArchiveContent.Image : ArchiveContent.Stack,
            Shape = shape,
            Version = file.Version,
            Files = [path],
            SampleType = sampleType,
            Codec = "eer",
            Grid = BlockGrid.ForPieces(shape, new PieceShape(1, side, side), sampleType.LengthBytes()),
            PixelSize = new AngstromVector(pixelSize, pixelSize, pixelSize),
            IsPixelSizeAssumed = frames.PixelSize is null,
            Gain = GainNote,
            Labels = [GainNote],
            Remarks = leftOver == 0
                ? [grouped, GainNote]
                : [$"{grouped}; the last {leftOver} are left out, as RELION does", GainNote],
            FormatState = new EerState(frames, options.EerGrouping, options.EerUpsampling),
        });
    }
}
