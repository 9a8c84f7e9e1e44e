using VirtualEmFs.Codecs;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Tiff;

/// <summary>One page of a TIFF file as a frame: its shape, and the strips or tiles that hold it.</summary>
/// <remarks>One thread. Rows of pieces are TIFF's own, the picture's top first; the frame reads them in reverse.</remarks>
internal sealed class TiffPage
{
    // One strip of a micrograph has a few thousand rows at most, and tiles of 16 x 16 make 65,536 of 4096 x 4096.
    private const long LargestPieceCount = 1 << 22;

    // What the frame pool rents in one piece.
    private const long LongestPieceBytes = 1 << 30;

    // Uncompressed frames of a single strip are cut into pieces of about this length, so that a read of a few rows reads a few rows.
    private const int UncompressedPieceBytes = 256 * 1024;

    private readonly TiffDirectory _directory;
    private readonly TiffCompression _compression;
    private readonly TiffSamples _samples;
    private readonly bool _isTiled;
    private readonly int _storedColumns;
    private readonly int _storedRows;

    private TiffPage(
        TiffDirectory directory, TiffCompression compression, TiffSamples samples, bool isTiled, (int Nx, int Ny) shape,
        (int Columns, int Rows) stored, Pipeline pipeline)
    {
        (_directory, _compression, _samples, _isTiled) = (directory, compression, samples, isTiled);
        (_storedColumns, _storedRows) = stored;
        (Nx, Ny) = shape;
        Pipeline = pipeline;
        int rows = stored.Rows;
        if (IsSingleUncompressedStrip)
        {
            rows = Math.Clamp(UncompressedPieceBytes / (stored.Columns * samples.StoredLengthBytes), 1, shape.Ny);
        }

        PieceShape = new PieceShape(1, rows, stored.Columns * (samples.ArePacked ? 2 : 1));
    }

    public int Nx { get; }

    public int Ny { get; }

    public SampleType SampleType => _samples.Type;

    public Pipeline Pipeline { get; }

    public PieceShape PieceShape { get; }

    /// <summary>True when the samples lie in one strip as they are, one row after the other.</summary>
    public bool IsSingleUncompressedStrip => !_isTiled && _compression.Step is null && _storedRows >= Ny;

    /// <summary>True when rows can be read alone: samples lie in strips as they are, but for their byte order.</summary>
    public bool AreRowsApart => !_isTiled && Pipeline.Steps.All(step => step.Kind == FilterKind.ByteSwap);

    /// <summary>Bytes of an uncompressed page.</summary>
    public long StoredLengthBytes => (long)_storedColumns * _samples.StoredLengthBytes * Ny;

    /// <summary>Understands a directory.</summary>
    /// <param name="reason">Why it holds no image that can be shown.</param>
    /// <returns>Null when it holds none.</returns>
    /// <exception cref="TiffFormatException">The directory is broken.</exception>
    public static TiffPage? TryRead(TiffDirectory directory, out string? reason)
    {
        long width = directory.Integers(TiffTag.ImageWidth, 1)[0];
        long length = directory.Integers(TiffTag.ImageLength, 1)[0];
        long compressionNumber = directory.Integer(TiffTag.Compression, 1);
        if (TiffCompression.Of(compressionNumber) is not TiffCompression compression)
        {
            reason = $"the compression {TiffCompression.NameOf(compressionNumber)} is not supported in TIFF";
            return null;
        }

        reason = TiffSamples.Find(directory, width, length, out TiffSamples samples);
        if (reason is not null)
        {
            return null;
        }

        bool isTiled = directory.Has(TiffTag.TileWidth);
        long columns = isTiled ? directory.Integers(TiffTag.TileWidth, 1)[0] : width;
        long rows = isTiled ? directory.Integers(TiffTag.TileLength, 1)[0] : Math.Min(directory.Integer(TiffTag.RowsPerStrip, length), length);
        const int LargestAxis = int.MaxValue / 2;
        if (width is < 1 or > LargestAxis || length is < 1 or > LargestAxis || columns is < 1 or > LargestAxis || rows is < 1 or > LargestAxis)
        {
            throw new TiffFormatException($"a page claims {width} x {length} pixels in pieces of {columns} x {rows}");
        }

        // A block is a row of pieces: whole, unless the samples lie there as they are.
        bool isCut = !isTiled && compression.Step is null && rows == length;
        long rowLengthBytes = Math.Max(width, columns) * samples.StoredLengthBytes * (samples.ArePacked ? 2 : 1);
        if (rowLengthBytes * (isCut ? 1 : rows) > LongestPieceBytes)
        {
            throw new TiffFormatException($"strips or tiles of more than 1 GiB are not supported ({width} x {rows} pixels)");
        }

        var pipeline = samples.PipelineOf(compression, directory, (int)columns);
        if (pipeline is null)
        {
            reason = $"predictor {directory.Integer(TiffTag.Predictor, 1)} is not supported for such samples";
            return null;
        }

        reason = PiecePipeline.FindUnsupported(pipeline);
        if (reason is not null)
        {
            return null;
        }

        int nx = (int)width * (samples.ArePacked ? 2 : 1);
        return new TiffPage(directory, compression, samples, isTiled, (nx, (int)length), ((int)columns, (int)rows), pipeline);
    }

