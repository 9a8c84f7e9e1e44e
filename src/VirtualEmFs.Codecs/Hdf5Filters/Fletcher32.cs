using System.Buffers.Binary;

namespace VirtualEmFs.Codecs.Hdf5Filters;

/// <summary>HDF5's Fletcher checksum: four bytes behind the data.</summary>
/// <remarks>The data count as big-endian 16-bit words, an odd byte at the end as a word's upper half. HDF5 before 1.6.3 wrote both
/// halves of the checksum with their bytes exchanged; readers accept either.</remarks>
internal static class Fletcher32
{
    public const int LengthBytes = 4;

    /// <summary>Checks data with their checksum.</summary>
    /// <returns>The outcome; its length is that of the data without the checksum.</returns>
    public static DecodeOutcome Verify(ReadOnlySpan<byte> dataAndChecksum)
    {
        if (dataAndChecksum.Length < LengthBytes)
        {
            return DecodeOutcome.Damaged("the data are shorter than their checksum");
        }

        var data = dataAndChecksum[..^LengthBytes];
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(dataAndChecksum[^LengthBytes..]);
        uint computed = Compute(data);
        uint early = ((computed & 0x00FF00FF) << 8) | ((computed & 0xFF00FF00) >> 8);
        return stored == computed || stored == early
            ? DecodeOutcome.Done(data.Length)
            : DecodeOutcome.Damaged("the data do not match their checksum");
    }

    internal static uint Compute(ReadOnlySpan<byte> data)
    {
        // 360 words: after that many the second sum may be about to exceed 32 bits.
        const int WordsBetweenFolds = 360;
        unchecked
        {
            uint first = 0, second = 0;
            for (var rest = data; rest.Length >= 2;)
            {
                int lengthBytes = Math.Min(rest.Length & ~1, 2 * WordsBetweenFolds);
                for (int i = 0; i < lengthBytes; i += 2)
                {
                    first += BinaryPrimitives.ReadUInt16BigEndian(rest[i..]);
                    second += first;
                }

                (first, second) = (Fold(first), Fold(second));
                rest = rest[lengthBytes..];
            }

            if ((data.Length & 1) != 0)
            {
                first += (uint)data[^1] << 8;
                second += first;
                (first, second) = (Fold(first), Fold(second));
            }

            (first, second) = (Fold(first), Fold(second));
            return (second << 16) | first;
        }

        static uint Fold(uint sum) => (sum & 0xFFFF) + (sum >> 16);
    }
}
