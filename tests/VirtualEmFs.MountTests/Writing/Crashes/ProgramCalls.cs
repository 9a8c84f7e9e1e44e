using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>System calls of a program that works in one folder; each returns its error number.</summary>
internal sealed class ProgramCalls(string folder) : IDisposable
{
    private static readonly TimeSpan s_flushDeadline = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, SafeFileHandle> _open = new(StringComparer.Ordinal);

    public int MakeFolder(string path) => LinuxNames.MakeFolder(FullPath(path), 0x1ED);

    public int RemoveFolder(string path) => LinuxNames.RemoveFolder(FullPath(path));

    public int SyncFolder(string path) => LinuxCommit.Sync(FullPath(path));

    public int Open(string path, int flags)
    {
        int errno = LinuxFile.Open(FullPath(path), LinuxFile.O_RDWR | flags, out SafeFileHandle? file, 0x1A4);
        if (errno == 0)
        {
            _open.Add(path, file!);
        }

        return errno;
    }

    /// <summary>Writes all bytes, as programs do: what a short write has left in another call.</summary>
    public int Write(string path, long fileOffset, byte[] bytes)
    {
        for (int written = 0; written < bytes.Length;)
        {
            int errno = LinuxFile.Write(_open[path], fileOffset + written, bytes.AsSpan(written), out int lengthBytes);
            if (errno != 0)
            {
                return errno;
            }

            written += lengthBytes;
        }

        return 0;
    }

    public int Sync(string path) => LinuxFile.Sync(_open[path], dataOnly: false);

    public int Close(string path)
    {
        if (_open.Remove(path, out SafeFileHandle? file))
        {
            file.Dispose();
        }

        return 0;
    }

    public int Rename(string from, string to) => LinuxCommit.Rename(FullPath(from), FullPath(to));

    public int Unlink(string path) => LinuxCommit.Unlink(FullPath(path));

    /// <summary>Waits until everything that is closed is archived.</summary>
    public int Flush() => MountControl.Flush(folder, s_flushDeadline);

    public void Dispose()
    {
        foreach (SafeFileHandle file in _open.Values)
        {
            file.Dispose();
        }
    }

    private string FullPath(string path) => Path.Combine(folder, path);
}
