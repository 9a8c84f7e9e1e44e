using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Frames;

/// <summary>Blocks of frames whose rows are stored in reverse: a boundary inside a piece would decode that piece twice.</summary>
public class BlockGridReversedRowsTests
{
    [Theory]
    [InlineData(96, 64, 128)]
    [InlineData(61, 9, 47)]
    [InlineData(3710, 7, 3838)]
    [InlineData(4096, 4096, 4096)]
    [InlineData(5, 1, 3)]
    public void ForPieces_ReversedRows_CutsOnlyBetweenPieces(int ny, int pieceRows, int nx)
    {
        var shape = new FrameShape(nx, ny, 3);
        var grid = BlockGrid.ForPieces(shape, new PieceShape(1, pieceRows, nx), sampleLengthBytes: 2, areRowsReversed: true);

        var rows = new int[3];
        for (long block = 0; block < grid.BlockCount; block++)
        {
            var extent = grid.ExtentOf(block);
            Assert.Equal(rows[extent.FirstFrame], extent.FirstRow);
            rows[extent.FirstFrame] += extent.RowCount;
            int endRow = extent.FirstRow + extent.RowCount;
            Assert.True(endRow == ny || (ny - endRow) % pieceRows == 0, $"block {block} ends inside a piece at row {endRow}");
            Assert.Equal(block, grid.BlockOf(extent.FirstFrame, extent.FirstRow));
            Assert.Equal(block, grid.BlockOf(extent.FirstFrame, endRow - 1));
        }

        Assert.Equal([ny, ny, ny], rows);
    }
}
