using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>What a folder shows: every name, every byte, and what stat(2) says that compression may not change.</summary>
internal sealed class MountedFiles
{
    private MountedFiles()
    {
    }

    /// <summary>All names, folders with a slash at their end.</summary>
    public IReadOnlyList<string> Names { get; private init; } = [];

    public IReadOnlyDictionary<string, byte[]> Files { get; private init; } = new Dictionary<string, byte[]>();

    /// <summary>Length, modification time, mode and owner of each file.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; private init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, ulong> Inodes { get; private init; } = new Dictionary<string, ulong>();

    /// <param name="reads">Reads every file.</param>
    public static MountedFiles In(string folder, bool reads = true)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var folders = new List<string>();
        var attributes = new Dictionary<string, string>();
        var inodes = new Dictionary<string, ulong>();
        foreach (string path in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string name = Path.GetRelativePath(folder, path);
            if (Directory.Exists(path))
            {
                folders.Add(name + "/");
                continue;
            }

            files.Add(name, reads ? File.ReadAllBytes(path) : []);
            int errno = LinuxFile.Stat(path, followLinks: false, out Statx stat);
            attributes.Add(name, $"{errno} {stat.stx_size} bytes, {stat.stx_mtime.Nanoseconds} ns, {stat.stx_mode:x} {stat.stx_uid}:{stat.stx_gid}");
            inodes.Add(name, stat.stx_ino);
        }

        return new MountedFiles
        {
            Names = [.. files.Keys.Concat(folders).Order(StringComparer.Ordinal)],
            Files = files,
            Attributes = attributes,
            Inodes = inodes,
        };
    }
}
