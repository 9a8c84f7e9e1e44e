using VirtualEmFs.Mount.Fuse;

namespace VirtualEmFs.Mount.Commands;

/// <summary>How users name files of a mount: by a path below the mount point, or by one that counts from it.</summary>
internal static class MountedPath
{
    /// <summary>Path in the source; "" for the mount point itself.</summary>
    /// <exception cref="CommandException">The path lies elsewhere.</exception>
    public static string InSource(string mountPoint, string path)
    {
        string fullPath = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        foreach (string root in new[] { MountPlace.ResolveMountedPath(mountPoint), Path.TrimEndingDirectorySeparator(Path.GetFullPath(mountPoint)) })
        {
            if (fullPath == root)
            {
                return "";
            }

            if (fullPath.StartsWith(root + "/", StringComparison.Ordinal))
            {
                return fullPath[(root.Length + 1)..];
            }
        }

        return Path.IsPathRooted(path)
            ? throw new CommandException(ExitCode.Usage, $"{path} is not below {mountPoint}")
            : Normalise(path);
    }

    /// <summary>A relative path without "." and with ".." taken.</summary>
    /// <exception cref="CommandException">It leads out.</exception>
    public static string Normalise(string path)
    {
        string fullPath = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, "/s"));
        return fullPath == "/s" ? ""
            : fullPath.StartsWith("/s/", StringComparison.Ordinal) ? fullPath[3..]
            : throw new CommandException(ExitCode.Usage, $"{path} leads out of the source");
    }
}
