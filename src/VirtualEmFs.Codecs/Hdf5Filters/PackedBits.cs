using System.Buffers.Binary;

namespace VirtualEmFs.Codecs.Hdf5Filters;

/// <summary>Reads numbers of a fixed count of bits from a stream of bits, most significant first.</summary>
/// <remarks>The caller has made sure that the stream holds them all.</remarks>
internal ref struct PackedBits(ReadOnlySpan<byte> stream)
{
    private readonly ReadOnlySpan<byte> _stream = stream;
    private long _bit;

    /// <summary>True when a stream holds so many numbers.</summary>
    public static bool Holds(ReadOnlySpan<byte> stream, int count, int bits) => (long)count * bits <= (long)stream.Length * 8;

    /// <param name="bits">1 to 64.</param>
    public ulong Read(int bits)
    {
        unchecked
        {
            int firstByte = (int)(_bit >> 3);
            int skipped = (int)(_bit & 7);
            _bit += bits;
            ulong window;
            if (firstByte + 8 <= _stream.Length)
            {
                window = BinaryPrimitives.ReadUInt64BigEndian(_stream[firstByte..]) << skipped;
                int missing = skipped + bits - 64;
                if (missing > 0)
                {
                    window |= (ulong)_stream[firstByte + 8] >> (8 - skipped);
                }
            }
            else
            {
                window = 0;
                for (int i = firstByte; i < _stream.Length; i++)
                {
                    window |= (ulong)_stream[i] << (56 - (8 * (i - firstByte)));
                }

                window <<= skipped;
            }

            return window >> (64 - bits);
        }
    }
}
