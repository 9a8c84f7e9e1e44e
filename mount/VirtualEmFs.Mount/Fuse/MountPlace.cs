using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Mount.Status;
using VirtualEmFs.Native.Fuse3;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>Checks, before anything is mounted, that a mount can work; each refusal is one sentence that says what to do.</summary>
internal static class MountPlace
{
    /// <summary>Refuses when libfuse, /dev/fuse, fusermount3 or a permission is missing.</summary>
    /// <exception cref="CommandException">With the package to install or the line to add.</exception>
    public static void RequireFuse(bool allowOther)
    {
        try
        {
            _ = FuseVersion.Probe();
        }
        catch (Exception e) when (e is DllNotFoundException or PlatformNotSupportedException)
        {
            throw new CommandException(ExitCode.FuseUnavailable, e.Message);
        }

        if (!File.Exists("/dev/fuse"))
        {
            throw new CommandException(
                ExitCode.FuseUnavailable, "/dev/fuse is missing: load the kernel module with 'modprobe fuse', or give the container --device /dev/fuse");
        }

        if (LinuxProcess.IsRoot)
        {
            return; // mounts by itself, with any option
        }

        if (!MayOpen("/dev/fuse"))
        {
            throw new CommandException(
                ExitCode.FuseUnavailable, "this user may not open /dev/fuse; an administrator allows it, as udev's rules do, with: chmod 666 /dev/fuse");
        }

        if (!IsOnPath("fusermount3"))
        {
            throw new CommandException(
                ExitCode.FuseUnavailable, "fusermount3 is missing, which mounts for users who are not root; install it with: apt-get install fuse3");
        }

        if (allowOther && !AllowsOther("/etc/fuse.conf"))
        {
            throw new CommandException(
                ExitCode.NotAllowed, "--allow-other needs the line 'user_allow_other' in /etc/fuse.conf; ask an administrator to add it");
        }
    }

    /// <summary>The source folder with its links resolved.</summary>
    /// <exception cref="CommandException">It is missing, no folder, or cannot be read.</exception>
    public static string ResolveSource(string source)
    {
        int errno = LinuxTree.ResolveLinks(source, out string fullPath);
        if (errno == 0)
        {
            errno = LinuxTree.List(fullPath, out _);
        }

        return errno == 0 ? fullPath : throw new CommandException(
            ExitCode.SourceUnusable, $"the source folder {source} cannot be read: {Errno.Message(errno)}");
    }

    /// <summary>The mount point with its links resolved. What a killed emfs left mounted there is cleared first.</summary>
    /// <exception cref="CommandException">It is missing, no folder, not empty, or in use by a live mount.</exception>
    public static string ResolveMountPoint(string mountPoint)
    {
        string fullPath = ResolveMountedPath(mountPoint);
        if (MountTable.Find(fullPath) is { IsEmfs: true } mount)
        {
            if (StatusClient.IsServed(mount) || !StatusClient.IsDead(mount))
            {
                throw new CommandException(
                    ExitCode.MountPointUnusable, $"{fullPath} is mounted by emfs already; end that with: emfs unmount {fullPath}");
            }

            if (Unmounter.Unmount(fullPath, detach: true, out string reason) != UnmountOutcome.Unmounted)
            {
                throw new CommandException(
                    ExitCode.MountPointUnusable, $"{fullPath} holds the mount of an emfs that has died, which cannot be cleared: {reason}");
            }
        }

        return RequireEmptyFolder(fullPath);
    }

    /// <summary>Path of a mount point as the mount table has it, without asking the mount itself, which may be dead.</summary>
    public static string ResolveMountedPath(string mountPoint)
    {
        string absolute = Path.TrimEndingDirectorySeparator(Path.GetFullPath(mountPoint));
        if (MountTable.Find(absolute) is not null || LinuxTree.ReadLink(absolute, out _) == 0)
        {
            return LinuxTree.ResolveLinks(absolute, out string target) == 0 ? target : absolute;
        }

        string? parent = Path.GetDirectoryName(absolute);
        return parent is not null && LinuxTree.ResolveLinks(parent, out string fullParent) == 0
            ? Path.Combine(fullParent, Path.GetFileName(absolute))
            : absolute;
    }

    /// <summary>Refuses a source and a mount point of which one holds the other, by path and, for bind mounts, by device and inode.</summary>
    public static void RequireApart(string source, string mountPoint)
    {
        if (Holds(source, mountPoint) || Holds(mountPoint, source))
        {
            throw new CommandException(
                ExitCode.Overlap, $"{source} and {mountPoint} lie inside one another: the mount would show itself; choose a mount point elsewhere");
        }
    }

    private static string RequireEmptyFolder(string fullPath)
    {
        int errno = LinuxTree.List(fullPath, out List<LinuxDirectoryEntry> entries);
        return errno switch
        {
            0 when entries.Count == 0 => fullPath,
            0 => throw new CommandException(
                ExitCode.MountPointUnusable, $"the mount point {fullPath} is not empty: what is in it would be hidden; choose an empty folder"),
            Errno.ENOENT => throw new CommandException(
                ExitCode.MountPointUnusable, $"the mount point {fullPath} does not exist; make it with: mkdir -p {fullPath}"),
            Errno.ENOTDIR => throw new CommandException(ExitCode.MountPointUnusable, $"the mount point {fullPath} is not a folder"),
            _ => throw new CommandException(
                ExitCode.MountPointUnusable, $"the mount point {fullPath} cannot be used: {Errno.Message(errno)}"),
        };
    }

    /// <summary>One folder is the other or holds it, by path and by device and inode; the inner one need not exist.</summary>
    public static bool Holds(string outer, string inner)
    {
        if (LinuxFile.Stat(outer, followLinks: true, out Statx outerStat) != 0)
        {
            return false;
        }

        for (string? folder = inner; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (folder == outer || (LinuxFile.Stat(folder, followLinks: true, out Statx stat) == 0
                && stat.Device == outerStat.Device && stat.stx_ino == outerStat.stx_ino))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    private static bool MayOpen(string device)
    {
        try
        {
            using SafeFileHandle handle = File.OpenHandle(device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool AllowsOther(string configuration) =>
        File.Exists(configuration) && File.ReadLines(configuration).Any(static line => line.Trim() == "user_allow_other");
}
