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

    /// <summary>A row on its way to another place.</summary>
    public ScratchBuffer Row { get; } = new();

    /// <summary>The pieces in the order in which they lie in their files.</summary>
    public ReadOnlySpan<Piece> PiecesByPlace()
    {
        Pieces.Sort(StoredRun.ByPlace);
        return CollectionsMarshal.AsSpan(Pieces);
    }

    public void TrimTo(int keepBytes) => Stored.TrimTo(keepBytes);
}
