using VirtualEmFs.Codecs;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Archives;

/// <summary>
/// The one read path of all formats: decodes a block from a frame map and the files it points into.
/// </summary>
/// <remarks>
/// Any thread; works in native scratch memory of the thread. Reads are whole runs of pieces; after each, the file's version is
/// checked, so that a block never mixes two versions. Owns the files and, where it is disposable, the frame map.
/// </remarks>
public sealed class MappedArchive : IArchive
{
    // What a thread keeps between blocks: a run and a piece of the usual length.
    private const int KeptScratchBytes = 4 << 20;

    private readonly FrameMap _frames;
    private readonly IReadOnlyList<SourceFile> _files;
    private long _decodedPieceCount;
    private long _decodedBlockCount;

    [ThreadStatic]
    private static BlockScratch? t_scratch;

    /// <param name="files">In the order of <see cref="ArchiveDescription.Files"/>; owned from now on.</param>
    /// <exception cref="ArchiveChangedException">The first file is not the described version.</exception>
    public MappedArchive(ArchiveDescription description, FrameMap frames, IReadOnlyList<SourceFile> files)
    {
        ArgumentOutOfRangeException.ThrowIfZero(files.Count, nameof(files));
        (Description, _frames, _files) = (description, frames, files);
        if (files[0].Version != description.Version)
        {
            throw new ArchiveChangedException(files[0].Path);
        }
    }

    public ArchiveDescription Description { get; }

    /// <summary>Pieces decoded so far.</summary>
    public long DecodedPieceCount => Interlocked.Read(ref _decodedPieceCount);

    /// <summary>Blocks decoded so far.</summary>
    public long DecodedBlockCount => Interlocked.Read(ref _decodedBlockCount);

    /// <summary>pread calls so far, of all files.</summary>
    public long ReadCount => _files.Sum(file => file.ReadCount);

    public BlockFormat FormatOf(BlockExtent extent)
    {
        var window = WindowOf(extent);
        return new BlockFormat(window.Layout.SampleType, window.Layout.Rescale, (int)window.LengthBytes);
    }

    public void Decode(BlockExtent extent, Span<byte> destination, DecodeSlots slots)
    {
        var window = WindowOf(extent);
        if (destination.Length != window.LengthBytes)
        {
            throw new ArgumentException("the destination is not as long as the block", nameof(destination));
        }

        var scratch = t_scratch ??= new BlockScratch();
        bool isComplete;
        try
        {
            isComplete = PieceSearch.Find(window, scratch.Pieces);
        }
        catch (InvalidDataException exception)
        {
            throw Damage(exception.Message, extent.FirstFrame, exception);
        }

        if (!isComplete)
        {
            Fill(window.Layout.FillSample.Span, destination);
        }

        // Bytes that need no more than a swap are read to their place, and only those of the block, however long the piece.
        if (IsRaw(window.Layout))
        {
            ReadRaw(window, scratch, destination, slots);
        }
        else
        {
            DecodePieces(window, scratch, destination, slots);
        }

        scratch.TrimTo(KeptScratchBytes);
        Interlocked.Increment(ref _decodedBlockCount);
    }

    public void Dispose()
    {
        (_frames as IDisposable)?.Dispose();
        foreach (var file in _files)
        {
            file.Dispose();
        }
    }

    private static bool IsRaw(FrameLayout layout)
    {
        foreach (var step in layout.Pipeline.Steps)
        {
            if (step.Kind != FilterKind.ByteSwap)
            {
                return false;
            }
        }

        return true;
    }

    private static void Fill(ReadOnlySpan<byte> fillSample, Span<byte> destination)
    {
        if (fillSample.IndexOfAnyExcept((byte)0) < 0)
        {
            destination.Clear();
            return;
        }

        fillSample.CopyTo(destination);
        for (int filled = fillSample.Length; filled < destination.Length; filled *= 2)
        {
            destination[..Math.Min(filled, destination.Length - filled)].CopyTo(destination[filled..]);
        }
    }

