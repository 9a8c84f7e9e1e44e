using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Archives;

/// <summary>What is to be known of a name before a file takes it.</summary>
public static class TargetFile
{
    /// <summary>Why a file must not take the place of what is there, whoever asks for it; null where it may, and where nothing is there.</summary>
    /// <param name="path">As <see cref="PathBytes"/> writes Linux names. A symbolic link is replaced itself.</param>
    public static string? Obstacle(string path)
    {
        const int SymbolicLink = 0xA000;
        if (LinuxFile.Stat(path, followLinks: false, out Statx status) != 0 || status.IsRegularFile || status.FileType == SymbolicLink)
        {
            return null;
        }

        // A rename would do it: /dev/null would be a file from then on.
        return status.IsFolder ? "is a folder; name a file in it" : "is not a regular file, and is not replaced";
    }

    /// <summary>Whether two names, spelled as they may be, lead to one file.</summary>
    public static bool AreSame(string path, string other) =>
        LinuxFile.Stat(path, followLinks: true, out Statx first) == 0
        && LinuxFile.Stat(other, followLinks: true, out Statx second) == 0
        && (first.Device, first.stx_ino) == (second.Device, second.stx_ino);
}
