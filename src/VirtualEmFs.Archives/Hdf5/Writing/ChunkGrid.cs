using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5.Writing;

/// <summary>Rows [FirstRow, FirstRow + RowCount) of sections [FirstSection, FirstSection + SectionCount): one chunk, clipped to its image.</summary>
/// <remarks>The samples lie side by side in the image: whole rows of one section, or whole sections.</remarks>
public readonly record struct ChunkExtent(int FirstSection, int SectionCount, int FirstRow, int RowCount);

/// <summary>
/// Cuts an image (ny, nx) or volume (nz, ny, nx) into chunks of whole rows, about 64 KiB of stored samples each; small sections
/// are stored whole, several to a chunk.
/// </summary>
/// <remarks>Pure arithmetic; any thread. No chunk is larger than the image: HDF5 refuses such datasets.</remarks>
public readonly record struct ChunkGrid
{
    // 64 KiB: the first read of a header decodes one chunk, and deflate still has its 32 KiB of history twice. A section of up to twice
    // that stays whole rather than in two halves.
    private const int TargetLengthBytes = 64 * 1024;

    private readonly int _ny;
    private readonly int _nz;

    /// <param name="nz">Sections; 1 for an image.</param>
    /// <param name="sampleLengthBytes">Length of a stored sample.</param>
    public ChunkGrid(int nx, int ny, int nz, int sampleLengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nx, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ny, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(nz, 1);
        (_ny, _nz) = (ny, nz);
        long rowLengthBytes = (long)nx * sampleLengthBytes;
        long sectionLengthBytes = rowLengthBytes * ny;
        if (sectionLengthBytes <= 2 * TargetLengthBytes)
        {
            Rows = ny;
            Sections = Balance(nz, Math.Max(1, TargetLengthBytes / sectionLengthBytes));
        }
        else
        {
            Rows = Balance(ny, Math.Max(1, TargetLengthBytes / rowLengthBytes));
            Sections = 1;
        }

        RowBands = CeilingDivide(ny, Rows);
        Count = (long)RowBands * CeilingDivide(nz, Sections);
    }

    /// <summary>Rows of a chunk.</summary>
    public int Rows { get; }

    /// <summary>Sections of a chunk: 1 unless it has all rows.</summary>
    public int Sections { get; }

    /// <summary>Chunks of one section.</summary>
    public int RowBands { get; }

    /// <summary>Chunks of the whole image.</summary>
    public long Count { get; }

    /// <summary>What a chunk covers; chunks are numbered in the order of their samples.</summary>
    public ChunkExtent ExtentOf(long chunk)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(chunk);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(chunk, Count);
        (long slab, long band) = Math.DivRem(chunk, RowBands);
        int firstSection = (int)slab * Sections, firstRow = (int)band * Rows;
        return new ChunkExtent(firstSection, Math.Min(Sections, _nz - firstSection), firstRow, Math.Min(Rows, _ny - firstRow));
    }

    /// <summary>Evens out the parts, so that the last one is not a sliver padded to full size.</summary>
    private static int Balance(int total, long largestPart)
    {
        int parts = CeilingDivide(total, (int)Math.Min(largestPart, total));
        return CeilingDivide(total, parts);
    }

    private static int CeilingDivide(int value, int divisor) => (int)(((long)value + divisor - 1) / divisor);
}
