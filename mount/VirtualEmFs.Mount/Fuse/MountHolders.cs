using System.Globalization;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>A process that keeps a mount busy.</summary>
/// <param name="Use">What it does there: a path below the mount point, and whether it is open, mapped or the working folder.</param>
internal sealed record MountHolder(int ProcessId, string ProgramName, string Use)
{
    public override string ToString() => $"process {ProcessId} ({ProgramName}) {Use}";
}

/// <summary>Finds who holds a mount, from /proc: only links are read, the mount itself is not touched.</summary>
internal static class MountHolders
{
    /// <summary>One entry for each process that this user may look into; this process is left out.</summary>
    public static IReadOnlyList<MountHolder> Find(string mountPoint)
    {
        var holders = new List<MountHolder>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, null, out int processId) && processId != Environment.ProcessId
                && UseOf(folder, mountPoint) is { } use)
            {
                holders.Add(new MountHolder(processId, ProgramName(folder), use));
            }
        }

        return holders;
    }

    /// <summary>The holders in one sentence's end: "process 12 (bash) works in /m; process 13 (cat) has /m/a.mrc open".</summary>
    public static string Describe(string mountPoint)
    {
        IReadOnlyList<MountHolder> holders = Find(mountPoint);
        return holders.Count == 0 ? "no process of yours; another user's, or a mount inside it" : string.Join("; ", holders);
    }

    private static string? UseOf(string processFolder, string mountPoint)
    {
        try
        {
            if (TargetOf(processFolder + "/cwd") is { } workingFolder && IsInside(workingFolder, mountPoint))
            {
                return $"works in {workingFolder}";
            }

            foreach (string link in Directory.EnumerateFileSystemEntries(processFolder + "/fd"))
            {
                if (TargetOf(link) is { } path && IsInside(path, mountPoint))
                {
                    return $"has {path} open";
                }
            }

            foreach (string line in File.ReadLines(processFolder + "/maps"))
            {
                int start = line.IndexOf('/');
                if (start >= 0 && IsInside(line[start..], mountPoint))
                {
                    return $"has {line[start..]} mapped";
                }
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // the process has ended meanwhile, or belongs to somebody else
        }
    }

    private static string? TargetOf(string link) => new FileInfo(link).LinkTarget;

    private static bool IsInside(string path, string mountPoint) =>
        path == mountPoint || path.StartsWith(mountPoint + "/", StringComparison.Ordinal);

    private static string ProgramName(string processFolder)
    {
        try
        {
            return File.ReadAllText(processFolder + "/comm").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "ended";
        }
    }
}
