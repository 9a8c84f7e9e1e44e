using System.Collections.Immutable;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Tiff;

/// <summary>What the probe remembers of a TIFF file.</summary>
/// <param name="Directories">File offset of each page's directory.</param>
/// <param name="PlaneCount">Planes that follow each other behind the only directory (ImageJ beyond 4 GiB); 1 otherwise.</param>
internal sealed record TiffState(ImmutableArray<long> Directories, int PlaneCount);

/// <summary>Reads the layout of a page when it is asked for.</summary>
internal sealed class TiffFrameMap(SourceFile file, ArchiveDescription description, TiffState state) : KeptLayouts(description.Shape.FrameCount)
{
    protected override FrameLayout Load(int frameIndex)
    {
        try
        {
            return ReadPage(frameIndex);
        }
        catch (TiffFormatException exception)
        {
            throw new ArchiveException(description.Files[0], exception.Message, frameIndex, exception);
        }
    }

    private FrameLayout ReadPage(int frameIndex)
    {
        var reader = TiffReader.TryOpen(file) ?? throw new TiffFormatException("it is no longer a TIFF file");
        var directory = reader.ReadDirectory(state.Directories[state.PlaneCount > 1 ? 0 : frameIndex]);
        var page = TiffPage.TryRead(directory, out string? reason) ?? throw new TiffFormatException(reason!);
        if (page.Nx != description.Shape.Nx || page.Ny != description.Shape.Ny || page.SampleType != description.SampleType)
        {
            throw new TiffFormatException("the page has another size or sample type");
        }

        var pieces = page.ReadPieces(file.LengthBytes);
        if (state.PlaneCount > 1)
        {
            long planeOffset = frameIndex * page.StoredLengthBytes;
            if (pieces[^1].ArchiveOffset + pieces[^1].StoredLengthBytes + planeOffset > file.LengthBytes)
            {
                throw new TiffFormatException("the file ends before this plane");
            }

            foreach (ref Piece piece in pieces.AsSpan())
            {
                piece = piece with { ArchiveOffset = piece.ArchiveOffset + planeOffset };
            }
        }

        return page.LayoutOf(frameIndex, pieces);
    }
}
