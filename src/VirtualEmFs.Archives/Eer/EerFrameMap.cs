using System.Collections.Immutable;
using VirtualEmFs.Codecs;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Eer;

/// <summary>What the probe remembers of an EER file, and how it is presented.</summary>
internal sealed record EerState(EerFile File, int Grouping, int Upsampling);

/// <summary>Each frame is one piece: the bytes from its group's first strip to its last.</summary>
internal sealed class EerFrameMap(ArchiveDescription description, EerState state) : FrameMap
{
    // Between the strips of a group lie directories of some hundred bytes; at most one picture of the sensor in 32 bits.
    private const long LargestGapBytes = 64 << 20;

    public override FrameLayout LayoutOf(int frameIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frameIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(frameIndex, description.Shape.FrameCount);
        var frames = state.File.Frames.AsSpan().Slice(frameIndex * state.Grouping, state.Grouping);
        (long first, long end, long lengthBytes) = (long.MaxValue, 0, 0);
        foreach (var strips in frames)
        {
            foreach (var strip in strips)
            {
                first = Math.Min(first, strip.ArchiveOffset);
                end = Math.Max(end, strip.ArchiveOffset + strip.LengthBytes);
                lengthBytes += strip.LengthBytes;
            }
        }

        if (end - first > Math.Min(int.MaxValue, lengthBytes + LargestGapBytes))
        {
            throw new ArchiveException(description.Files[0], "its internal frames lie too far apart in the file", frameIndex);
        }

        var ranges = ImmutableArray.CreateBuilder<ImmutableArray<Range>>(frames.Length);
        foreach (var strips in frames)
        {
            ranges.Add([.. strips.Select(strip => (int)(strip.ArchiveOffset - first)..(int)(strip.ArchiveOffset - first + strip.LengthBytes))]);
        }

        var group = EerGroup.Create(
            state.File.Coding, state.File.SensorBits, state.Upsampling, description.SampleType.LengthBytes(), ranges.MoveToImmutable());
        return new FrameLayout
        {
            FirstFrame = frameIndex,
            FrameCount = 1,
            SampleType = description.SampleType,
            Rescale = Rescale.None,
            Pipeline = new Pipeline([group.ToStep()]),
            PieceShape = new PieceShape(1, description.Shape.Ny, description.Shape.Nx),
            Pieces = new Piece[] { new(0, first, (int)(end - first), 0, 0, 0, 0) },
        };
    }
}
