namespace VirtualEmFs.Codecs.Hdf5Filters;

/// <summary>LibLZF's format, as h5py's filter 32000 holds it: literals, and copies of what was decoded within the last 8 KiB. Parameters are not needed.</summary>
/// <remarks>Pure; any thread; nothing is allocated. Safe on any bytes.</remarks>
public static class Lzf
{
    // A control byte below this counts literals; above, its upper three bits are a copy's length, its lower five the distance's high bits.
    private const int FirstCopy = 32;
    private const int LongCopy = 7;
    private const int ShortestCopy = 2;

    private static readonly DecodeOutcome s_damaged = DecodeOutcome.Damaged("the LZF data are damaged or hold more than one piece");

    /// <summary>Decodes the whole source.</summary>
    /// <returns>Damaged when the source does not fit the destination, ends within a copy, or refers to what was never decoded.</returns>
    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int read = 0, written = 0;
        while (read < source.Length)
        {
            int control = source[read++];
            if (control < FirstCopy)
            {
                int count = control + 1;
                if (count > source.Length - read || count > destination.Length - written)
                {
                    return s_damaged;
                }

                source.Slice(read, count).CopyTo(destination[written..]);
                read += count;
                written += count;
                continue;
            }

            int lengthBytes = control >> 5;
            if (source.Length - read < (lengthBytes == LongCopy ? 2 : 1))
            {
                return s_damaged;
            }

            lengthBytes += ShortestCopy + (lengthBytes == LongCopy ? source[read++] : 0);
            int distance = 1 + ((control & (FirstCopy - 1)) << 8) + source[read++];
            if (distance > written || lengthBytes > destination.Length - written)
            {
                return s_damaged;
            }

            Repeat(destination, written, distance, lengthBytes);
            written += lengthBytes;
        }

        return DecodeOutcome.Done(written);
    }

    // A copy may run into what it writes itself: it then repeats a pattern.
    private static void Repeat(Span<byte> destination, int written, int distance, int lengthBytes)
    {
        if (distance >= lengthBytes)
        {
            destination.Slice(written - distance, lengthBytes).CopyTo(destination[written..]);
            return;
        }

        for (int i = written; i < written + lengthBytes; i++)
        {
            destination[i] = destination[i - distance];
        }
    }
}
