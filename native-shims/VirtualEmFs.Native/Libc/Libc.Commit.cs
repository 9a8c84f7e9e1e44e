using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Libc;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fsync(SafeFileHandle fd);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fdatasync(SafeFileHandle fd);

    [LibraryImport(Library)]
    internal static partial int sync_file_range(SafeFileHandle fd, long offset, long length, uint flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint pwrite(SafeFileHandle fd, byte* buffer, nuint count, long offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fallocate(SafeFileHandle fd, int mode, long offset, long length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int flock(SafeFileHandle fd, int operation);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ftruncate(SafeFileHandle fd, long length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int renameat2(int olddirfd, byte* oldpath, int newdirfd, byte* newpath, uint flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int rename(byte* oldpath, byte* newpath);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int link(byte* oldpath, byte* newpath);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int unlink(byte* path);
}
