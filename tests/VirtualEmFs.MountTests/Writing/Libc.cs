using System.Runtime.InteropServices;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>System calls that neither .NET nor the program itself has a use for.</summary>
internal static partial class Libc
{
    public const int O_APPEND = 0x400;

    public const int FALLOC_FL_KEEP_SIZE = 1;
    public const int FALLOC_FL_PUNCH_HOLE = 2;
    public const int FALLOC_FL_ZERO_RANGE = 16;

    /// <summary>truncate(2).</summary>
    /// <returns>0 or the error number.</returns>
    public static int Truncate(string path, long lengthBytes) => truncate(path, lengthBytes) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>chmod(2), which follows links. The call that does not is made of two in glibc, with a descriptor of no open file (O_PATH) between
    /// them; such a descriptor does not outlive the moment in which a file is archived.</summary>
    /// <returns>0 or the error number.</returns>
    public static int SetPermissions(string path, uint permissions) => chmod(path, permissions) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>renameat2(2) with RENAME_NOREPLACE.</summary>
    /// <returns>0 or the error number.</returns>
    public static int RenameNew(string from, string to) => renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : Marshal.GetLastPInvokeError();

    private const int AT_FDCWD = -100;
    private const uint RENAME_NOREPLACE = 1;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int truncate(string path, long length);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chmod(string path, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat2(int fromFolder, string from, int toFolder, string to, uint flags);
}
