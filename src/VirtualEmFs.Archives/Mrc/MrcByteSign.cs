using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Archives.Mrc;

/// <summary>How the bytes of MRC mode 0 are read.</summary>
public enum MrcByteSign
{
    /// <summary>Decided by what the file says, and by its bytes where it says nothing.</summary>
    Automatic,
    Signed,
    Unsigned,
}

/// <summary>Decides whether mode 0 is signed (semantics.md, Reading). Whatever it decides, archiving keeps the 8 bits.</summary>
public static class MrcByteSigns
{
    private const int SignedFlag = 1;

    /// <summary>True for signed bytes.</summary>
    /// <param name="hasCounts">True when the first frame has bytes in 128–191; asked only where nothing else decides.</param>
    public static bool IsSigned(MrcHeader header, MrcByteSign choice, Func<bool> hasCounts)
    {
        if (choice != MrcByteSign.Automatic)
        {
            return choice == MrcByteSign.Signed;
        }

        if (header.ImodStamp == MrcHeader.ImodStampValue)
        {
            return (header.ImodFlags & SignedFlag) != 0;
        }

        bool isUsable = !header.IsStatisticsUndetermined && float.IsFinite(header.Statistics.Minimum)
            && float.IsFinite(header.Statistics.Maximum) && header.Statistics.Minimum < header.Statistics.Maximum;
        return isUsable ? header.Statistics.Maximum <= 127 || header.Statistics.Minimum < 0 : !hasCounts();
    }

    /// <summary>True when bytes lie in 128–191. As signed numbers they would be −128 to −65: far from zero, with nothing between them and it.</summary>
    public static bool HasCounts(ReadOnlySpan<byte> frame) => frame.ContainsAnyInRange((byte)128, (byte)191);
}
