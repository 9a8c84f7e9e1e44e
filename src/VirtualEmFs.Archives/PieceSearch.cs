using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives;

/// <summary>Finds the pieces that a block overlaps, by binary search in the layout's sorted pieces.</summary>
internal static class PieceSearch
{
    /// <summary>Collects the pieces of a block.</summary>
    /// <param name="found">Cleared, then filled in the order of the layout.</param>
    /// <returns>True when every box that the block touches has its piece; false when some were never written.</returns>
    /// <exception cref="InvalidDataException">Pieces lie off the grid or over one another.</exception>
    public static bool Find(in BlockWindow window, List<Piece> found)
    {
        found.Clear();
        var layout = window.Layout;
        var box = layout.PieceShape;
        var pieces = layout.Pieces.Span;
        int firstRow = window.FirstRow / box.Rows * box.Rows;
        for (int frame = window.FirstFrame / box.Frames * box.Frames; frame < window.EndFrame; frame += box.Frames)
        {
            for (int i = LowerBound(pieces, frame, firstRow); i < pieces.Length; i++)
            {
                ref readonly var piece = ref pieces[i];
                if (piece.FirstFrame != frame || piece.FirstRow >= window.EndRow)
                {
                    break;
                }

                // A hole that a doubled piece hides would show memory that nobody wrote.
                if (piece.FirstRow % box.Rows != 0 || piece.FirstColumn % box.Columns != 0 || piece.FirstColumn < 0
                    || piece.FirstColumn >= window.Nx || (found.Count > 0 && Compare(found[^1], piece) >= 0))
                {
                    throw new InvalidDataException("its pieces do not lie side by side");
                }

                found.Add(piece);
            }
        }

        return found.Count == window.BoxCount;
    }

    // The first piece at or after a row of a frame.
    private static int LowerBound(ReadOnlySpan<Piece> pieces, int frame, int row)
    {
        (int low, int high) = (0, pieces.Length);
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            ref readonly var piece = ref pieces[middle];
            if (piece.FirstFrame < frame || (piece.FirstFrame == frame && piece.FirstRow < row))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private static int Compare(in Piece left, in Piece right) =>
        (left.FirstFrame, left.FirstRow, left.FirstColumn).CompareTo((right.FirstFrame, right.FirstRow, right.FirstColumn));
}