    private BlockWindow WindowOf(BlockExtent extent)
    {
        var shape = Description.Shape;
        if (extent.FirstFrame < 0 || extent.FrameCount < 1 || extent.FrameCount > shape.FrameCount - extent.FirstFrame
            || extent.FirstRow < 0 || extent.RowCount < 1 || extent.RowCount > shape.Ny - extent.FirstRow)
        {
            throw new ArgumentOutOfRangeException(nameof(extent), extent, "the block does not lie in the archive's frames");
        }

        var layout = _frames.LayoutOf(extent.FirstFrame);
        int sampleLengthBytes = layout.SampleType.LengthBytes();
        if (extent.FirstFrame + extent.FrameCount > layout.FirstFrame + layout.FrameCount)
        {
            throw Damage("a block covers images that are stored apart", extent.FirstFrame);
        }

        if ((long)extent.FrameCount * extent.RowCount * shape.Nx * sampleLengthBytes > Array.MaxLength
            || (Int128)layout.PieceShape.Frames * layout.PieceShape.Rows * layout.PieceShape.Columns * sampleLengthBytes > Array.MaxLength)
        {
            throw Damage("pieces of more than 2 GiB are not supported", extent.FirstFrame);
        }

        return new BlockWindow(layout, shape, extent);
    }

    private void DecodePieces(in BlockWindow window, BlockScratch scratch, Span<byte> destination, DecodeSlots slots)
    {
        var pieces = scratch.PiecesByPlace();
        foreach (ref readonly var piece in pieces)
        {
            CheckPlace(window, piece);
        }

        for (int next = 0; next < pieces.Length;)
        {
            var run = StoredRun.From(pieces, next);
            var stored = scratch.Stored.Borrow(run.LengthBytes);
            Read(run.FileIndex, run.ArchiveOffset, stored, FrameOf(window, pieces[next]));
            using (slots.Enter())
            {
                foreach (ref readonly var piece in pieces.Slice(run.FirstPiece, run.PieceCount))
                {
                    int from = (int)(piece.ArchiveOffset - run.ArchiveOffset);
                    DecodePiece(window, piece, stored.Slice(from, piece.StoredLengthBytes), scratch, destination);
                }
            }

            next += run.PieceCount;
        }
    }

    private void DecodePiece(
        in BlockWindow window, in Piece piece, ReadOnlySpan<byte> stored, BlockScratch scratch, Span<byte> destination)
    {
        int lengthBytes = (int)window.LengthBytesOf(piece);
        bool isDirect = window.HoldsWhole(piece);
        var decoded = isDirect
            ? destination.Slice(window.OffsetOfFirstRow(piece), lengthBytes)
            : scratch.Decoded.Borrow(lengthBytes);
        var outcome = PiecePipeline.Decode(window.Layout.Pipeline, piece.FilterMask, stored, decoded);
        if (outcome.Damage is string reason)
        {
            throw Damage($"{reason} (piece at row {piece.FirstRow}, column {piece.FirstColumn})", FrameOf(window, piece));
        }

        if (!isDirect)
        {
            window.Place(piece, decoded, destination);
        }
        else if (window.Layout.AreRowsReversed)
        {
            window.ReverseRows(decoded, scratch.Decoded.Borrow(window.RowLengthBytes));
        }

        Interlocked.Increment(ref _decodedPieceCount);
    }

    // Reads rows straight into the block; rows that follow one another in both file and block, of one piece or several, in one go.
    private void ReadRaw(in BlockWindow window, BlockScratch scratch, Span<byte> destination, DecodeSlots slots)
    {
        var box = window.Layout.PieceShape;
        int pieceRowLengthBytes = box.Columns * window.SampleLengthBytes;
        var pending = default(RawRead);
        foreach (var piece in scratch.Pieces)
        {
            CheckPlace(window, piece);
            if (piece.StoredLengthBytes != window.LengthBytesOf(piece))
            {
                throw Damage($"a piece has {piece.StoredLengthBytes} bytes instead of {window.LengthBytesOf(piece)}", FrameOf(window, piece));
            }

            int pieceRows = window.RowsOf(piece);
            int firstRow = Math.Max(window.FirstRow, piece.FirstRow);
            int endRow = Math.Min(window.EndRow, piece.FirstRow + pieceRows);
            int endFrame = Math.Min(window.EndFrame, piece.FirstFrame + box.Frames);
            for (int frame = Math.Max(window.FirstFrame, piece.FirstFrame); frame < endFrame; frame++)
            {
                long rowsBefore = ((long)(frame - piece.FirstFrame) * pieceRows) + firstRow - piece.FirstRow;
                var part = piece with
                {
                    ArchiveOffset = piece.ArchiveOffset + (rowsBefore * pieceRowLengthBytes),
                    StoredLengthBytes = (endRow - firstRow) * pieceRowLengthBytes,
                    FirstFrame = frame,
                    FirstRow = firstRow,
                };
                if (pieceRowLengthBytes != window.RowLengthBytes || window.Layout.AreRowsReversed)
                {
                    ReadRows(window, part, scratch, destination, slots);
                }
                else if (!pending.TryExtend(part, window.OffsetOf(frame, firstRow)))
                {
                    Flush(pending, window, destination, slots);
                    pending = new RawRead(part, window.OffsetOf(frame, firstRow));
                }
            }

            Interlocked.Increment(ref _decodedPieceCount);
        }

        Flush(pending, window, destination, slots);
    }

