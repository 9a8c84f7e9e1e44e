using System.Collections.Immutable;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>How the addresses of chunks are found.</summary>
internal enum ChunkIndexKind
{
    Single = 1,
    Implicit = 2,
    FixedArray = 3,
    ExtensibleArray = 4,
    BTreeV2 = 5,

    /// <summary>The only one before layout version 4; has no number there.</summary>
    BTreeV1 = 256,
}

/// <summary>The data layout message, versions 1 to 5: where a dataset's samples are (specification IV.A.2.i).</summary>
internal abstract record DataLayout
{
    public static DataLayout Parse(ReadOnlySpan<byte> bytes, long messageAddress, FieldSizes sizes)
    {
        var fields = new FieldReader(bytes, sizes, "data layout");
        int version = fields.Version(1, 5);
        return version < 3 ? ParseOld(ref fields, messageAddress) : ParseNew(ref fields, version, messageAddress);
    }

    private static DataLayout ParseOld(ref FieldReader fields, long messageAddress)
    {
        int rank = fields.U8();
        int layoutClass = fields.U8();
        fields.Skip(5);
        switch (layoutClass)
        {
            case 0:
                fields.Skip(4 * rank);
                uint lengthBytes = fields.U32();
                return Compact(ref fields, messageAddress, lengthBytes);
            case 1:
                // The stored dimensions may be cut to 32 bits: the dataspace has the right ones.
                return new ContiguousLayout(fields.Address(), null);
            case 2:
                long address = fields.Address();
                return Chunked(ref fields, rank, 4) with { IndexKind = ChunkIndexKind.BTreeV1, IndexAddress = address };
            default:
                throw new Hdf5FormatException($"a data layout is of the unknown class {layoutClass}");
        }
    }

    private static DataLayout ParseNew(ref FieldReader fields, int version, long messageAddress)
    {
        int layoutClass = fields.U8();
        switch (layoutClass)
        {
            case 0:
                ushort lengthBytes = fields.U16();
                return Compact(ref fields, messageAddress, lengthBytes);
            case 1:
                return new ContiguousLayout(fields.Address(), fields.Length());
            case 2 when version == 3:
                int rank = fields.U8();
                long address = fields.Address();
                return Chunked(ref fields, rank, 4) with { IndexKind = ChunkIndexKind.BTreeV1, IndexAddress = address };
            case 2:
                return ParseChunkedNew(ref fields);
            case 3:
                throw new Hdf5FormatException("a dataset is virtual, made from other datasets, which is not supported");
            default:
                throw new Hdf5FormatException($"a data layout is of the unknown class {layoutClass}");
        }
    }

    private static ChunkedLayout ParseChunkedNew(ref FieldReader fields)
    {
        const int PartialChunksAreUnfiltered = 1;
        const int SingleChunkIsFiltered = 2;
        int flags = fields.U8();
        int rank = fields.U8();
        int dimensionBytes = fields.U8();
        ChunkedLayout layout = Chunked(ref fields, rank, dimensionBytes) with
        {
            PartialChunksAreUnfiltered = (flags & PartialChunksAreUnfiltered) != 0,
        };
        var kind = (ChunkIndexKind)fields.U8();
        layout = layout with { IndexKind = kind };
        switch (kind)
        {
            case ChunkIndexKind.Single when (flags & SingleChunkIsFiltered) != 0:
                layout = layout with { SingleLengthBytes = fields.Length(), SingleFilterMask = fields.U32() };
                break;
            case ChunkIndexKind.Single or ChunkIndexKind.Implicit:
                break;
            case ChunkIndexKind.FixedArray:
                fields.Skip(1); // also in the array's own header
                break;
            case ChunkIndexKind.ExtensibleArray:
                fields.Skip(5); // likewise
                break;
            case ChunkIndexKind.BTreeV2:
                fields.Skip(6); // likewise
                break;
            default:
                throw new Hdf5FormatException($"a dataset has the unknown chunk index {(int)kind}");
        }

        return layout with { IndexAddress = fields.Address() };
    }

    /// <param name="rank">Rank of the dataset plus one: the last dimension is the element's size.</param>
    private static ChunkedLayout Chunked(ref FieldReader fields, int rank, int dimensionBytes)
    {
        if (rank is < 2 or > 33)
        {
            throw new Hdf5FormatException($"a chunk has {rank - 1} dimensions");
        }

        var dimensions = ImmutableArray.CreateBuilder<long>(rank - 1);
        for (int i = 0; i < rank - 1; i++)
        {
            long dimension = fields.Number(dimensionBytes);
            dimensions.Add(dimension is > 0 and <= int.MaxValue
                ? dimension
                : throw new Hdf5FormatException($"a chunk has a dimension of {dimension}"));
        }

        long elementBytes = fields.Number(dimensionBytes);
        return new ChunkedLayout { ChunkDimensions = dimensions.MoveToImmutable(), ElementBytes = elementBytes };
    }

    private static CompactLayout Compact(ref FieldReader fields, long messageAddress, long lengthBytes)
    {
        long address = messageAddress + fields.Position;
        fields.Skip(lengthBytes);
        return new CompactLayout(address, lengthBytes);
    }
}

/// <summary>Samples inside the object header.</summary>
internal sealed record CompactLayout(long Address, long LengthBytes) : DataLayout;

/// <summary>Samples in one run.</summary>
/// <param name="Address"><see cref="FieldReader.Undefined"/> while nothing was written.</param>
/// <param name="LengthBytes">Null in versions 1 and 2, where the dataspace tells.</param>
internal sealed record ContiguousLayout(long Address, long? LengthBytes) : DataLayout;

/// <summary>Samples in chunks of equal shape, found through an index.</summary>
internal sealed record ChunkedLayout : DataLayout
{
    /// <summary>Slowest first, in elements.</summary>
    public required ImmutableArray<long> ChunkDimensions { get; init; }

    /// <summary>Length of an element.</summary>
    public required long ElementBytes { get; init; }

    public ChunkIndexKind IndexKind { get; init; }

    /// <summary>The index, or the single chunk itself; <see cref="FieldReader.Undefined"/> while nothing was written.</summary>
    public long IndexAddress { get; init; }

    /// <summary>Stored length of the single chunk when it is filtered.</summary>
    public long? SingleLengthBytes { get; init; }

    public uint SingleFilterMask { get; init; }

    /// <summary>Chunks that reach over the dataset's edge passed no filter.</summary>
    public bool PartialChunksAreUnfiltered { get; init; }

    /// <summary>Length of a chunk's samples.</summary>
    public long ChunkLengthBytes
    {
        get
        {
            long lengthBytes = ElementBytes;
            foreach (long dimension in ChunkDimensions)
            {
                lengthBytes *= dimension;
            }

            return lengthBytes;
        }
    }
}
