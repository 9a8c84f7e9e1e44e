using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Archives.Tiff;

/// <summary>What reading a file's directories may cost, whatever the file claims.</summary>
/// <remarks>One thread.</remarks>
internal sealed class TiffBudget(SourceFile file)
{
    /// <summary>Directories of one file; the longest EER movies have some ten thousand.</summary>
    public const int LargestDirectoryCount = 1_000_000;

    // 16 MiB, and the file twice over: a sound file's directories are read once, in windows that may touch the pixels between them.
    private const long FreeBytes = 16 << 20;

    // 2 s of our own processor time; 100,000 directories take 0.1 s. The disk and a busy machine do not count: neither is damage.
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(2);

    // Asking for the time costs as much as a small entry: every 64th asks, and every longer stretch.
    private const int SpendsPerLook = 64;
    private const int LongStretchBytes = 1 << 16;

    private TimeSpan _start = ThreadClock.ProcessorTime;
    private long _bytesLeft = FreeBytes + (2 * Math.Min(file.LengthBytes, long.MaxValue / 16));
    private int _spendCount;

    /// <summary>Accounts for bytes that are looked at.</summary>
    /// <exception cref="TiffFormatException">The budget is spent.</exception>
    public void Spend(long lengthBytes)
    {
        _bytesLeft -= lengthBytes;
        bool looks = ++_spendCount % SpendsPerLook == 0 || lengthBytes >= LongStretchBytes;
        if (_bytesLeft < 0 || (looks && ThreadClock.ProcessorTime - _start > s_time))
        {
            throw new TiffFormatException("its directories take too long to read");
        }
    }

    /// <summary>Reads, with the clock stopped.</summary>
    public void Read(long fileOffset, Span<byte> destination)
    {
        TimeSpan start = ThreadClock.ProcessorTime;
        file.ReadExactly(fileOffset, destination);
        _start += ThreadClock.ProcessorTime - start;
    }
}
