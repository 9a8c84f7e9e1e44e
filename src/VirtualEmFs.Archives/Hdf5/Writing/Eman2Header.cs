using System.Collections.Immutable;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5.Writing;

/// <summary>What EMAN2 finds in the header of an image (attributes <c>EMAN.*</c>; spec/eman2-hdf5.md section 1.4).</summary>
public sealed record Eman2Header
{
    public AngstromVector PixelSize { get; init; } = new(1, 1, 1);

    public AngstromVector Origin { get; init; }

    /// <summary>Of the samples before truncation and clamping; sigma with n − 1.</summary>
    public required FrameStatistics Statistics { get; init; }

    /// <summary>Limits and bits of integers; none for float32.</summary>
    public required Rescale Rescale { get; init; }

    /// <summary>Samples that lay outside the limits.</summary>
    public long TruncatedCount { get; init; }

    /// <summary>Further fields, such as those of the MRC header under EMAN2's names (<c>MRC.nxstart</c>); for a stack, of its first image alone.</summary>
    public ImmutableArray<Eman2Field> Fields { get; init; } = [];
}

/// <summary>An attribute that is copied or made as it is.</summary>
/// <param name="Name">Without the prefix <c>EMAN.</c>.</param>
/// <param name="Value">An int, float, double, string, or what EMAN2 reads as such.</param>
public readonly record struct Eman2Field(string Name, object Value);
