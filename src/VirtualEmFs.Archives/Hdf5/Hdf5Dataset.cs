using System.Collections.Immutable;
using VirtualEmFs.Archives.Hdf5.ChunkIndexes;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>What a dataset's header says: type, extent, filters, fill value, layout; and its chunks, through whichever index it has.</summary>
internal sealed class Hdf5Dataset
{
    private readonly Hdf5File _file;

    public Hdf5Dataset(Hdf5Object dataset)
    {
        _file = dataset.File;
        FieldSizes sizes = _file.Superblock.Sizes;
        Datatype = Datatype.Parse(Require(dataset, MessageType.Datatype, "datatype").Span);
        Dataspace = Dataspace.Parse(Require(dataset, MessageType.Dataspace, "dataspace").Span, sizes);
        HeaderMessage layout = dataset.Header.Find(MessageType.Layout) ?? throw new Hdf5FormatException("a dataset has no layout");
        Layout = DataLayout.Parse(layout.Data.Span, layout.Address, sizes);
        Filters = dataset.Message(MessageType.FilterPipeline) is { } pipeline ? FilterPipeline.Parse(pipeline.Span) : [];
        Fill = dataset.Message(MessageType.FillValue) is { } fill ? FillValue.Parse(fill, MessageType.FillValue)
            : dataset.Message(MessageType.OldFillValue) is { } oldFill ? FillValue.Parse(oldFill, MessageType.OldFillValue)
            : default;
        HasExternalFiles = dataset.Header.Find(MessageType.ExternalFiles) is not null;
    }

    public Datatype Datatype { get; }

    public Dataspace Dataspace { get; }

    public DataLayout Layout { get; }

    /// <summary>In the order in which a writer applies them.</summary>
    public ImmutableArray<Filter> Filters { get; }

    /// <summary>One element as stored; empty means zero.</summary>
    public ReadOnlyMemory<byte> Fill { get; }

    /// <summary>Samples are in other files.</summary>
    public bool HasExternalFiles { get; }

    /// <summary>Samples are stored in the other byte order than this machine's (little-endian).</summary>
    public bool NeedsByteSwap => Datatype is { IsBigEndian: true, SizeBytes: > 1 };

    /// <summary>Visits every stored chunk inside the dataset, in no promised order.</summary>
    public void ForEachChunk(ChunkVisitor visit)
    {
        if (Layout is not ChunkedLayout layout || layout.IndexAddress == FieldReader.Undefined)
        {
            return;
        }

        if (layout.ElementBytes != Datatype.SizeBytes)
        {
            throw new Hdf5FormatException($"chunks have elements of {layout.ElementBytes} bytes, their dataset of {Datatype.SizeBytes}");
        }

        var grid = new ChunkGrid(Dataspace, layout.ChunkDimensions);
        long chunkLengthBytes = layout.ChunkLengthBytes;
        ChunkVisitor visitInside = (coordinates, in chunk) =>
        {
            if (grid.Contains(coordinates))
            {
                bool isUnfiltered = layout.PartialChunksAreUnfiltered && Filters.Length > 0 && grid.IsPartial(coordinates);
                visit(coordinates, isUnfiltered ? chunk with { FilterMask = uint.MaxValue } : chunk);
            }
        };
        MetadataReader reader = _file.Reader;
        FieldSizes sizes = _file.Superblock.Sizes;
        switch (layout.IndexKind)
        {
            case ChunkIndexKind.Single:
                var single = new StoredChunk(layout.IndexAddress, layout.SingleLengthBytes ?? chunkLengthBytes, layout.SingleFilterMask);
                visitInside(new long[grid.Rank], single);
                break;
            case ChunkIndexKind.Implicit:
                ForEachImplicit(grid, layout.IndexAddress, chunkLengthBytes, visitInside);
                break;
            case ChunkIndexKind.FixedArray:
                FixedArrayChunkIndex.ForEach(reader, sizes, grid, layout.IndexAddress, chunkLengthBytes, visitInside);
                break;
            case ChunkIndexKind.ExtensibleArray:
                ExtensibleArrayChunkIndex.ForEach(reader, sizes, grid, layout.IndexAddress, chunkLengthBytes, visitInside);
                break;
            case ChunkIndexKind.BTreeV2:
                BTreeV2ChunkIndex.ForEach(reader, sizes, grid, layout.IndexAddress, chunkLengthBytes, visitInside);
                break;
            default:
                BTreeV1ChunkIndex.ForEach(reader, _file.Superblock, grid, layout.IndexAddress, visitInside);
                break;
        }
    }

    /// <summary>Chunks one behind the other, all written: no index is stored.</summary>
    private void ForEachImplicit(ChunkGrid grid, long address, long chunkLengthBytes, ChunkVisitor visit)
    {
        long count = grid.LimitChunkCount;
        if (count > (_file.Reader.LengthBytes / chunkLengthBytes) + 1)
        {
            throw new Hdf5FormatException($"the file is too short for the {count} chunks of a dataset");
        }

        var coordinates = new long[grid.Rank];
        for (long number = 0; number < count; number++)
        {
            _file.Reader.Budget.Spend(0);
            grid.FromNumber(number, coordinates);
            visit(coordinates, new StoredChunk(address + (number * chunkLengthBytes), chunkLengthBytes, 0));
        }
    }

    private static ReadOnlyMemory<byte> Require(Hdf5Object dataset, MessageType type, string name) =>
        dataset.Message(type) ?? throw new Hdf5FormatException($"a dataset has no {name}");
}
