namespace VirtualEmFs.Frames;

/// <summary>
/// One run of bytes in an archive that decodes to one box of samples: an HDF5 chunk, a TIFF strip or tile, a whole EER
/// or MRCZ section, or rows of uncompressed data.
/// </summary>
/// <param name="FileIndex">Which of <see cref="ArchiveDescription.Files"/> holds the bytes.</param>
/// <param name="ArchiveOffset">First byte in that file.</param>
/// <param name="StoredLengthBytes">Bytes as stored.</param>
/// <param name="FilterMask">Bit i set: step i of the pipeline was skipped for this piece (HDF5's filter mask).</param>
/// <param name="FirstFrame">Frame of the box's first sample; in the coordinates of the <see cref="FrameLayout"/>'s frames.</param>
/// <param name="FirstRow">Row of the box's first sample.</param>
/// <param name="FirstColumn">Column of the box's first sample.</param>
public readonly record struct Piece(
    int FileIndex, long ArchiveOffset, int StoredLengthBytes, uint FilterMask, int FirstFrame, int FirstRow, int FirstColumn);

/// <summary>The box that each piece of a layout decodes to; edge pieces decode whole and are clipped to the frame.</summary>
public readonly record struct PieceShape(int Frames, int Rows, int Columns)
{
    /// <summary>Samples of one decoded piece.</summary>
    public long LengthSamples => (long)Frames * Rows * Columns;
}
