using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Frames;

/// <summary>A grid that loses or doubles a row shows wrong pixels without any error: every row must lie in exactly one block.</summary>
public sealed class BlockGridTests
{
    [Theory]
    [InlineData(10, 7, 1, 1, 3, 5)]
    [InlineData(10, 7, 5, 1, 7, 7)]
    [InlineData(10, 64, 9, 4, 8, 24)]
    [InlineData(10, 65, 8, 8, 1, 64)]
    [InlineData(3, 1, 300, 1, 1, 1)]
    [InlineData(10, 20, 3, 100, 100, 100)]
    public void Extents_OfAllBlocks_CoverEachRowOnceAndAgreeWithBlockOf(int nx, int ny, int frameCount, int slabFrames, int firstRows, int rows)
    {
        var shape = new FrameShape(nx, ny, frameCount);
        var grid = new BlockGrid(shape, slabFrames, firstRows, rows);
        var seen = new int[frameCount, ny];
        for (long block = 0; block < grid.BlockCount; block++)
        {
            BlockExtent extent = grid.ExtentOf(block);
            for (int frame = extent.FirstFrame; frame < extent.FirstFrame + extent.FrameCount; frame++)
            {
                for (int row = extent.FirstRow; row < extent.FirstRow + extent.RowCount; row++)
                {
                    seen[frame, row]++;
                    Assert.Equal(block, grid.BlockOf(frame, row));
                }
            }
        }

        Assert.All(seen.Cast<int>(), count => Assert.Equal(1, count));
        Assert.Throws<ArgumentOutOfRangeException>(() => grid.ExtentOf(grid.BlockCount));
        Assert.Throws<ArgumentOutOfRangeException>(() => grid.ExtentOf(-1));
    }

    /// <summary>EMAN2's micrograph: the header read touches one row of chunks, every other block is 256 KiB of whole chunk rows.</summary>
    [Fact]
    public void ForPieces_Micrograph_StartsSmallAndContinuesInQuarterMebibytes()
    {
        var grid = BlockGrid.ForPieces(new FrameShape(4096, 4096, 1), new PieceShape(1, 8, 4096), sampleLengthBytes: 1);
        Assert.Equal(new BlockExtent(0, 1, 0, 8), grid.ExtentOf(0));
        Assert.Equal(new BlockExtent(0, 1, 8, 64), grid.ExtentOf(1));
        Assert.Equal(new BlockExtent(0, 1, 4040, 56), grid.ExtentOf(grid.BlockCount - 1));
    }

    [Fact]
    public void ForPieces_SmallParticles_AreOneBlockEach()
    {
        var grid = BlockGrid.ForPieces(new FrameShape(64, 64, 1000), new PieceShape(1, 8, 64), sampleLengthBytes: 1);
        Assert.Equal(0, grid.BlockOf(0, 63));
        Assert.Equal(new BlockExtent(1, 1, 0, 64), grid.ExtentOf(1));
        Assert.Equal(1000, grid.BlockCount);
    }

    [Fact]
    public void ForPieces_ChunksDeeperThanOneSection_MakeSlabs()
    {
        var grid = BlockGrid.ForPieces(new FrameShape(256, 256, 250), new PieceShape(32, 32, 32), sampleLengthBytes: 2);
        Assert.Equal(new BlockExtent(0, 32, 0, 32), grid.ExtentOf(0));
        Assert.Equal(new BlockExtent(224, 26, 224, 32), grid.ExtentOf(grid.BlockCount - 1));
    }

    [Fact]
    public void ForPieces_MillionsOfRowsPerPiece_DoesNotOverflow()
    {
        var grid = BlockGrid.ForPieces(new FrameShape(1, int.MaxValue, 2), new PieceShape(1, int.MaxValue, 1), sampleLengthBytes: 1);
        Assert.Equal(2, grid.BlockCount);
    }
}
