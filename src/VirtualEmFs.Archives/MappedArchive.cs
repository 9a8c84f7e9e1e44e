using VirtualEmFs.Codecs;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives;

/// <summary>
/// The one read path of all formats: decodes a block from a frame map and the files it points into.
/// </summary>
/// <remarks>
/// Any thread; works in native scratch memory of the thread. Reads are whole runs of pieces; after each, the file's version is
/// checked, so that a block never mixes two versions. Owns the files and, where it is disposable, the frame map.
/// </remarks>
public sealed partial class MappedArchive : IArchive
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

    public void TolerateAttributeChanges(long? mtimeNs)
    {
        foreach (var file in _files)
        {
            file.TolerateAttributeChanges(mtimeNs);
        }
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
        for (int filled = fillSample.Length; filled < destination.Length;)
        {
            int copied = Math.Min(filled, destination.Length - filled);
            destination[..copied].CopyTo(destination[filled..]);
            filled += copied;
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
            var queue = new RunQueue(this, window, scratch, run);
            using (slots.Enter())
            {
                PieceBatch.Decode(window.Layout.Pipeline, stored, destination, ref queue);
            }

            next += run.PieceCount;
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

    /// <summary>The pieces of a run on their way to the block.</summary>
    private struct RunQueue(MappedArchive archive, BlockWindow window, BlockScratch scratch, StoredRun run) : IPieceQueue
    {
        private int _next = run.FirstPiece;

        public bool TryNext(out int index, out PieceTask task)
        {
            index = _next;
            task = default;
            if (index == run.FirstPiece + run.PieceCount)
            {
                return false;
            }

            var piece = scratch.Pieces[_next++];
            task = new PieceTask(
                (int)(piece.ArchiveOffset - run.ArchiveOffset), piece.StoredLengthBytes, piece.FilterMask,
                window.HoldsWhole(piece) ? window.OffsetOfFirstRow(piece) : -1, (int)window.LengthBytesOf(piece));
            return true;
        }

        public readonly void Complete(int index, DecodeOutcome outcome, ReadOnlySpan<byte> decoded, Span<byte> block)
        {
            var piece = scratch.Pieces[index];
            if (outcome.Damage is string reason)
            {
                throw archive.Damage($"{reason} (piece at row {piece.FirstRow}, column {piece.FirstColumn})", FrameOf(window, piece));
            }

            if (!decoded.IsEmpty)
            {
                window.Place(piece, decoded, block);
            }
            else if (window.Layout.AreRowsReversed)
            {
                var rows = block.Slice(window.OffsetOfFirstRow(piece), (int)window.LengthBytesOf(piece));
                window.ReverseRows(rows, scratch.Row.Borrow(window.RowLengthBytes));
            }

            Interlocked.Increment(ref archive._decodedPieceCount);
        }
    }
}
