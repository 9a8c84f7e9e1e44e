using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Libc;

/// <summary>Declarations for folders, links, attributes and mounts; the checks are in <see cref="LinuxTree"/> and <see cref="LinuxProcess"/>.</summary>
internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint getdents64(SafeFileHandle fd, byte* buffer, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int mkdir(byte* path, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int rmdir(byte* path);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int symlink(byte* target, byte* path);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int mknod(byte* path, uint mode, ulong device);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint readlink(byte* path, byte* buffer, nuint length);

    /// <param name="resolved">Null: the result is allocated with malloc.</param>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial byte* realpath(byte* path, byte* resolved);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int statvfs(byte* path, statvfs* result);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint lgetxattr(byte* path, byte* name, byte* value, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint llistxattr(byte* path, byte* names, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial long lseek(SafeFileHandle fd, long offset, int whence);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int umount2(byte* target, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setsid();

    /// <param name="argument">In C a variable argument, which is passed like any other for these commands.</param>
    [LibraryImport(Library)]
    internal static partial int fcntl(int fd, int command, int argument);

    [LibraryImport(Library)]
    internal static partial int getpid();

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport(Library)]
    internal static partial uint geteuid();

    [LibraryImport(Library)]
    internal static partial int vsnprintf(byte* buffer, nuint length, byte* format, nint arguments);
}
