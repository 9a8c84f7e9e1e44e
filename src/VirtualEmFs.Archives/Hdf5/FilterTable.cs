using System.Collections.Immutable;
using VirtualEmFs.Codecs;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>HDF5's registered filter numbers as steps of a <see cref="Pipeline"/>.</summary>
internal static class FilterTable
{
    private const int Shuffle = 2;

    /// <summary>
    /// The steps for a dataset: a byte swap first where its numbers are big-endian, so that filter i is step i + 1 there.
    /// </summary>
    public static Pipeline PipelineOf(Hdf5Dataset dataset)
    {
        var steps = ImmutableArray.CreateBuilder<FilterStep>();
        if (dataset.NeedsByteSwap)
        {
            steps.Add(new FilterStep(FilterKind.ByteSwap, [dataset.Datatype.SizeBytes]));
        }

        foreach (Filter filter in dataset.Filters)
        {
            // Shuffle's client value is the element's length; files without it exist, and mean the datatype's.
            ImmutableArray<int> parameters = [.. filter.ClientData.Select(value => unchecked((int)value))];
            steps.Add(new FilterStep(
                KindOf(filter), filter.Id == Shuffle && parameters.IsEmpty ? [dataset.Datatype.SizeBytes] : parameters));
        }

        var pipeline = new Pipeline(steps.ToImmutable());
        return PiecePipeline.FindUnsupported(pipeline) is string reason ? throw new Hdf5FormatException(reason) : pipeline;
    }

    private static FilterKind KindOf(Filter filter) => filter.Id switch
    {
        1 => FilterKind.Deflate,
        Shuffle => FilterKind.Shuffle,
        3 => FilterKind.Fletcher32,
        4 => throw Unsupported("szip"),
        5 => FilterKind.NBit,
        6 => FilterKind.ScaleOffset,
        307 => throw Unsupported("bzip2"),
        32000 => FilterKind.Lzf,
        32001 => FilterKind.Blosc,
        32004 => FilterKind.Lz4,
        32008 => FilterKind.Bitshuffle,
        32015 => FilterKind.Zstd,
        int id => throw Unsupported($"number {id}"),
    };

    private static Hdf5FormatException Unsupported(string name) => new($"the compression filter {name} is not supported");
}
