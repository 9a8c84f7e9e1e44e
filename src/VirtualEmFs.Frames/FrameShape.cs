namespace VirtualEmFs.Frames;

/// <summary>Shape (frameCount, ny, nx) of a stack or volume; x is the fastest axis.</summary>
/// <remarks>Axes are at least 1 and the float32 payload fits a file offset: the constructor checks both.</remarks>
public readonly record struct FrameShape
{
    /// <summary>Columns: samples of one row.</summary>
    public int Nx { get; }

    /// <summary>Rows of one frame.</summary>
    public int Ny { get; }

    /// <summary>Frames: images of a stack, or sections of a volume.</summary>
    public int FrameCount { get; }

    /// <exception cref="ArgumentOutOfRangeException">An axis is below 1, or the payload as float32 exceeds 2^62 bytes.</exception>
    public FrameShape(int nx, int ny, int frameCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nx, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ny, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(frameCount, 1);
        if ((Int128)nx * ny * frameCount > 1L << 60)
        {
            throw new ArgumentOutOfRangeException(nameof(frameCount), "the payload does not fit a file");
        }

        (Nx, Ny, FrameCount) = (nx, ny, frameCount);
    }

    /// <summary>Samples of one frame.</summary>
    public long FrameLengthSamples => (long)Nx * Ny;

    /// <summary>Samples of all frames.</summary>
    public long LengthSamples => FrameLengthSamples * FrameCount;
}
