namespace VirtualEmFs.Frames;

/// <summary>Frames [FirstFrame, FirstFrame + FrameCount) × rows [FirstRow, FirstRow + RowCount), all columns.</summary>
public readonly record struct BlockExtent(int FirstFrame, int FrameCount, int FirstRow, int RowCount);

/// <summary>
/// Cuts a file's frames into blocks, the units of decoding and caching. A block is a run of rows of one slab of frames; a slab is
/// one frame, or as many as one piece is deep. The first block of the first slab is a single row of pieces, so
/// that reading a header decodes little. Where rows are stored in reverse order, the short last piece comes first, and the first block
/// of every slab is shorter by what that piece lacks.
/// </summary>
/// <remarks>Pure arithmetic; any thread. Block numbers run through the slabs in file order.</remarks>
public readonly record struct BlockGrid
{
    private readonly FrameShape _shape;
    private readonly int _slabFrames;
    private readonly int _firstRows;
    private readonly int _headRows;
    private readonly int _rows;
    private readonly int _firstSlabBlocks;
    private readonly int _slabBlocks;

    /// <param name="shape">The file's frames.</param>
    /// <param name="slabFrames">Frames of one slab: 1, or the depth of a piece.</param>
    /// <param name="firstRows">Rows of the very first block.</param>
    /// <param name="rows">Rows of every other block.</param>
    public BlockGrid(FrameShape shape, int slabFrames, int firstRows, int rows)
        : this(shape, slabFrames, firstRows, rows, rows)
    {
    }

    /// <inheritdoc cref="BlockGrid(FrameShape, int, int, int)"/>
    /// <param name="headRows">Rows of the first block of every slab but the first.</param>
    public BlockGrid(FrameShape shape, int slabFrames, int firstRows, int headRows, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slabFrames, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(firstRows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headRows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        _shape = shape;
        _slabFrames = Math.Min(slabFrames, shape.FrameCount);
        _firstRows = Math.Min(firstRows, shape.Ny);
        _headRows = Math.Min(headRows, shape.Ny);
        _rows = Math.Min(rows, shape.Ny);
        _firstSlabBlocks = 1 + CeilingDivide(shape.Ny - _firstRows, _rows);
        _slabBlocks = 1 + CeilingDivide(shape.Ny - _headRows, _rows);
    }

    /// <summary>The grid that suits an archive's pieces: 256 KiB of stored samples to a block, in whole rows of pieces.</summary>
    /// <param name="sampleLengthBytes">Length of a stored sample.</param>
    /// <param name="areRowsReversed">See <see cref="FrameLayout.AreRowsReversed"/>.</param>
    public static BlockGrid ForPieces(FrameShape shape, PieceShape piece, int sampleLengthBytes, bool areRowsReversed = false)
    {
        // 256 KiB: a 1 MiB read of float32 touches two blocks of 8-bit samples; a random read decodes at most 0.5 ms.
        const long TargetLengthBytes = 256 * 1024;
        long pieceRowLengthBytes = (long)shape.Nx * piece.Rows * Math.Min(piece.Frames, shape.FrameCount) * sampleLengthBytes;
        long pieceRows = Math.Clamp(TargetLengthBytes / pieceRowLengthBytes, 1, int.MaxValue / piece.Rows);
        // 16 KiB, the kernel's smallest read, hold 3,840 samples behind the header.
        long firstPieceRows = Math.Clamp(1 + (3840 / ((long)shape.Nx * piece.Rows)), 1, pieceRows);
        long missingRows = areRowsReversed ? ((long)CeilingDivide(shape.Ny, piece.Rows) * piece.Rows) - shape.Ny : 0;
        return new BlockGrid(
            shape, piece.Frames, RowsOf(firstPieceRows), RowsOf(pieceRows), checked((int)(pieceRows * piece.Rows)));

        // A first block that the short piece leaves with too few rows for a header read takes its neighbour on reading; one row at least.
        int RowsOf(long countOfPieces) => (int)Math.Max(1, (countOfPieces * piece.Rows) - missingRows);
    }

    /// <summary>Blocks of the whole file.</summary>
    public long BlockCount => _firstSlabBlocks + ((long)(CeilingDivide(_shape.FrameCount, _slabFrames) - 1) * _slabBlocks);

    /// <summary>The block that holds a row of a frame.</summary>
    public long BlockOf(int frameIndex, int row)
    {
        int slab = frameIndex / _slabFrames;
        int headRows = slab == 0 ? _firstRows : _headRows;
        long firstBlock = slab == 0 ? 0 : _firstSlabBlocks + ((long)(slab - 1) * _slabBlocks);
        return row < headRows ? firstBlock : firstBlock + 1 + ((row - headRows) / _rows);
    }

    /// <summary>What a block covers.</summary>
    public BlockExtent ExtentOf(long block)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(block);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(block, BlockCount);
        (int slab, long blockInSlab) = (0, block);
        if (block >= _firstSlabBlocks)
        {
            (long slabsAfterFirst, blockInSlab) = Math.DivRem(block - _firstSlabBlocks, _slabBlocks);
            slab = (int)slabsAfterFirst + 1;
        }

        int headRows = slab == 0 ? _firstRows : _headRows;
        int firstRow = blockInSlab == 0 ? 0 : (int)(headRows + ((blockInSlab - 1) * _rows));
        int endRow = blockInSlab == 0 ? headRows : (int)Math.Min((long)firstRow + _rows, _shape.Ny);
        int firstFrame = slab * _slabFrames;
        int frameCount = Math.Min(_slabFrames, _shape.FrameCount - firstFrame);
        return new BlockExtent(firstFrame, frameCount, firstRow, endRow - firstRow);
    }

    private static int CeilingDivide(int value, int divisor) => (int)(((long)value + divisor - 1) / divisor);
}
