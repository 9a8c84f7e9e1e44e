using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Archives;

/// <summary>Pieces whose stored bytes are the samples, or the samples with their bytes swapped.</summary>
public sealed partial class MappedArchive
{
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
