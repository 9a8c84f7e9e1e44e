using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Benchmarks.Mounting;

/// <summary>Reads files as programs do, and takes the time.</summary>
internal static partial class FileReads
{
    private const int PosixFadvDontneed = 4;

    /// <summary>Seconds to read files one after the other from beginning to end, in reads of 1 MiB by default.</summary>
    public static double Sequential(IEnumerable<string> paths, int readLengthBytes = 1 << 20)
    {
        byte[] buffer = new byte[readLengthBytes];
        long begin = Stopwatch.GetTimestamp();
        foreach (string path in paths)
        {
            using SafeFileHandle file = File.OpenHandle(path);
            for (long fileOffset = 0; ;)
            {
                int count = RandomAccess.Read(file, buffer, fileOffset);
                if (count == 0)
                {
                    break;
                }

                fileOffset += count;
            }
        }

        return Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    /// <summary>Seconds from before open to after the read of a few bytes.</summary>
    /// <param name="fromEnd">True for the last bytes of the file.</param>
    public static double FirstBytes(string path, int lengthBytes, bool fromEnd)
    {
        byte[] buffer = new byte[lengthBytes];
        long begin = Stopwatch.GetTimestamp();
        using SafeFileHandle file = File.OpenHandle(path);
        RandomAccess.Read(file, buffer, fromEnd ? RandomAccess.GetLength(file) - lengthBytes : 0);
        return Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    /// <summary>Makes the kernel forget the pages of files.</summary>
    public static void DropPages(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            using SafeFileHandle file = File.OpenHandle(path);
            _ = posix_fadvise(file, 0, 0, PosixFadvDontneed);
        }
    }

    [LibraryImport("libc")]
    private static partial int posix_fadvise(SafeFileHandle fd, long offset, long length, int advice);
}
