using VirtualEmFs.Archives.Hdf5;
using VirtualEmFs.Archives.Hdf5.ChunkIndexes;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5.ChunkIndexes;

public sealed class ChunkGridTests
{
    private static ChunkGrid Grid(long?[] limits, params long[] chunk) =>
        new(new Dataspace(DataspaceKind.Simple, [10, 20, 30], [.. limits]), [.. chunk]);

    [Fact]
    public void Counts_OfPartialChunks_RoundUp()
    {
        ChunkGrid grid = Grid([10, 25, 30], 4, 8, 16);
        Assert.Equal(3 * 3 * 2, grid.ChunkCount);
        Assert.Equal(3 * 4 * 2, grid.LimitChunkCount);
        Assert.True(grid.Contains([2, 2, 1]));
        Assert.False(grid.Contains([2, 3, 1])); // room to grow
        Assert.True(grid.IsPartial([0, 2, 0]));
        Assert.False(grid.IsPartial([0, 1, 0]));
    }

    [Fact]
    public void FromNumber_InRows_CountsOverTheLimits()
    {
        ChunkGrid grid = Grid([10, 25, 30], 4, 8, 16);
        var coordinates = new long[3];
        grid.FromNumber((2 * 4 * 2) + (3 * 2) + 1, coordinates);
        Assert.Equal([2, 3, 1], coordinates);
    }

    /// <summary>The unlimited dimension is the slowest, wherever it stands.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void FromGrowingNumber_CountsTheUnlimitedDimensionSlowest(int unlimited)
    {
        long?[] limits = [10, 20, 30];
        limits[unlimited] = null;
        ChunkGrid grid = Grid(limits, 4, 8, 16);
        long[] sides = [3, 3, 2];
        long[] wanted = [1, 2, 1];
        wanted[unlimited] = 77;
        long number = 77;
        for (int i = 0; i < 3; i++)
        {
            number = i == unlimited ? number : (number * sides[i]) + wanted[i];
        }

        var coordinates = new long[3];
        grid.FromGrowingNumber(number, coordinates);
        Assert.Equal(wanted, coordinates);
    }

    [Fact]
    public void FromElement_AcrossTheGrid_Throws()
    {
        var coordinates = new long[3];
        Grid([10, 20, 30], 4, 8, 16).FromElement([8, 16, 16], coordinates);
        Assert.Equal([2, 2, 1], coordinates);
        Assert.Throws<Hdf5FormatException>(() => Grid([10, 20, 30], 4, 8, 16).FromElement([8, 15, 16], coordinates));
        Assert.Throws<Hdf5FormatException>(() => Grid([10, 20, 30], 4, 8));
    }
}
