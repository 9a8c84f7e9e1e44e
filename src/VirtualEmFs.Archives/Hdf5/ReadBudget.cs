using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>
/// What one operation (a probe, the loading of one layout) may spend, whatever the file claims. The limits derive from the file's length: a sound file's
/// structures are each read a few times at most.
/// </summary>
internal sealed class ReadBudget
{
    // 16 MiB: the structures of a small file are read again for each image that is looked at, and must not run out.
    private const long FreeBytes = 16 << 20;

    // 2 s of processor time; a stack of 300,000 images takes 0.4 s. Waiting for the disk or for a busy machine does not count: neither is damage.
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(2);

    // Asking for the time costs as much as a small structure: every 256th asks.
    private const int StructuresPerLook = 256;

    private readonly TimeSpan _start = ThreadClock.ProcessorTime;
    private long _bytesLeft;
    private long _structuresLeft;

    public ReadBudget(long fileLengthBytes)
    {
        _bytesLeft = FreeBytes + (4 * Math.Min(fileLengthBytes, long.MaxValue / 16));
        _structuresLeft = 65_536 + (fileLengthBytes / 8); // no structure is shorter than 8 bytes
    }

    /// <summary>Accounts for one structure. On the thread that made the budget.</summary>
    public void Spend(long lengthBytes)
    {
        _bytesLeft -= lengthBytes;
        _structuresLeft--;
        if (_bytesLeft < 0 || _structuresLeft < 0)
        {
            throw new Hdf5FormatException("its structures point at one another without end");
        }

        if (_structuresLeft % StructuresPerLook == 0 && ThreadClock.ProcessorTime - _start > s_time)
        {
            throw new Hdf5FormatException("its structures take too long to read");
        }
    }
}
