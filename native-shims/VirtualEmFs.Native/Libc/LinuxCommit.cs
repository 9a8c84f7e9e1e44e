using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Libc;

/// <summary>What makes a written file durable and gives it its name. Every call returns 0 or the error number (<see cref="Errno"/>).</summary>
/// <remarks>Any thread. Paths as <see cref="PathBytes"/> writes them.</remarks>
public static unsafe class LinuxCommit
{
    private const int AT_FDCWD = -100;
    private const uint RENAME_NOREPLACE = 1;
    private const uint RENAME_EXCHANGE = 2;

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
            return LinuxFile.Sync(file!, dataOnly: false);
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
            errno = LinuxAttributes.SetPermissions(file!, permissions);
            return errno != 0 ? errno : LinuxAttributes.SetTimes(file!, atimeNs: null, mtimeNs);
        }
    }

    /// <summary>Renames a file or folder unless the new name is taken (EEXIST).</summary>
    public static int RenameWithoutReplacing(string from, string to)
    {
        int errno = Rename(from, to, RENAME_NOREPLACE);
        return errno is Errno.EINVAL or Errno.ENOSYS ? RenameWithoutReplacingByHand(from, to) : errno;
    }

    /// <summary>Swaps the names of two files or folders; EINVAL where the file system cannot.</summary>
    public static int Exchange(string first, string second) => Rename(first, second, RENAME_EXCHANGE);

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
            return LinuxFile.SetLength(file!, 0);
        }
    }

    /// <summary>The same for file systems without the flag (NFS): a link never replaces anything either, and a folder replaces only an empty one.</summary>
    internal static int RenameWithoutReplacingByHand(string from, string to)
    {
        int errno = LinuxNames.MakeHardLink(from, to); // until the unlink the file has both names
        if (errno != Errno.EPERM)
        {
            return errno != 0 ? errno : Unlink(from);
        }

        // A folder cannot have two names. Until the rename its new name is an empty folder.
        errno = LinuxFile.Stat(from, followLinks: false, out Statx stat);
        if (errno != 0)
        {
            return errno;
        }

        if (!stat.IsFolder)
        {
            return Errno.EPERM;
        }

        errno = LinuxNames.MakeFolder(to, 0x1C0); // 0700
        if (errno != 0)
        {
            return errno;
        }

        errno = Rename(from, to);
        if (errno != 0)
        {
            _ = LinuxNames.RemoveFolder(to);
        }

        return errno;
    }

    private static int Rename(string from, string to, uint flags)
    {
        // SAFETY: both paths are pinned and end with a NUL.
        fixed (byte* source = PathBytes.Encode(from), target = PathBytes.Encode(to))
        {
            return Result(Libc.renameat2(AT_FDCWD, source, AT_FDCWD, target, flags));
        }
    }

    private static int Result(int status) => status < 0 ? Marshal.GetLastPInvokeError() : 0;
}
