using VirtualEmFs.Archives.Hdf5.Writing;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5.Writing;

public sealed class ChunkGridTests
{
    [Theory]
    [InlineData(4096, 4096, 1, 1, 16, 1)] // 64 KiB of 8-bit samples
    [InlineData(4096, 4096, 1, 2, 8, 1)]
    [InlineData(128, 128, 1, 1, 128, 1)] // a particle stays whole
    [InlineData(360, 360, 1, 1, 360, 1)]
    [InlineData(64, 64, 64, 1, 64, 16)] // small sections go together
    [InlineData(64, 3, 1, 1, 3, 1)] // fewer rows than EMAN2 can write
    [InlineData(100_000, 7, 2, 1, 1, 1)] // a row is more than enough
    [InlineData(1, 1, 1, 4, 1, 1)]
    public void Constructor_Shape_ChoosesWholeRowsOfAbout64KiB(int nx, int ny, int nz, int sampleLengthBytes, int rows, int sections)
    {
        var grid = new ChunkGrid(nx, ny, nz, sampleLengthBytes);
        Assert.Equal((rows, sections), (grid.Rows, grid.Sections));
    }

    /// <summary>Every sample belongs to exactly one chunk, chunks follow each other as samples do, and none is larger than the image.</summary>
    [Fact]
    public void ExtentOf_AnyShape_TilesTheImageInOrder()
    {
        var random = new Random(11);
        for (int round = 0; round < 300; round++)
        {
            int nx = random.Next(1, 3000), ny = random.Next(1, 700), nz = random.Next(1, 40);
            var grid = new ChunkGrid(nx, ny, nz, 1 << random.Next(3));
            Assert.InRange(grid.Rows, 1, ny);
            Assert.InRange(grid.Sections, 1, nz);
            long nextRow = 0;
            for (long chunk = 0; chunk < grid.Count; chunk++)
            {
                ChunkExtent extent = grid.ExtentOf(chunk);
                Assert.Equal(nextRow, ((long)extent.FirstSection * ny) + extent.FirstRow);
                Assert.True(extent.SectionCount == 1 || extent.RowCount == ny);
                nextRow += (long)extent.SectionCount * extent.RowCount;
            }

            Assert.Equal((long)ny * nz, nextRow);
        }
    }
}
