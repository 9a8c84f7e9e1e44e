using System.Buffers;

namespace VirtualEmFs.Codecs;

/// <summary>One internal frame: its bytes, and how far it is drawn.</summary>
internal struct EerStream
{
    public int FirstByte;
    public int EndByte;
    public long Bit;
    public int Pixel;

    /// <summary>Finds each frame's bytes; where strips of a frame do not follow each other they are copied together.</summary>
    /// <param name="joined">The copy, from the shared pool and to be returned there; null where the piece itself serves.</param>
    /// <returns>False when a strip does not lie in the piece.</returns>
    public static bool TryJoinStrips(EerGroup group, ReadOnlySpan<byte> stored, out byte[]? joined, out EerStream[] streams)
    {
        joined = null;
        streams = new EerStream[group.Frames.Length];
        long lengthBytes = 0;
        bool areJoined = true;
        for (int frame = 0; frame < streams.Length; frame++)
        {
            var strips = group.Frames[frame].AsSpan();
            for (int strip = 0; strip < strips.Length; strip++)
            {
                int first = strips[strip].Start.Value, end = strips[strip].End.Value;
                if (first < 0 || end < first || end > stored.Length)
                {
                    return false;
                }

                lengthBytes += end - first;
                areJoined &= strip == 0 || first == strips[strip - 1].End.Value;
            }

            streams[frame] = strips.IsEmpty
                ? default
                : new EerStream { FirstByte = strips[0].Start.Value, EndByte = strips[^1].End.Value };
        }

        // Strips that overlap can be longer together than the piece; no writer makes them.
        if (areJoined || lengthBytes > stored.Length)
        {
            return areJoined;
        }

        joined = ArrayPool<byte>.Shared.Rent((int)lengthBytes);
        int written = 0;
        for (int frame = 0; frame < streams.Length; frame++)
        {
            int firstByte = written;
            foreach (var strip in group.Frames[frame])
            {
                stored[strip].CopyTo(joined.AsSpan(written));
                written += strip.End.Value - strip.Start.Value;
            }

            streams[frame] = new EerStream { FirstByte = firstByte, EndByte = written };
        }

        return true;
    }
}
