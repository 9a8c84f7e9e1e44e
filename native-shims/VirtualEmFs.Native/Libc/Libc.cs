using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Libc;

/// <summary>Declarations of the C library; the checks are in <see cref="LinuxFile"/>.</summary>
internal static unsafe partial class Libc
{
    // The runtime maps this name to libc.so.6 (glibc) or the musl library.
    private const string Library = "libc";

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int open(byte* path, int flags, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int statx(int dirfd, byte* path, int flags, uint mask, Statx* buffer);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int statx(SafeFileHandle dirfd, byte* path, int flags, uint mask, Statx* buffer);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint pread(SafeFileHandle fd, byte* buffer, nuint count, long offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setpriority(int which, uint who, int value);

    [LibraryImport(Library)]
    internal static partial byte* strerror(int errno);
}
