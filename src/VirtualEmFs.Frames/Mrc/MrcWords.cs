using System.Buffers.Binary;

namespace VirtualEmFs.Frames.Mrc;

/// <summary>The 256 words of an MRC header in either byte order, numbered from 1.</summary>
internal readonly ref struct MrcWords(ReadOnlySpan<byte> header, bool isBigEndian)
{
    private readonly ReadOnlySpan<byte> _header = header;

    public bool IsBigEndian { get; } = isBigEndian;

    public int Int32(int word)
    {
        var bytes = _header[((word - 1) * 4)..];
        return IsBigEndian ? BinaryPrimitives.ReadInt32BigEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    public float Single(int word) => BitConverter.Int32BitsToSingle(Int32(word));

    /// <summary>
    /// Tells the byte order. The stamp decides where both it and the mode make sense; many programs leave the stamp zero
    /// (Topaz, cryoDRGN), so otherwise the order in which mode, axes and sizes are plausible.
    /// </summary>
    public static bool IsBigEndianHeader(ReadOnlySpan<byte> header)
    {
        bool isLittlePlausible = IsPlausible(new MrcWords(header, false));
        bool isBigPlausible = IsPlausible(new MrcWords(header, true));
        if (isLittlePlausible != isBigPlausible)
        {
            return isBigPlausible;
        }

        // 11 11 is the standard's big-endian stamp; 00 00 41 44 is a little-endian one that was swapped with the header.
        return header[212] == 0x11 || (header[212] == 0 && header[213] == 0 && header[215] == 0x44);
    }

    private static bool IsPlausible(MrcWords words)
    {
        // EMAN2's bounds: a mode of one byte, axes below 2^20 (spec/eman2-hdf5.md section 8.1).
        const int AxisLimit = 1 << 20;
        return words.Int32(4) is >= 0 and <= 127
            && words.Int32(1) is > 0 and < AxisLimit
            && words.Int32(2) is > 0 and < AxisLimit
            && words.Int32(3) is > 0 and < AxisLimit;
    }
}
