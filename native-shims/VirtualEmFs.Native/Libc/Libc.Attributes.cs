using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Libc;

/// <summary>Declarations for attributes; the checks are in <see cref="LinuxAttributes"/>.</summary>
internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fchmod(SafeFileHandle fd, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fchmodat(int dirfd, byte* path, uint mode, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fchown(SafeFileHandle fd, uint owner, uint group);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int lchown(byte* path, uint owner, uint group);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int futimens(SafeFileHandle fd, timespec* times);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int utimensat(int dirfd, byte* path, timespec* times, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int lsetxattr(byte* path, byte* name, byte* value, nuint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int lremovexattr(byte* path, byte* name);
}
