using System.Collections.Immutable;
using VirtualEmFs.Archives.Eer;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Tiff;

/// <summary>
/// TIFF files of single-sample pages of one size: each page is a frame (spec/relion-tiff-eer.md section 1). Those that hold EER frames
/// go to <see cref="EerFormat"/>.
/// </summary>
/// <param name="imageJLimitBytes">A file longer than this, of one page, may be an ImageJ stack whose other directories were not written.</param>
internal sealed class TiffFormat(EerFormat eer, long imageJLimitBytes = TiffFormat.ClassicLimitBytes) : IArchiveFormat
{
    // Where ImageJ stops writing directories: offsets of 32 bits end.
    private const long ClassicLimitBytes = 1L << 32;

    private const int MostDamages = 64;

    public string Name => "TIFF";

    public bool Recognises(ReadOnlySpan<byte> firstBytes, string path) => TiffReader.IsTiff(firstBytes);

    public ProbeResult Probe(SourceFile file, string path)
    {
        try
        {
            return TiffReader.TryOpen(file) is not TiffReader reader ? ProbeResult.NoImages("it is not a TIFF file")
                : reader.FirstDirectory == 0 ? ProbeResult.NoImages("it is a TIFF file without a page")
                : EerFile.TryRead(reader, file) is EerFile frames ? eer.Describe(file, path, frames)
                : Probe(reader, file, path);
        }
        catch (TiffFormatException exception)
        {
            return ProbeResult.Broken(exception.Message);
        }
    }

    public ArchiveDescription DescribeMember(SourceFile file, ArchiveDescription folder, int imageNumber) =>
        throw new ArchiveException(folder.Files[0], $"a TIFF file has no member {imageNumber}");

    public FrameMap OpenMap(IReadOnlyList<SourceFile> files, ArchiveDescription description) =>
        description.FormatState is TiffState state ? new TiffFrameMap(files[0], description, state) : eer.OpenMap(files, description);

    private ProbeResult Probe(TiffReader reader, SourceFile file, string path)
    {
        var firstDirectory = reader.ReadDirectory(reader.FirstDirectory);
        if (TiffPage.TryRead(firstDirectory, out string? reason) is not TiffPage first)
        {
            return ProbeResult.NoImages(reason!);
        }

        var directories = ImmutableArray.CreateBuilder<long>();
        var damage = ImmutableArray.CreateBuilder<ArchiveDamage>();
        var seen = new HashSet<long>();
        for (var (directory, page) = (firstDirectory, first); ;)
        {
            if (!seen.Add(directory.FileOffset) || seen.Count > TiffBudget.LargestDirectoryCount)
            {
                throw new TiffFormatException("its directories point at one another without end");
            }

            try
            {
                page.ReadPieces(file.LengthBytes);
            }
            catch (TiffFormatException exception)
            {
                AddDamage(directories.Count, exception.Message);
            }

            directories.Add(directory.FileOffset);
            if (directory.NextDirectory == 0)
            {
                break;
            }

            directory = reader.ReadDirectory(directory.NextDirectory);
            if (TiffPage.TryRead(directory, out reason) is not TiffPage next)
            {
                return ProbeResult.NoImages($"page {directories.Count}: {reason}");
            }

            if (next.Nx != first.Nx || next.Ny != first.Ny || next.SampleType != first.SampleType)
            {
                return ProbeResult.NoImages($"page {directories.Count} has another size or sample type than the first");
            }

            page = next;
        }

        int planeCount = 1;
        if (directories.Count == 1 && file.LengthBytes > imageJLimitBytes && first.IsSingleUncompressedStrip && damage.Count == 0)
        {
            planeCount = TiffPixelSize.ImageJImageCount(firstDirectory);
            if (planeCount > (file.LengthBytes - first.ReadPieces(file.LengthBytes)[0].ArchiveOffset) / first.StoredLengthBytes)
            {
                AddDamage(null, $"the file ends before the last of {planeCount} planes");
            }
        }

        return Describe(file, path, firstDirectory, first, new TiffState(directories.ToImmutable(), planeCount), damage.ToImmutable());

        void AddDamage(int? frameIndex, string message)
        {
            if (damage.Count < MostDamages)
            {
                damage.Add(new ArchiveDamage(frameIndex, message));
            }
        }
    }

    private static ProbeResult Describe(
        SourceFile file, string path, TiffDirectory directory, TiffPage page, TiffState state, ImmutableArray<ArchiveDamage> damage)
    {
        int frameCount = Math.Max(state.Directories.Length, state.PlaneCount);
        if ((Int128)page.Nx * page.Ny * frameCount > 1L << 60)
        {
            throw new TiffFormatException($"{frameCount} pages of {page.Nx} x {page.Ny} pixels do not fit a file");
        }

        var shape = new FrameShape(page.Nx, page.Ny, frameCount);
        float? pixelSize = TiffPixelSize.Find(directory);
        float side = pixelSize ?? 1;

        var blockShape = page.AreRowsApart ? page.PieceShape with { Rows = 1 } : page.PieceShape;
        return ProbeResult.Found(new ArchiveDescription
        {
            Format = "TIFF",
            Content = frameCount == 1 ? ArchiveContent.Image : ArchiveContent.Stack,
            Shape = shape,
            Version = file.Version,
            Files = [path],
            SampleType = page.SampleType,
            Codec = page.Pipeline.Name,
            Grid = BlockGrid.ForPieces(shape, blockShape, page.SampleType.LengthBytes(), areRowsReversed: true),
            PixelSize = new AngstromVector(side, side, side),
            IsPixelSizeAssumed = pixelSize is null,
            Damage = damage,
            FormatState = state,
        });
    }
}