    private void Flush(in RawRead pending, in BlockWindow window, Span<byte> destination, DecodeSlots slots)
    {
        if (pending.LengthBytes > 0)
        {
            var rows = destination.Slice(pending.BlockOffset, pending.LengthBytes);
            Read(pending.FileIndex, pending.ArchiveOffset, rows, window.Layout.FirstFrame + pending.Frame);
            Swap(window, rows, slots);
        }
    }

    private void ReadRows(in BlockWindow window, in Piece part, BlockScratch scratch, Span<byte> destination, DecodeSlots slots)
    {
        var rows = scratch.Stored.Borrow(part.StoredLengthBytes);
        Read(part.FileIndex, part.ArchiveOffset, rows, FrameOf(window, part));
        Swap(window, rows, slots);
        int rowLengthBytes = window.Layout.PieceShape.Columns * window.SampleLengthBytes;
        int columnOffset = part.FirstColumn * window.SampleLengthBytes;
        int copiedLengthBytes = Math.Min(rowLengthBytes, window.RowLengthBytes - columnOffset);
        for (int row = 0; row * rowLengthBytes < rows.Length; row++)
        {
            rows.Slice(row * rowLengthBytes, copiedLengthBytes)
                .CopyTo(destination[(window.OffsetOf(part.FirstFrame, part.FirstRow + row) + columnOffset)..]);
        }
    }

    private static void Swap(in BlockWindow window, Span<byte> samples, DecodeSlots slots)
    {
        // Two swaps undo one another.
        if (window.Layout.Pipeline.Steps.Length % 2 != 0)
        {
            using (slots.Enter())
            {
                ByteOrder.Swap(samples, window.SampleLengthBytes);
            }
        }
    }

    private void Read(int fileIndex, long archiveOffset, Span<byte> destination, int frameIndex)
    {
        var file = _files[fileIndex];
        try
        {
            file.ReadExactly(archiveOffset, destination);
            file.CheckUnchanged(file.Version);
        }
        catch (ArchiveException exception) when (exception is not ArchiveChangedException)
        {
            throw Damage(exception.Reason, frameIndex, exception);
        }
    }

    private void CheckPlace(in BlockWindow window, in Piece piece)
    {
        // Memory is for what the piece can need, not for what a damaged table claims.
        long decodedLengthBytes = window.LengthBytesOf(piece);
        if (piece.StoredLengthBytes < 0
            || piece.StoredLengthBytes > PiecePipeline.LongestStoredBytes(window.Layout.Pipeline, decodedLengthBytes))
        {
            throw Damage($"a piece of {decodedLengthBytes} bytes claims to be stored in {piece.StoredLengthBytes}", FrameOf(window, piece));
        }

        if (piece.FileIndex < 0 || piece.FileIndex >= _files.Count || piece.ArchiveOffset < 0
            || piece.ArchiveOffset > _files[piece.FileIndex].LengthBytes - piece.StoredLengthBytes)
        {
            throw Damage($"a piece at offset {piece.ArchiveOffset} lies outside the file", FrameOf(window, piece));
        }
    }

    // The first frame of the block that a piece belongs to, in the numbers of the virtual file.
    private static int FrameOf(in BlockWindow window, in Piece piece) =>
        window.Layout.FirstFrame + Math.Max(window.FirstFrame, piece.FirstFrame);

    private ArchiveException Damage(string reason, int frameIndex, Exception? inner = null) =>
        new(Description.Files[0], reason, frameIndex, inner);

    /// <summary>A read that waits for its continuation.</summary>
    private record struct RawRead(int FileIndex, long ArchiveOffset, int BlockOffset, int LengthBytes, int Frame)
    {
        public RawRead(in Piece part, int blockOffset)
            : this(part.FileIndex, part.ArchiveOffset, blockOffset, part.StoredLengthBytes, part.FirstFrame)
        {
        }

        public bool TryExtend(in Piece part, int blockOffset)
        {
            if (LengthBytes == 0 || part.FileIndex != FileIndex || part.ArchiveOffset != ArchiveOffset + LengthBytes
                || blockOffset != BlockOffset + LengthBytes)
            {
                return false;
            }

            LengthBytes += part.StoredLengthBytes;
            return true;
        }
    }
}
