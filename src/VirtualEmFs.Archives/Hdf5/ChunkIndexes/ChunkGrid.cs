using System.Collections.Immutable;

namespace VirtualEmFs.Archives.Hdf5.ChunkIndexes;

/// <summary>Where one chunk is stored.</summary>
/// <param name="Address">Of its first byte.</param>
/// <param name="FilterMask">Bit i set: filter i was skipped.</param>
internal readonly record struct StoredChunk(long Address, long LengthBytes, uint FilterMask);

/// <summary>Takes one stored chunk; <paramref name="coordinates"/> count chunks along each dimension, slowest first, borrowed for the call.</summary>
internal delegate void ChunkVisitor(ReadOnlySpan<long> coordinates, in StoredChunk chunk);

/// <summary>How chunks tile a dataset, and how the array-like indexes number them.</summary>
/// <remarks>Pure arithmetic; any thread.</remarks>
internal sealed class ChunkGrid
{
    private readonly ImmutableArray<long> _dimensions;
    private readonly ImmutableArray<long> _chunkDimensions;
    private readonly ImmutableArray<long> _limits; // chunks along each dimension when grown fully; 1 for the unlimited one
    private readonly int _unlimitedDimension; // -1 when none

    public ChunkGrid(Dataspace dataspace, ImmutableArray<long> chunkDimensions)
    {
        if (dataspace.Dimensions.Length != chunkDimensions.Length)
        {
            throw new Hdf5FormatException($"chunks have {chunkDimensions.Length} dimensions, their dataset {dataspace.Dimensions.Length}");
        }

        _dimensions = dataspace.Dimensions;
        _chunkDimensions = chunkDimensions;
        _unlimitedDimension = dataspace.Limits.IndexOf(null);
        _limits = [.. dataspace.Limits.Select((limit, i) => limit is long most ? CeilingDivide(most, chunkDimensions[i]) : 1)];
    }

    public int Rank => _dimensions.Length;

    /// <summary>Chunks of the dataset as it is now.</summary>
    public long ChunkCount
    {
        get
        {
            long count = 1;
            for (int i = 0; i < Rank; i++)
            {
                count *= CeilingDivide(_dimensions[i], _chunkDimensions[i]);
            }

            return count;
        }
    }

    /// <summary>Chunks of the dataset grown to its limits: as many as an index that does not grow has places for.</summary>
    public long LimitChunkCount
    {
        get
        {
            long count = 1;
            foreach (long limit in _limits)
            {
                count *= limit;
            }

            return count;
        }
    }

    /// <summary>True for coordinates inside the dataset: what lies outside is left from before it shrank.</summary>
    public bool Contains(ReadOnlySpan<long> coordinates)
    {
        for (int i = 0; i < Rank; i++)
        {
            if (coordinates[i] < 0 || coordinates[i] >= CeilingDivide(_dimensions[i], _chunkDimensions[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True when the chunk reaches over the dataset's edge.</summary>
    public bool IsPartial(ReadOnlySpan<long> coordinates)
    {
        for (int i = 0; i < Rank; i++)
        {
            if ((coordinates[i] + 1) * _chunkDimensions[i] > _dimensions[i])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Coordinates of the chunk with a number in an implicit index or fixed array: row by row over the limits.</summary>
    public void FromNumber(long number, Span<long> coordinates)
    {
        for (int i = Rank - 1; i >= 0; i--)
        {
            (number, coordinates[i]) = i == 0 ? (0, number) : Math.DivRem(number, Math.Max(1, _limits[i]));
        }
    }

    /// <summary>Coordinates of the chunk with a number in an extensible array: the unlimited dimension is the slowest there.</summary>
    public void FromGrowingNumber(long number, Span<long> coordinates)
    {
        for (int i = Rank - 1; i >= 0; i--)
        {
            if (i != _unlimitedDimension)
            {
                (number, coordinates[i]) = Math.DivRem(number, Math.Max(1, _limits[i]));
            }
        }

        if (_unlimitedDimension >= 0)
        {
            coordinates[_unlimitedDimension] = number;
        }
    }

    /// <summary>Coordinates from the chunk's first element; throws when no chunk starts there.</summary>
    public void FromElement(ReadOnlySpan<long> element, Span<long> coordinates)
    {
        for (int i = 0; i < Rank; i++)
        {
            (coordinates[i], long rest) = Math.DivRem(element[i], _chunkDimensions[i]);
            if (rest != 0)
            {
                throw new Hdf5FormatException("a chunk stands across the grid of chunks");
            }
        }
    }

    private static long CeilingDivide(long value, long divisor) => (value / divisor) + (value % divisor == 0 ? 0 : 1);
}
