using System.Collections.Immutable;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Archives.Mrcz;

/// <summary>What the probe remembers of an MRCZ file.</summary>
/// <param name="SectionOffsets">Where each section begins, and where the last one ends.</param>
internal sealed record MrczState(MrcSampleFormat Samples, bool IsCompressed, ImmutableArray<long> SectionOffsets);

/// <summary>Each section is one piece.</summary>
internal sealed class MrczFrameMap(ArchiveDescription description) : KeptLayouts(description.Shape.FrameCount)
{
    private readonly MrczState _state = (MrczState)description.FormatState!;

    public static Pipeline PipelineOf(MrczState state, SampleType type)
    {
        var plain = MrcFrameMap.PipelineOf(state.Samples, type);
        return state.IsCompressed ? new Pipeline(plain.Steps.Add(new FilterStep(FilterKind.Blosc))) : plain;
    }

    public static PieceShape PieceShapeOf(MrczState state, FrameShape shape) => MrcFrameMap.PieceShapeOf(state.Samples, shape) with { Rows = shape.Ny };

    protected override FrameLayout Load(int frameIndex) => new()
    {
        FirstFrame = frameIndex,
        FrameCount = 1,
        SampleType = description.SampleType,
        Rescale = Rescale.None,
        Pipeline = PipelineOf(_state, description.SampleType),
        PieceShape = PieceShapeOf(_state, description.Shape),
        Pieces = new Piece[]
        {
            new(0, _state.SectionOffsets[frameIndex], checked((int)(_state.SectionOffsets[frameIndex + 1] - _state.SectionOffsets[frameIndex])), 0, 0, 0, 0),
        },
        EndsWithFrame = true,
    };
}
