using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives;

/// <summary>
/// One block in the coordinates of its layout: where each stored row goes in the block's bytes, and how pieces overlap it.
/// </summary>
/// <remarks>Pure arithmetic. Frames and rows are the layout's own: rows as stored, which may run against the frame's.</remarks>
internal readonly struct BlockWindow
{
    public BlockWindow(FrameLayout layout, FrameShape shape, BlockExtent extent)
    {
        Layout = layout;
        Nx = shape.Nx;
        Ny = shape.Ny;
        FirstFrame = extent.FirstFrame - layout.FirstFrame;
        EndFrame = FirstFrame + extent.FrameCount;
        FirstRow = layout.AreRowsReversed ? Ny - extent.FirstRow - extent.RowCount : extent.FirstRow;
        EndRow = FirstRow + extent.RowCount;
        RowLengthBytes = Nx * layout.SampleType.LengthBytes();
    }

    public FrameLayout Layout { get; }

    public int Nx { get; }

    public int Ny { get; }

    public int FirstFrame { get; }

    public int EndFrame { get; }

    public int FirstRow { get; }

    public int EndRow { get; }

    /// <summary>Length of one row of the block.</summary>
    public int RowLengthBytes { get; }

    public int RowCount => EndRow - FirstRow;

    public long LengthBytes => (long)(EndFrame - FirstFrame) * RowCount * RowLengthBytes;

    public int SampleLengthBytes => RowLengthBytes / Nx;

    /// <summary>Boxes of the grid that the block touches: as many pieces as it has when all were written.</summary>
    public long BoxCount
    {
        get
        {
            var box = Layout.PieceShape;
            long frames = ((EndFrame - 1) / box.Frames) - (FirstFrame / box.Frames) + 1;
            long rows = ((EndRow - 1) / box.Rows) - (FirstRow / box.Rows) + 1;
            return frames * rows * (((Nx - 1) / box.Columns) + 1);
        }
    }

    /// <summary>Where a stored row begins in the block.</summary>
    public int OffsetOf(int frame, int storedRow)
    {
        int row = Layout.AreRowsReversed ? EndRow - 1 - storedRow : storedRow - FirstRow;
        return (((frame - FirstFrame) * RowCount) + row) * RowLengthBytes;
    }

    /// <summary>Rows that a piece decodes to.</summary>
    public int RowsOf(in Piece piece) =>
        Layout.EndsWithFrame ? Math.Min(Layout.PieceShape.Rows, Ny - piece.FirstRow) : Layout.PieceShape.Rows;

    /// <summary>Bytes that a piece decodes to.</summary>
    public long LengthBytesOf(in Piece piece) =>
        (long)Layout.PieceShape.Frames * RowsOf(piece) * Layout.PieceShape.Columns * SampleLengthBytes;

    /// <summary>True when the rows of a piece lie together in the block, in their order or in reverse.</summary>
    public bool HoldsWhole(in Piece piece)
    {
        int rows = RowsOf(piece);
        int frames = Layout.PieceShape.Frames;
        return Layout.PieceShape.Columns == Nx
            && piece.FirstRow >= FirstRow && piece.FirstRow + rows <= EndRow
            && piece.FirstFrame >= FirstFrame && piece.FirstFrame + frames <= EndFrame
            && (frames == 1 || (rows == RowCount && !Layout.AreRowsReversed));
    }

    /// <summary>Where the samples of a piece that the block holds whole begin in the block.</summary>
    public int OffsetOfFirstRow(in Piece piece) =>
        OffsetOf(piece.FirstFrame, Layout.AreRowsReversed ? piece.FirstRow + RowsOf(piece) - 1 : piece.FirstRow);

    /// <summary>Reverses the order of whole rows in place.</summary>
    /// <param name="spareRow">Room for one row.</param>
    public void ReverseRows(Span<byte> rows, Span<byte> spareRow)
    {
        int first = 0;
        for (int last = rows.Length - RowLengthBytes; first < last; first += RowLengthBytes, last -= RowLengthBytes)
        {
            var upper = rows.Slice(first, RowLengthBytes);
            var lower = rows.Slice(last, RowLengthBytes);
            upper.CopyTo(spareRow);
            lower.CopyTo(upper);
            spareRow[..RowLengthBytes].CopyTo(lower);
        }
    }

    /// <summary>Copies the part of a decoded piece that lies in the block, row by row.</summary>
    public void Place(in Piece piece, ReadOnlySpan<byte> decoded, Span<byte> block)
    {
        int pieceRows = RowsOf(piece);
        int pieceRowLengthBytes = Layout.PieceShape.Columns * SampleLengthBytes;
        int columnOffset = piece.FirstColumn * SampleLengthBytes;
        int copiedLengthBytes = Math.Min(pieceRowLengthBytes, RowLengthBytes - columnOffset);
        int endFrame = Math.Min(EndFrame, piece.FirstFrame + Layout.PieceShape.Frames);
        int endRow = Math.Min(EndRow, piece.FirstRow + pieceRows);
        for (int frame = Math.Max(FirstFrame, piece.FirstFrame); frame < endFrame; frame++)
        {
            for (int row = Math.Max(FirstRow, piece.FirstRow); row < endRow; row++)
            {
                int from = (((frame - piece.FirstFrame) * pieceRows) + row - piece.FirstRow) * pieceRowLengthBytes;
                decoded.Slice(from, copiedLengthBytes).CopyTo(block[(OffsetOf(frame, row) + columnOffset)..]);
            }
        }
    }
}