    /// <summary>Finds where the page's samples lie.</summary>
    /// <param name="fileLengthBytes">Length of the file.</param>
    /// <exception cref="TiffFormatException">A piece is missing, lies outside the file or cannot hold its samples.</exception>
    public Piece[] ReadPieces(long fileLengthBytes)
    {
        long columnCount = _isTiled ? CeilingDivide(Nx, PieceShape.Columns) : 1;
        long count = columnCount * CeilingDivide(Ny, _storedRows);
        if (count > LargestPieceCount)
        {
            throw new TiffFormatException($"a page claims {count} strips or tiles");
        }

        // libtiff, too, accepts tiles under the tags of strips.
        bool areUnderTileTags = _isTiled && _directory.Has(TiffTag.TileOffsets);
        long[] offsets = _directory.Integers(areUnderTileTags ? TiffTag.TileOffsets : TiffTag.StripOffsets, (int)count);
        if (IsSingleUncompressedStrip)
        {
            return CutStrip(offsets[0], fileLengthBytes);
        }

        long[] lengths = _directory.Integers(areUnderTileTags ? TiffTag.TileByteCounts : TiffTag.StripByteCounts, (int)count);
        var pieces = new Piece[count];
        for (int i = 0; i < pieces.Length; i++)
        {
            int firstRow = (int)(i / columnCount) * _storedRows;
            int firstColumn = (int)(i % columnCount) * PieceShape.Columns;
            long rows = _isTiled ? _storedRows : Math.Min(_storedRows, Ny - firstRow);
            long unpackedLengthBytes = rows * _storedColumns * _samples.StoredLengthBytes;
            long lengthBytes = _compression.Step is null
                ? unpackedLengthBytes
                : Math.Min(lengths[i], LongestStoredBytes(unpackedLengthBytes));
            if (lengths[i] < (unpackedLengthBytes + _compression.LargestExpansion - 1) / _compression.LargestExpansion)
            {
                throw new TiffFormatException($"the {lengths[i]} bytes of the strip or tile at row {firstRow} cannot hold its samples");
            }

            CheckInFile(offsets[i], lengthBytes, firstRow, fileLengthBytes);
            pieces[i] = new Piece(0, offsets[i], (int)lengthBytes, 0, 0, firstRow, firstColumn);
        }

        return pieces;
    }

    /// <summary>The layout of this page as one frame.</summary>
    /// <param name="frameIndex">Frame of the virtual file.</param>
    public FrameLayout LayoutOf(int frameIndex, Piece[] pieces) => new()
    {
        FirstFrame = frameIndex,
        FrameCount = 1,
        SampleType = SampleType,
        Rescale = Rescale.None,
        Pipeline = Pipeline,
        PieceShape = PieceShape,
        AreRowsReversed = true,
        EndsWithFrame = !_isTiled,
        Pieces = pieces,
    };

    // What the longest code of any compression can need for incompressible samples; a count beyond it has padding behind the data.
    private static long LongestStoredBytes(long unpackedLengthBytes) => Math.Min(int.MaxValue, (2 * unpackedLengthBytes) + 4096);

    private static long CeilingDivide(long value, long divisor) => (value + divisor - 1) / divisor;

    // The length is known without tag 279, which some writers leave out or get wrong; libtiff computes it, too.
    private Piece[] CutStrip(long archiveOffset, long fileLengthBytes)
    {
        CheckInFile(archiveOffset, StoredLengthBytes, 0, fileLengthBytes);
        long rowLengthBytes = StoredLengthBytes / Ny;
        var pieces = new Piece[CeilingDivide(Ny, PieceShape.Rows)];
        for (int i = 0; i < pieces.Length; i++)
        {
            int firstRow = i * PieceShape.Rows;
            int rows = Math.Min(PieceShape.Rows, Ny - firstRow);
            pieces[i] = new Piece(0, archiveOffset + (firstRow * rowLengthBytes), (int)(rows * rowLengthBytes), 0, 0, firstRow, 0);
        }

        return pieces;
    }

    private static void CheckInFile(long archiveOffset, long lengthBytes, int firstRow, long fileLengthBytes)
    {
        // The header is at the beginning: an offset of 0 means that the strip was never written.
        if (archiveOffset <= 0 || lengthBytes > fileLengthBytes - archiveOffset)
        {
            throw new TiffFormatException(
                $"the strip or tile at row {firstRow} ({lengthBytes} bytes at {archiveOffset}) lies outside the file");
        }
    }
}
