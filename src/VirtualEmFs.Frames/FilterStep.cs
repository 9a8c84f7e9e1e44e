using System.Collections.Immutable;

namespace VirtualEmFs.Frames;

/// <summary>A decoder that a piece passes through.</summary>
public enum FilterKind
{
    Deflate,
    Zstd,
    Lz4,
    Blosc,
    Bitshuffle,
    Shuffle,
    Lzw,
    PackBits,
    Predictor,
    Eer,
    Fletcher32,
    ScaleOffset,
    NBit,
    ByteSwap,
    UnpackNibbles,
    ReverseBits,
    Xz,
    Lzf,
}

/// <summary>One step of a <see cref="Pipeline"/>.</summary>
/// <param name="Kind">Which decoder.</param>
/// <param name="Parameters">Its parameters, as the decoder's own documentation says (shuffle: element length in bytes).</param>
public sealed record FilterStep(FilterKind Kind, ImmutableArray<int> Parameters)
{
    public FilterStep(FilterKind kind)
        : this(kind, [])
    {
    }
}

/// <summary>
/// The steps from samples to stored bytes, in the order in which a writer applied them (HDF5's order); decoding runs
/// backwards. Bit i of <see cref="Piece.FilterMask"/> belongs to <c>Steps[i]</c>.
/// </summary>
public sealed record Pipeline(ImmutableArray<FilterStep> Steps)
{
    /// <summary>Stored bytes are the samples.</summary>
    public static Pipeline Identity { get; } = new(ImmutableArray<FilterStep>.Empty);

    /// <summary>True when stored bytes are the samples and may be read straight into a block.</summary>
    public bool IsIdentity => Steps.IsEmpty;

    /// <summary>Short text for users, such as <c>shuffle+deflate</c>; <c>none</c> when empty.</summary>
    public string Name => IsIdentity
        ? "none"
        : string.Join('+', Steps.Select(step => step.Kind.ToString().ToLowerInvariant()));
}
