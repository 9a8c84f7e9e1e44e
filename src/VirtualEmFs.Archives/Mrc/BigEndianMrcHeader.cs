using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Archives.Mrc;

/// <summary>Turns a big-endian main header into the little-endian one of the same content: also the words that nobody knows stay.</summary>
/// <remarks>Pure; any thread. Source: the format's own table (MRC2014), and IMOD's for the numbers of 2 bytes.</remarks>
internal static class BigEndianMrcHeader
{
    private const int MapOffset = 208, StampOffset = 212;

    // From each offset to the next there are numbers of so many bytes; 1 is for characters, which have no order.
    private static readonly (int Offset, int NumberLengthBytes)[] s_fields =
    [
        (0, 4), // words 1 to 24
        (96, 2), // creatid
        (104, 1), // EXTTYP
        (108, 4), // NVERSION
        (128, 2), // nint, nreal, sub, zfac
        (136, 4), // min2 to max3, IMOD's stamp and flags
        (160, 2), // idtype, lens, nd1, nd2, vd1, vd2
        (172, 4), // tilt angles, ORIGIN
        (MapOffset, 1), // MAP, MACHST
        (216, 4), // RMS, NLABL
        (224, 1), // labels
        (MrcHeader.LengthBytes, 0),
    ];

    /// <summary>Turns the numbers where they stand, and sets the stamp of little-endian files.</summary>
    /// <param name="header">The main header.</param>
    /// <param name="hasMapStamp">False for the layout before the year 2000, which has numbers in the place of MAP and MACHST.</param>
    public static void Turn(Span<byte> header, bool hasMapStamp)
    {
        for (int i = 0; i < s_fields.Length - 1; i++)
        {
            (int offset, int numberLengthBytes) = s_fields[i];
            bool isOldNumber = offset == MapOffset && !hasMapStamp;
            ByteOrder.Swap(header[offset..s_fields[i + 1].Offset], isOldNumber ? sizeof(int) : numberLengthBytes);
        }

        if (hasMapStamp)
        {
            ReadOnlySpan<byte> littleEndian = [0x44, 0x44, 0, 0];
            littleEndian.CopyTo(header[StampOffset..]);
        }
    }
}
