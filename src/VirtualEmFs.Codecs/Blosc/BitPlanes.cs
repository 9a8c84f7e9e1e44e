using System.Runtime.InteropServices;

namespace VirtualEmFs.Codecs.Blosc;

/// <summary>Turns the bit planes of bitshuffle into the byte planes of shuffle.</summary>
/// <remarks>Pure; any thread; nothing is allocated.</remarks>
public static class BitPlanes
{
    /// <summary>Gathers eight planes of bits into one of bytes, for each byte of an element.</summary>
    /// <param name="bits">For n elements of length m: bit k of byte j of element i is bit i mod 8 of the byte at (8·j + k)·n/8 + i/8. n is a multiple of 8.</param>
    /// <param name="bytes">As long; byte j of element i at j·n + i. Must not overlap <paramref name="bits"/>.</param>
    public static void ToBytePlanes(ReadOnlySpan<byte> bits, int elementLengthBytes, Span<byte> bytes)
    {
        if (bits.Length != bytes.Length || bits.Length % (8 * elementLengthBytes) != 0)
        {
            throw new ArgumentException("bit planes are those of whole groups of eight elements, and as long as their byte planes", nameof(bytes));
        }

        int rowLengthBytes = bits.Length / elementLengthBytes / 8;
        for (int plane = 0; plane < elementLengthBytes; plane++)
        {
            ToBytePlane(bits.Slice(plane * 8 * rowLengthBytes, 8 * rowLengthBytes), rowLengthBytes, bytes.Slice(plane * 8 * rowLengthBytes, 8 * rowLengthBytes));
        }
    }

    private static void ToBytePlane(ReadOnlySpan<byte> rows, int rowLengthBytes, Span<byte> plane)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(plane);
        ReadOnlySpan<byte> row0 = rows[..rowLengthBytes], row1 = rows.Slice(rowLengthBytes, rowLengthBytes);
        ReadOnlySpan<byte> row2 = rows.Slice(2 * rowLengthBytes, rowLengthBytes), row3 = rows.Slice(3 * rowLengthBytes, rowLengthBytes);
        ReadOnlySpan<byte> row4 = rows.Slice(4 * rowLengthBytes, rowLengthBytes), row5 = rows.Slice(5 * rowLengthBytes, rowLengthBytes);
        ReadOnlySpan<byte> row6 = rows.Slice(6 * rowLengthBytes, rowLengthBytes), row7 = rows.Slice(7 * rowLengthBytes, rowLengthBytes);
        unchecked
        {
            for (int i = 0; i < rowLengthBytes; i++)
            {
                ulong word = row0[i] | ((ulong)row1[i] << 8) | ((ulong)row2[i] << 16) | ((ulong)row3[i] << 24)
                    | ((ulong)row4[i] << 32) | ((ulong)row5[i] << 40) | ((ulong)row6[i] << 48) | ((ulong)row7[i] << 56);

                // The transpose of 8 × 8 bits: halves, quarters and eighths of the square change places across the diagonal.
                ulong swapped = (word ^ (word >> 7)) & 0x00AA00AA00AA00AA;
                word ^= swapped ^ (swapped << 7);
                swapped = (word ^ (word >> 14)) & 0x0000CCCC0000CCCC;
                word ^= swapped ^ (swapped << 14);
                swapped = (word ^ (word >> 28)) & 0x00000000F0F0F0F0;
                words[i] = word ^ swapped ^ (swapped << 28);
            }
        }
    }
}
