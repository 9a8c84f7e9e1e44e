using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Libc;

/// <summary>Folders, links and nodes made, and folders removed; files get and lose their names through <see cref="LinuxCommit"/>. Every call
/// returns 0 or the error number (<see cref="Errno"/>).</summary>
/// <remarks>Any thread. Paths as <see cref="PathBytes"/> writes them. None of them is repeated after a signal: the first attempt may have
/// taken effect on a network file system, and the second would say that the name exists.</remarks>
public static unsafe class LinuxNames
{
    /// <param name="permissions">The lower 12 bits of st_mode, before the umask.</param>
    public static int MakeFolder(string path, uint permissions)
    {
        // SAFETY: the path is pinned and ends with a NUL.
        fixed (byte* p = PathBytes.Encode(path))
        {
            return Result(Libc.mkdir(p, permissions));
        }
    }

    public static int RemoveFolder(string path)
    {
        // SAFETY: as above.
        fixed (byte* p = PathBytes.Encode(path))
        {
            return Result(Libc.rmdir(p));
        }
    }

    /// <param name="target">Stored as it is.</param>
    public static int MakeSymbolicLink(string path, string target)
    {
        // SAFETY: both pinned and NUL-terminated.
        fixed (byte* p = PathBytes.Encode(path), t = PathBytes.Encode(target))
        {
            return Result(Libc.symlink(t, p));
        }
    }

    /// <param name="mode">st_mode with its type, before the umask.</param>
    /// <param name="deviceNumber">The kernel's 32-bit form, which is glibc's too for the numbers that Linux has.</param>
    public static int MakeNode(string path, uint mode, ulong deviceNumber)
    {
        // SAFETY: the path is pinned and ends with a NUL.
        fixed (byte* p = PathBytes.Encode(path))
        {
            return Result(Libc.mknod(p, mode, deviceNumber));
        }
    }

    /// <summary>Gives a file a second name; a taken name is EEXIST, a link is linked itself.</summary>
    public static int MakeHardLink(string existingPath, string path)
    {
        // SAFETY: both pinned and NUL-terminated.
        fixed (byte* e = PathBytes.Encode(existingPath), p = PathBytes.Encode(path))
        {
            return Result(Libc.link(e, p));
        }
    }

    private static int Result(int status) => status < 0 ? Marshal.GetLastPInvokeError() : 0;
}
