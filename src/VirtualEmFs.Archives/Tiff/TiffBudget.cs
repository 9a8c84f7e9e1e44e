using System.Diagnostics;

namespace VirtualEmFs.Archives.Tiff;

/// <summary>What reading a file's directories may cost, whatever the file claims.</summary>
/// <remarks>One thread.</remarks>
internal sealed class TiffBudget(SourceFile file)
{
    /// <summary>Directories of one file; the longest EER movies have some ten thousand.</summary>
    public const int LargestDirectoryCount = 1_000_000;

    // 16 MiB, and the file twice over: a sound file's directories are read once, in windows that may touch the pixels between them.
    private const long FreeBytes = 16 << 20;

    // 2 s of our own work; 100,000 directories take 0.1 s. Waiting for the disk does not count: a slow disk is no damage.
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(2);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private long _bytesLeft = FreeBytes + (2 * Math.Min(file.LengthBytes, long.MaxValue / 16));

    /// <summary>Accounts for bytes that are looked at.</summary>
    /// <exception cref="TiffFormatException">The budget is spent.</exception>
    public void Spend(long lengthBytes)
    {
        _bytesLeft -= lengthBytes;
        if (_bytesLeft < 0 || _clock.Elapsed > s_time)
        {
            throw new TiffFormatException("its directories take too long to read");
        }
    }

    /// <summary>Reads, with the clock stopped.</summary>
    public void Read(long fileOffset, Span<byte> destination)
    {
        _clock.Stop();
        file.ReadExactly(fileOffset, destination);
        _clock.Start();
    }
}
