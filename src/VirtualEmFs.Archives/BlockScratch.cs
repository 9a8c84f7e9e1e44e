using System.Runtime.InteropServices;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives;

/// <summary>What one thread needs to decode a block, kept for the next one.</summary>
internal sealed class BlockScratch
{
    /// <summary>The block's pieces.</summary>
    public List<Piece> Pieces { get; } = [];

    /// <summary>Bytes as stored.</summary>
    public ScratchBuffer Stored { get; } = new();

    /// <summary>A piece that reaches beyond the block.</summary>
    public ScratchBuffer Decoded { get; } = new();

    /// <summary>The pieces in the order in which they lie in their files.</summary>
    public ReadOnlySpan<Piece> PiecesByPlace()
    {
        Pieces.Sort(StoredRun.ByPlace);
        return CollectionsMarshal.AsSpan(Pieces);
    }

    public void TrimTo(int keepBytes)
    {
        Stored.TrimTo(keepBytes);
        Decoded.TrimTo(keepBytes);
    }
}
