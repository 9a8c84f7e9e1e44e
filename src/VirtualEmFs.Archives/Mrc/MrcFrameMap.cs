using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Archives.Mrc;

/// <summary>What the probe remembers of a plain MRC file.</summary>
/// <param name="HeaderLengthBytes">Main and extended header.</param>
internal sealed record MrcState(MrcSampleFormat Samples, long HeaderLengthBytes);

/// <summary>The sections of a plain MRC file: runs of whole rows are the pieces.</summary>
internal sealed class MrcFrameMap(ArchiveDescription description) : KeptLayouts(description.Shape.FrameCount)
{
    // 64 KiB: 4-bit samples are unpacked by whole pieces, and a random read should not pay for many rows that it does not want.
    private const long PieceLengthBytes = 64 * 1024;

    private readonly MrcState _state = (MrcState)description.FormatState!;

    /// <summary>The steps from samples to the bytes of the file.</summary>
    public static Pipeline PipelineOf(MrcSampleFormat samples, SampleType type) =>
        samples.Mode == MrcSampleFormat.PackedNibblesMode ? new Pipeline([new FilterStep(FilterKind.UnpackNibbles)])
        : samples.IsBigEndian && type.LengthBytes() > 1 ? new Pipeline([new FilterStep(FilterKind.ByteSwap, [type.LengthBytes()])])
        : Pipeline.Identity;

    /// <summary>Rows of one piece; of 4-bit samples there is an even number in a stored row.</summary>
    public static PieceShape PieceShapeOf(MrcSampleFormat samples, FrameShape shape) => new(
        1, (int)Math.Clamp(PieceLengthBytes / samples.RowLengthBytes(shape.Nx), 1, shape.Ny),
        samples.Mode == MrcSampleFormat.PackedNibblesMode ? shape.Nx + (shape.Nx & 1) : shape.Nx);

    protected override FrameLayout Load(int frameIndex)
    {
        var shape = description.Shape;
        var box = PieceShapeOf(_state.Samples, shape);
        long rowLengthBytes = _state.Samples.RowLengthBytes(shape.Nx);
        long frameOffset = _state.HeaderLengthBytes + (frameIndex * rowLengthBytes * shape.Ny);
        var pieces = new Piece[((shape.Ny - 1) / box.Rows) + 1];
        for (int i = 0; i < pieces.Length; i++)
        {
            int firstRow = i * box.Rows;
            int rowCount = Math.Min(box.Rows, shape.Ny - firstRow);
            pieces[i] = new Piece(0, frameOffset + (firstRow * rowLengthBytes), checked((int)(rowCount * rowLengthBytes)), 0, 0, firstRow, 0);
        }

        return new FrameLayout
        {
            FirstFrame = frameIndex,
            FrameCount = 1,
            SampleType = description.SampleType,
            Rescale = Rescale.None,
            Pipeline = PipelineOf(_state.Samples, description.SampleType),
            PieceShape = box,
            Pieces = pieces,
            EndsWithFrame = true,
        };
    }
}
