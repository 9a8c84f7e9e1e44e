namespace VirtualEmFs.Frames.Mrc;

/// <summary>Where in a frame a byte of the file lies.</summary>
public readonly record struct MrcBytePosition(int FrameIndex, int Row, long RowOffset);

/// <summary>Places the frames of a stack or volume in the bytes of an .mrc file: headers, then every frame in turn.</summary>
/// <remarks>Pure arithmetic over an immutable shape: no I/O, any thread. Offsets are in bytes from the start of the file.</remarks>
public readonly record struct MrcByteMap
{
    /// <param name="shape">Shape (frameCount, ny, nx).</param>
    /// <param name="headerLengthBytes">Main and extended header together, at least 1024.</param>
    /// <exception cref="OverflowException">The file does not fit a file offset.</exception>
    public MrcByteMap(FrameShape shape, long headerLengthBytes, MrcSampleFormat format)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(headerLengthBytes, MrcHeader.LengthBytes);
        Shape = shape;
        HeaderLengthBytes = headerLengthBytes;
        Format = format;
        RowLengthBytes = format.RowLengthBytes(shape.Nx);
        FrameLengthBytes = checked(RowLengthBytes * shape.Ny);
        PayloadLengthBytes = checked(FrameLengthBytes * shape.FrameCount);
        FileLengthBytes = checked(headerLengthBytes + PayloadLengthBytes);
    }

    public FrameShape Shape { get; }

    public MrcSampleFormat Format { get; }

    /// <summary>Main and extended header.</summary>
    public long HeaderLengthBytes { get; }

    public long RowLengthBytes { get; }

    public long FrameLengthBytes { get; }

    /// <summary>All frames.</summary>
    public long PayloadLengthBytes { get; }

    /// <summary>Size that getattr reports.</summary>
    public long FileLengthBytes { get; }

    /// <summary>First byte of a frame; <paramref name="frameIndex"/> may be the frame count, for the end of the file.</summary>
    public long FrameOffset(int frameIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frameIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frameIndex, Shape.FrameCount);
        return checked(HeaderLengthBytes + (frameIndex * FrameLengthBytes));
    }

    /// <summary>First byte of a row of a frame.</summary>
    public long RowOffset(int frameIndex, int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(frameIndex, Shape.FrameCount);
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Shape.Ny);
        return checked(FrameOffset(frameIndex) + (row * RowLengthBytes));
    }

    /// <summary>The frame, row and byte of the row at an offset behind the headers.</summary>
    public MrcBytePosition PositionOf(long fileOffset)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fileOffset, HeaderLengthBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(fileOffset, FileLengthBytes);
        (long frameIndex, long frameOffset) = Math.DivRem(fileOffset - HeaderLengthBytes, FrameLengthBytes);
        (long row, long rowOffset) = Math.DivRem(frameOffset, RowLengthBytes);
        return new MrcBytePosition((int)frameIndex, (int)row, rowOffset);
    }

    /// <summary>Bytes of a read that lie inside the file; 0 at or past its end.</summary>
    public int Clip(long fileOffset, int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fileOffset);
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        return fileOffset >= FileLengthBytes ? 0 : (int)Math.Min(lengthBytes, FileLengthBytes - fileOffset);
    }
}
