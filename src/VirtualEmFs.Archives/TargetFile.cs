using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Archives;

/// <summary>What is to be known of a name before a file takes it.</summary>
public static class TargetFile
{
    /// <summary>Whether two names, spelled as they may be, lead to one file.</summary>
    public static bool AreSame(string path, string other) =>
        LinuxFile.Stat(path, followLinks: true, out Statx first) == 0
        && LinuxFile.Stat(other, followLinks: true, out Statx second) == 0
        && (first.Device, first.stx_ino) == (second.Device, second.stx_ino);
}
