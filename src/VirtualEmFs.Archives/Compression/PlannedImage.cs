using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Archives.Compression;

/// <summary>An image of the input with the decision how it is stored.</summary>
/// <param name="Index">Its number in the input.</param>
/// <param name="Statistics">Of its samples before truncation; null where an archive does not tell.</param>
/// <param name="Target">Shape and storage in the archive.</param>
internal sealed record PlannedImage(int Index, InputImage Input, TruncationPlan Plan, FrameStatistics? Statistics, TargetImage Target)
{
    /// <summary>The header that goes into the archive.</summary>
    /// <param name="truncatedCount">Samples that lay outside the limits.</param>
    public Eman2Header HeaderWith(long truncatedCount) => new()
    {
        PixelSize = Input.PixelSize,
        Origin = Input.Origin,
        Statistics = Statistics,
        Rescale = Plan.Limits,
        TruncatedCount = truncatedCount,
        Fields = Input.Fields,
    };
}

/// <summary>A small image with all its chunks as they will be stored.</summary>
internal sealed record EncodedImage(PlannedImage Image, EncodedChunk[] Chunks);
