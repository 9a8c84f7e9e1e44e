using System.Collections.Immutable;
using VirtualEmFs.Frames;
using VirtualEmFs.Native.Hdf5;

namespace VirtualEmFs.Archives.Hdf5.Writing;

/// <summary>What EMAN2 finds in the header of an image (attributes <c>EMAN.*</c>; spec/eman2-hdf5.md section 1.4).</summary>
public sealed record Eman2Header
{
    public AngstromVector PixelSize { get; init; } = new(1, 1, 1);

    public AngstromVector Origin { get; init; }

    /// <summary>Of the samples before truncation and clamping; sigma with n − 1. Null leaves them out.</summary>
    public required FrameStatistics? Statistics { get; init; }

    /// <summary>Limits and bits of integers; none for float32.</summary>
    public required Rescale Rescale { get; init; }

    /// <summary>Samples that lay outside the limits.</summary>
    public long TruncatedCount { get; init; }

    /// <summary>Further fields, such as those of the MRC header under EMAN2's names (<c>MRC.nxstart</c>); for a stack, of its first image alone.</summary>
    public ImmutableArray<Eman2Field> Fields { get; init; } = [];
}

/// <summary>An attribute that is written as it is; where it has the name of another of the header's, it takes its place.</summary>
/// <param name="Name">With the prefix <c>EMAN.</c>.</param>
/// <param name="Value">An int, float or string, a <see cref="FieldNumbers"/> or a <see cref="FieldRecord"/>.</param>
public readonly record struct Eman2Field(string Name, object Value);

/// <summary>Numbers as another archive stores them.</summary>
/// <param name="Values">Whole elements, little-endian.</param>
public sealed record FieldNumbers(Hdf5Type Type, ReadOnlyMemory<byte> Values);

/// <summary>EMAN2's transform: twelve float32 named by row and column.</summary>
/// <param name="Values">Little-endian, row by row.</param>
public sealed record FieldRecord(ReadOnlyMemory<byte> Values)
{
    /// <summary>Length of <see cref="Values"/>.</summary>
    public const int LengthBytes = 48;

    /// <summary>Names of the members.</summary>
    public static ImmutableArray<string> Members { get; } = ["00", "01", "02", "03", "10", "11", "12", "13", "20", "21", "22", "23"];
}
