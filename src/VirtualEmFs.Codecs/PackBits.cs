namespace VirtualEmFs.Codecs;

/// <summary>TIFF's PackBits: runs of one byte and runs of different bytes (TIFF 6.0, section 9).</summary>
/// <remarks>Pure; any thread; nothing is allocated. Safe on any bytes.</remarks>
public static class PackBits
{
    /// <summary>No stream expands more than this: two bytes stand for 128 at most.</summary>
    public const int LargestExpansion = 64;

    /// <summary>Decodes until the destination is full; what follows in the source is ignored.</summary>
    /// <returns>Damaged when the source ends before the destination is full.</returns>
    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int read = 0, written = 0;
        while (written < destination.Length)
        {
            if (read >= source.Length)
            {
                return DecodeOutcome.Damaged("the PackBits data end before the last row");
            }

            int run = unchecked((sbyte)source[read++]);
            if (run >= 0)
            {
                int count = Math.Min(Math.Min(run + 1, destination.Length - written), source.Length - read);
                source.Slice(read, count).CopyTo(destination[written..]);
                read += count;
                written += count;
            }
            else if (run != -128 && read < source.Length)
            {
                int count = Math.Min(1 - run, destination.Length - written);
                destination.Slice(written, count).Fill(source[read++]);
                written += count;
            }
        }

        return DecodeOutcome.Done(written);
    }
}
