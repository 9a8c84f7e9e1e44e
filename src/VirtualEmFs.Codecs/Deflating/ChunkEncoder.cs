namespace VirtualEmFs.Codecs.Deflating;

/// <summary>
/// Encodes one chunk of samples as HDF5's filters shuffle and deflate do together: a standard zlib stream.
/// </summary>
/// <remarks>
/// Noise goes to an order-0 coder of our own, at memory-like speed and within 1.5 % of its entropy; masks become runs; planes of
/// bytes with structure go to libdeflate, where that is smaller. Any thread; contexts are kept per thread, and nothing is allocated once
/// a thread has seen its largest chunk. Source: architecture.md, decision 8.
/// </remarks>
public static class ChunkEncoder
{
    /// <summary>Chooses by content: masks come out as small as at libdeflate's level 6, everything else is fast.</summary>
    public const int AutomaticLevel = -1;

    [ThreadStatic]
    private static ChunkEncoding? t_encoding;

    /// <summary>Length that a stored chunk never exceeds, with room to work in: what the destination has to have.</summary>
    public static int BoundBytes(int lengthBytes) => ChunkEncoding.BoundBytes(lengthBytes);

    /// <summary>True when <see cref="Encode"/> shuffles samples of this length, so that the pipeline is shuffle and deflate.</summary>
    public static bool Shuffles(int elementLengthBytes) => elementLengthBytes > 1;

    /// <summary>Encodes one chunk.</summary>
    /// <param name="samples">Whole samples as the machine stores them.</param>
    /// <param name="elementLengthBytes">1, 2 or 4; samples of 2 and 4 bytes are shuffled first.</param>
    /// <param name="level"><see cref="AutomaticLevel"/>, 0 for stored, or 1–12 for libdeflate's effort on what has structure.</param>
    /// <param name="destination">At least <see cref="BoundBytes"/> long; bytes beyond the result are undefined.</param>
    /// <returns>Length of the stored chunk in bytes.</returns>
    /// <exception cref="ArgumentException">The samples are not whole, or the destination is too short.</exception>
    public static int Encode(ReadOnlySpan<byte> samples, int elementLengthBytes, int level, Span<byte> destination)
    {
        if (elementLengthBytes is not (1 or 2 or 4))
        {
            throw new ArgumentOutOfRangeException(nameof(elementLengthBytes), elementLengthBytes, "samples have 1, 2 or 4 bytes");
        }

        if (samples.Length % elementLengthBytes != 0)
        {
            throw new ArgumentException("the samples are not whole", nameof(samples));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(level, AutomaticLevel);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, 12);
        if (destination.Length < BoundBytes(samples.Length))
        {
            throw new ArgumentException($"the destination has {destination.Length} bytes, and {BoundBytes(samples.Length)} are needed", nameof(destination));
        }

        return (t_encoding ??= new ChunkEncoding()).Encode(samples, elementLengthBytes, level, destination);
    }
}
