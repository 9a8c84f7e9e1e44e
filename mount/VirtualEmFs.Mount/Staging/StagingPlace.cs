using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Mount.Staging;

/// <summary>Checks, before anything is staged, that a folder can hold raw files and nothing of anybody else's.</summary>
internal static class StagingPlace
{
    private const uint Permissions = 0x1C0; // rwx for its owner alone

    /// <summary>The staging folder with its links resolved; made when its parent is there.</summary>
    /// <param name="source">As <see cref="MountPlace.ResolveSource"/> returned it.</param>
    /// <param name="mountPoint">As <see cref="MountPlace.ResolveMountedPath"/> returned it.</param>
    /// <exception cref="CommandException">It lies in the source or the mount point or holds them, lies on a mount of this program, holds other
    /// files, or cannot be used.</exception>
    public static string Resolve(string staging, string source, string mountPoint)
    {
        string fullPath = MountPlace.ResolveMountedPath(staging);
        foreach ((string other, string what) in new[] { (source, "the source"), (mountPoint, "the mount point") })
        {
            if (MountPlace.Holds(other, fullPath) || MountPlace.Holds(fullPath, other))
            {
                throw new CommandException(
                    ExitCode.Overlap, $"the staging folder {fullPath} and {what} {other} lie inside one another; choose a staging folder elsewhere");
            }
        }

        int errno = LinuxNames.MakeFolder(fullPath, Permissions);
        Require(errno == Errno.EEXIST ? 0 : errno, fullPath, "cannot be made");
        RequireOwnDisk(fullPath);
        RequireNothingElse(fullPath);
        return fullPath;
    }

    private static void RequireOwnDisk(string fullPath)
    {
        Require(LinuxFile.Stat(fullPath, followLinks: true, out Statx stat), fullPath, "cannot be used");
        if (MountTable.Read().Any(mount => mount.IsEmfs && mount.Device == $"{stat.stx_dev_major}:{stat.stx_dev_minor}"))
        {
            throw new CommandException(ExitCode.Overlap, $"the staging folder {fullPath} lies on a mount of emfs: raw files need a disk");
        }
    }

    // What is in the folder of raw files and not in the journal, a mount removes: it must not be somebody's data.
    private static void RequireNothingElse(string fullPath)
    {
        Require(LinuxTree.List(fullPath, out List<LinuxDirectoryEntry> entries), fullPath, "cannot be used");
        if (entries.Exists(static entry => entry.Name == Journal.FileName))
        {
            return;
        }

        foreach (LinuxDirectoryEntry entry in entries)
        {
            // A mount that died before its journal was there leaves these.
            bool isOurs = entry.Name.StartsWith(OwnerLock.FileName, StringComparison.Ordinal) || entry.Name == Journal.NewFileName
                || (entry.Name == StagingArea.FilesFolder && LinuxTree.List($"{fullPath}/{entry.Name}", out List<LinuxDirectoryEntry> files) == 0 && files.Count == 0);
            if (!isOurs)
            {
                throw new CommandException(
                    ExitCode.StagingUnusable,
                    $"the folder {fullPath} holds {PathBytes.ForDisplay(entry.Name)} and no journal of staged files: choose an empty folder for staging, or one that a mount has used");
            }
        }
    }

    private static void Require(int errno, string fullPath, string what)
    {
        if (errno != 0)
        {
            throw new CommandException(ExitCode.StagingUnusable, $"the staging folder {fullPath} {what}: {Errno.Message(errno)}");
        }
    }
}
