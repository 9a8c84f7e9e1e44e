using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives;

/// <summary>Pieces that lie so close together in one file that a single read fetches them.</summary>
/// <param name="FirstPiece">Index of the first, among pieces sorted by file and offset.</param>
internal readonly record struct StoredRun(int FirstPiece, int PieceCount, int FileIndex, long ArchiveOffset, int LengthBytes)
{
    // 4 KiB: reading a page too much costs less than a second system call, and far less than a second seek.
    private const int LongestGapBytes = 4 * 1024;

    // 4 MiB: more than any block of whole pieces; bounds the scratch memory of a thread.
    private const int LongestRunBytes = 4 << 20;

    /// <summary>The run that begins at a piece.</summary>
    /// <param name="pieces">Sorted by <see cref="ByPlace"/>.</param>
    public static StoredRun From(ReadOnlySpan<Piece> pieces, int firstPiece)
    {
        ref readonly var first = ref pieces[firstPiece];
        long end = first.ArchiveOffset + first.StoredLengthBytes;
        int next = firstPiece + 1;
        for (; next < pieces.Length; next++)
        {
            ref readonly var piece = ref pieces[next];
            long pieceEnd = piece.ArchiveOffset + piece.StoredLengthBytes;
            if (piece.FileIndex != first.FileIndex || piece.ArchiveOffset - end > LongestGapBytes
                || Math.Max(end, pieceEnd) - first.ArchiveOffset > LongestRunBytes)
            {
                break;
            }

            end = Math.Max(end, pieceEnd);
        }

        return new StoredRun(firstPiece, next - firstPiece, first.FileIndex, first.ArchiveOffset, (int)(end - first.ArchiveOffset));
    }

    /// <summary>Order of pieces in their files.</summary>
    public static int ByPlace(Piece left, Piece right)
    {
        int byFile = left.FileIndex.CompareTo(right.FileIndex);
        return byFile != 0 ? byFile : left.ArchiveOffset.CompareTo(right.ArchiveOffset);
    }
}
