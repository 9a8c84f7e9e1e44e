namespace VirtualEmFs.Frames;

/// <summary>
/// Where the samples of a run of frames lie and how to decode them: every frame of a volume, or one image of a stack.
/// </summary>
/// <remarks>Immutable; any thread. Pieces are sorted by (frame, row, column) and never overlap; a box of the grid that has no
/// piece was never written and reads as <see cref="FillSample"/>.</remarks>
public sealed record FrameLayout
{
    /// <summary>Frame of the virtual file at which this layout's frame 0 stands.</summary>
    public required int FirstFrame { get; init; }

    /// <summary>Frames that the layout covers.</summary>
    public required int FrameCount { get; init; }

    /// <summary>How samples are stored once decoded.</summary>
    public required SampleType SampleType { get; init; }

    /// <summary>How decoded samples become float32.</summary>
    public required Rescale Rescale { get; init; }

    /// <summary>The decoders of every piece.</summary>
    public required Pipeline Pipeline { get; init; }

    /// <summary>The box of every piece.</summary>
    public required PieceShape PieceShape { get; init; }

    /// <summary>The pieces, sorted by (FirstFrame, FirstRow, FirstColumn), relative to <see cref="FirstFrame"/>.</summary>
    public required ReadOnlyMemory<Piece> Pieces { get; init; }

    /// <summary>
    /// True when the first stored row is the frame's last (TIFF stores the top row of a picture first, MRC the bottom row): pieces
    /// count rows as stored, and row r of the frame is stored row ny − 1 − r.
    /// </summary>
    public bool AreRowsReversed { get; init; }

    /// <summary>
    /// True when a piece that reaches beyond the frame's last stored row decodes only to the rows inside the frame (the last strip of
    /// a TIFF page); false when it decodes whole and is clipped (HDF5 chunks, TIFF tiles).
    /// </summary>
    public bool EndsWithFrame { get; init; }

    /// <summary>One sample, in stored form and the machine's byte order, for boxes that were never written; empty means zero.</summary>
    public ReadOnlyMemory<byte> FillSample { get; init; }
}

/// <summary>Finds the layout of a frame, reading it from the archive in ranges as needed.</summary>
/// <remarks>Safe from any thread. Holds a bounded number of layouts: a stack may have 300,000 images.</remarks>
public abstract class FrameMap
{
    /// <summary>The layout that covers a frame. May read from the archive.</summary>
    /// <param name="frameIndex">0-based frame of the virtual file.</param>
    /// <exception cref="ArchiveException">The frame is missing or its description is damaged.</exception>
    public abstract FrameLayout LayoutOf(int frameIndex);
}
