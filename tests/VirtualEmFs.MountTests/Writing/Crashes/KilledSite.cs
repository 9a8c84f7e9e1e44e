using System.Text.Json;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>A source, a staging folder and a mount point, on which one mount after the other lives and dies.</summary>
internal sealed class KilledSite : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_settlingTime = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly List<MountedProcess> _mounts = [];
    private readonly List<IDisposable> _kept = [];

    public KilledSite()
    {
        foreach (string path in new[] { Source, MountPoint, Staging })
        {
            Directory.CreateDirectory(path);
        }
    }

    public string Source => PathOf("s");

    public string Staging => PathOf("d");

    public string MountPoint => PathOf("m");

    public string PathOf(string name) => _folder.PathOf(name);

    /// <summary>Takes what is to go after the mounts, and before the folders.</summary>
    public T Keep<T>(T part)
        where T : IDisposable
    {
        _kept.Add(part);
        return part;
    }

    /// <summary>Mounts; what the mount before it has left on the mount point is its own to clear.</summary>
    /// <param name="diskFaults">For <c>EMFS_TEST_DISK</c>; "" for none.</param>
    public MountedProcess Mount(string diskFaults, params string[] options)
    {
        // Compiling in a hurry starts a mount in two thirds of the processor time; nothing here lasts long enough to gain from better code.
        MountedProcess mount = MountedProcess.StartOnIn(
            MountPoint, Source, ["--staging", Staging, .. options], ("EMFS_TEST_DISK", diskFaults), ("DOTNET_TC_QuickJitForLoops", "1"));
        _mounts.Add(mount);
        return mount;
    }

    /// <summary>Mounts with a kill in it, so early perhaps that the mount never becomes ready.</summary>
    /// <returns>Null when it died before.</returns>
    public MountedProcess? TryMount(string diskFaults, params string[] options)
    {
        try
        {
            return Mount(diskFaults, options);
        }
        catch (InvalidOperationException e) when (e.Message.Contains(": it ended", StringComparison.Ordinal))
        {
            return e.Message.Contains("\n   at ", StringComparison.Ordinal) ? throw new IOException("the log has an exception's trace", e) : null;
        }
    }

    /// <summary>Kills a mount that still lives after a time.</summary>
    public static void Kill(MountedProcess mount, TimeSpan lifetime = default)
    {
        if (!mount.HasEndedWithin(lifetime))
        {
            mount.Kill();
        }
    }

    /// <summary>Mounts once more, and compares everything with what a program was told: at once, and when all is archived.</summary>
    /// <returns>What is wrong; null when nothing is.</returns>
    public string? Verify(ProgramRun run)
    {
        MountedProcess mount = Mount("", "--write-delay", "1h");
        var shown = MountedFiles.In(MountPoint);
        if (run.Answered.DifferenceFrom(shown, run.Next) is { } before)
        {
            return before;
        }

        if (MountControl.FlushClosed(MountPoint, s_deadline) != 0)
        {
            return $"the flush was not answered:\n{mount.Log}";
        }

        var flushed = MountedFiles.In(MountPoint);
        return run.Answered.DifferenceFrom(flushed, run.Next) is { } after ? $"after the flush {after}"
            : ChangedAttributes(shown, flushed) ?? Leftover(flushed);
    }

    // A file that is no complete MRC file goes to the source as it is, and has that file's inode then.
    private string? ChangedAttributes(MountedFiles before, MountedFiles after) => before.Files.Keys
        .Where(name => before.Attributes[name] != after.Attributes[name]
            || (before.Inodes[name] != after.Inodes[name] && !File.Exists(Path.Combine(Source, name))))
        .Select(name => $"after the flush {name} has {after.Attributes[name]}, inode {after.Inodes[name]}, and had {before.Attributes[name]}, inode {before.Inodes[name]}")
        .FirstOrDefault();

    /// <summary>What is left that should not be, when everything is archived; null when nothing is, at the latest in a while.</summary>
    public string? Leftover(MountedFiles shown)
    {
        // The list of staged names is written beside everything else, and a flush does not wait for it.
        string? left = null;
        return SpinWait.SpinUntil(() => (left = LeftoverNow(shown)) is null, s_settlingTime) ? null : left;
    }

    private string? LeftoverNow(MountedFiles shown)
    {
        JsonElement writing = MountControl.Writing(MountPoint, s_deadline);
        if (writing.GetProperty("stagedFiles").GetInt32() != 0)
        {
            return $"after the flush there are staged files: {writing}";
        }

        string[] left =
        [
            .. Names(Path.Combine(Source, ".emfs", "tmp")), .. Names(Path.Combine(Staging, "files")), .. Names(Path.Combine(Staging, "temporaries")),
            .. Directory.EnumerateFiles(Source, ".emfs-tmp-*", SearchOption.AllDirectories),
        ];
        if (left.Length > 0)
        {
            return $"after the flush {string.Join(' ', left)} is left";
        }

        IEnumerable<string> archived = shown.Names.Select(name => name.EndsWith('/') || File.Exists(Path.Combine(Source, name)) ? name : name + ".hdf");
        string[] inSource =
        [
            .. Directory.EnumerateFileSystemEntries(Source, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Source, path) + (Directory.Exists(path) ? "/" : "")).Where(name => !name.StartsWith(".emfs/", StringComparison.Ordinal)),
        ];
        return archived.Order(StringComparer.Ordinal).SequenceEqual(inSource.Order(StringComparer.Ordinal))
            ? null
            : $"the source has {string.Join(' ', inSource.Order(StringComparer.Ordinal))}";
    }

    public void Dispose()
    {
        // The last first: it is the one that is mounted.
        for (int i = _mounts.Count - 1; i >= 0; i--)
        {
            _mounts[i].Dispose();
        }

        _kept.ForEach(static part => part.Dispose());

        _folder.Dispose();
    }

    private static IEnumerable<string> Names(string folder) => Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder) : [];
}
