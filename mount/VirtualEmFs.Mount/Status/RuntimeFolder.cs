using System.Security.Cryptography;
using System.Text;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Status;

/// <summary>
/// Where a mount keeps its lock, its status socket and, in the background, its log: a folder of the user's own, readable by nobody else. Named after the
/// mount point, since a socket's path is short.
/// </summary>
internal static class RuntimeFolder
{
    private const int MaximumSocketPathBytes = 107; // sizeof(sun_path) of unix(7), less the NUL

    /// <summary>The socket of a mount that this process serves; makes the folder.</summary>
    /// <exception cref="CommandException">The folder cannot be made, or has too long a path.</exception>
    public static string CreateSocketPath(string mountPoint)
    {
        string path = Path.Combine(Create(), NameOf(mountPoint) + ".sock");
        return Encoding.UTF8.GetByteCount(path) <= MaximumSocketPathBytes ? path : throw new CommandException(
            ExitCode.MountFailed, $"the status socket {path} would have a longer path than sockets may have, {MaximumSocketPathBytes} bytes; set XDG_RUNTIME_DIR to a shorter one");
    }

    /// <summary>The log of a mount that runs in the background; makes the folder.</summary>
    public static string CreateLogPath(string mountPoint) => Path.Combine(Create(), NameOf(mountPoint) + ".log");

    /// <summary>The file whose lock is held while something is mounted on a mount point; makes the folder.</summary>
    public static string CreateLockPath(string mountPoint) => Path.Combine(Create(), NameOf(mountPoint) + ".lock");

    /// <summary>Sockets that may belong to a mount, the likeliest first: its user may have had a session folder or not.</summary>
    public static IEnumerable<string> FindSocketPaths(MountedFileSystem mount)
    {
        string name = NameOf(mount.MountPoint) + ".sock";
        return new[] { FolderOf(LinuxProcess.UserId), SessionFolderOf(mount.UserId), FolderWithoutSession(mount.UserId), FolderWithoutSession(LinuxProcess.UserId) }
            .Distinct()
            .Where(folder => IsPrivate(folder, mount.UserId) || IsPrivate(folder, LinuxProcess.UserId))
            .Select(folder => Path.Combine(folder, name))
            .Where(File.Exists);
    }

    private static string NameOf(string mountPoint) =>
        Convert.ToHexStringLower(SHA256.HashData(PathBytes.Encode(mountPoint)))[..16];

    // The session's folder goes with the user's last session.
    private static string FolderOf(uint userId) =>
        userId == 0 ? "/run/emfs"
        : Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } session && Directory.Exists(session) ? Path.Combine(session, "emfs")
        : FolderWithoutSession(userId);

    private static string SessionFolderOf(uint userId) => userId == 0 ? "/run/emfs" : $"/run/user/{userId}/emfs";

    private static string FolderWithoutSession(uint userId) => $"/tmp/emfs-{userId}";

    private static string Create()
    {
        string folder = FolderOf(LinuxProcess.UserId);
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.MountFailed, $"the folder {folder} for the status socket cannot be made: {e.Message}");
        }

        return IsPrivate(folder, LinuxProcess.UserId) ? folder : throw new CommandException(
            ExitCode.MountFailed, $"{folder} is no folder that belongs to this user and that nobody else can write to; remove it, or set XDG_RUNTIME_DIR");
    }

    /// <summary>In /tmp anyone may have made it first: a foreign folder or a link could lead the socket or the log elsewhere, and those who ask to another process.</summary>
    private static bool IsPrivate(string folder, uint userId)
    {
        const int OthersMayWrite = 0x12; // 022
        return LinuxFile.Stat(folder, followLinks: false, out Statx stat) == 0
            && stat.IsFolder && stat.stx_uid == userId && (stat.stx_mode & OthersMayWrite) == 0;
    }
}
