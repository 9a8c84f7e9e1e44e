using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Libc;

/// <summary>What makes a written file durable and gives it its name. Every call returns 0 or the error number (<see cref="Errno"/>).</summary>
/// <remarks>Any thread. Paths as <see cref="PathBytes"/> writes them.</remarks>
public static unsafe class LinuxCommit
{
    private const int AT_FDCWD = -100;
    private const uint RENAME_NOREPLACE = 1;
    private const long UTIME_OMIT = (1 << 30) - 2;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Writes a file's or folder's data and attributes to the disk.</summary>
    public static int Sync(string path)
    {
        int errno = LinuxFile.Open(path, LinuxFile.O_RDONLY, out SafeFileHandle? file);
        if (errno != 0)
        {
            return errno;
        }

        using (file)
        {
            return Result(Libc.fsync(file!));
        }
    }

    /// <summary>Gives a file permissions and a modification time; the access time stays.</summary>
    /// <param name="permissions">The lower 12 bits of st_mode.</param>
    public static int SetAttributes(string path, uint permissions, long mtimeNs)
    {
        int errno = LinuxFile.Open(path, LinuxFile.O_RDONLY, out SafeFileHandle? file);
        if (errno != 0)
        {
            return errno;
        }

        using (file)
        {
            (long seconds, long nanoseconds) = Math.DivRem(mtimeNs, NanosecondsPerSecond);
            if (nanoseconds < 0)
            {
                (seconds, nanoseconds) = (seconds - 1, nanoseconds + NanosecondsPerSecond);
            }

            // SAFETY: futimens reads exactly two entries, during the call.
            Libc.timespec* times = stackalloc Libc.timespec[2];
            times[0] = new Libc.timespec { tv_nsec = UTIME_OMIT };
            times[1] = new Libc.timespec { tv_sec = seconds, tv_nsec = nanoseconds };
            errno = Result(Libc.fchmod(file!, permissions));
            return errno != 0 ? errno : Result(Libc.futimens(file!, times));
        }
    }

    /// <summary>Renames a file unless the new name is taken (EEXIST).</summary>
    public static int RenameWithoutReplacing(string from, string to)
    {
        // SAFETY: both paths are pinned and end with a NUL.
        fixed (byte* source = PathBytes.Encode(from), target = PathBytes.Encode(to))
        {
            int errno = Result(Libc.renameat2(AT_FDCWD, source, AT_FDCWD, target, RENAME_NOREPLACE));
            if (errno is not (Errno.EINVAL or Errno.ENOSYS))
            {
                return errno;
            }

            // File systems without the flag (NFS): a link never replaces anything either. Between the calls the file has both names.
            errno = Result(Libc.link(source, target));
            return errno != 0 ? errno : Result(Libc.unlink(source));
        }
    }

    /// <summary>Renames a file over whatever has the new name.</summary>
    public static int Rename(string from, string to)
    {
        // SAFETY: both paths are pinned and end with a NUL.
        fixed (byte* source = PathBytes.Encode(from), target = PathBytes.Encode(to))
        {
            return Result(Libc.rename(source, target));
        }
    }

    /// <summary>Removes a name.</summary>
    public static int Unlink(string path)
    {
        // SAFETY: the path is pinned and ends with a NUL.
        fixed (byte* name = PathBytes.Encode(path))
        {
            return Result(Libc.unlink(name));
        }
    }

    /// <summary>Frees a file's room on the disk, also where something still has it open.</summary>
    public static int Empty(string path)
    {
        int errno = LinuxFile.Open(path, LinuxFile.O_WRONLY, out SafeFileHandle? file);
        if (errno != 0)
        {
            return errno;
        }

        using (file)
        {
            return Result(Libc.ftruncate(file!, 0));
        }
    }

    private static int Result(int status) => status < 0 ? Marshal.GetLastPInvokeError() : 0;
}
