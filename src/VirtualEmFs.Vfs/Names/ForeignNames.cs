using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Names;

/// <summary>
/// Files of the source whose bytes lie in staging folders of other mounts (<see cref="NameList"/>): they cannot be read here, and must not pass for missing.
/// </summary>
/// <param name="lifetime">How old what is known may be.</param>
/// <param name="ownFileName">Name of our own list, which is not foreign; null for a mount without a staging folder.</param>
/// <param name="report">Told the path of a list that cannot be read, and why; its last version holds on.</param>
/// <remarks>Any thread; calls may wait for the source's disk, but not for each other's once something is known.</remarks>
internal sealed class ForeignNames(ISourceTree source, TimeSpan lifetime, string? ownFileName, Action<string, string> report, TimeProvider time)
{
    private readonly Lock _refreshing = new();
    private readonly Dictionary<string, KnownList> _lists = new(StringComparer.Ordinal); // guarded by _refreshing
    private volatile Snapshot? _known;

    /// <summary>Whether a path of the source is staged elsewhere.</summary>
    /// <param name="where">One sentence: on which host, in which folder, and what to do when that is lost.</param>
    public bool TryGet(string path, [NotNullWhen(true)] out string? where)
    {
        var (folder, name) = path.LastIndexOf('/') is var slash and >= 0 ? (path[..slash], path[(slash + 1)..]) : ("", path);
        where = null;
        return Current().Folders.TryGetValue(folder, out var names) && names.TryGetValue(name, out where);
    }

    /// <summary>Names in a folder of the source that are staged elsewhere.</summary>
    public IEnumerable<string> In(string folder) => Current().Folders.TryGetValue(folder, out var names) ? names.Keys : [];

    private Snapshot Current()
    {
        var known = _known;
        if (known is not null && time.GetElapsedTime(known.Timestamp) <= lifetime)
        {
            return known;
        }

        // While one asks a slow disk, the others go on with what was known.
        if (known is not null && !_refreshing.TryEnter())
        {
            return known;
        }

        if (known is null)
        {
            _refreshing.Enter();
        }

        try
        {
            if (!ReferenceEquals(_known, known))
            {
                return _known!;
            }

            long timestamp = time.GetTimestamp();
            bool hasChanged = Refresh();
            return _known = new Snapshot(timestamp, known is null || hasChanged ? Merge() : known.Folders);
        }
        finally
        {
            _refreshing.Exit();
        }
    }

    /// <summary>Reads the lists that have changed.</summary>
    private bool Refresh()
    {
        var status = source.List(NameList.Folder, out var files);
        if (status is not (VfsStatus.Ok or VfsStatus.NotFound))
        {
            report(NameList.Folder, $"the lists of names that are staged elsewhere cannot be read ({status.InWords()})");
            return false;
        }

        var names = files.Select(file => file.Name).Where(name => NameList.IsFileName(name) && name != ownFileName).ToHashSet();
        bool hasChanged = false;
        foreach (string gone in _lists.Keys.Where(name => !names.Contains(name)).ToArray())
        {
            hasChanged |= _lists.Remove(gone);
        }

        foreach (string name in names)
        {
            hasChanged |= RefreshList(name);
        }

        return hasChanged;
    }

    private bool RefreshList(string name)
    {
        string path = $"{NameList.Folder}/{name}";
        var status = source.Stat(path, followLinks: false, out var stat);
        if (status == VfsStatus.Ok && _lists.TryGetValue(name, out var known) && known.Version == stat.Version)
        {
            return false;
        }

        NameList? list = null;
        if (status == VfsStatus.Ok && (status = source.OpenFile(path, out var file)) == VfsStatus.Ok)
        {
            using (file)
            {
                status = file!.Stat(out stat);
                var bytes = new byte[status == VfsStatus.Ok ? checked((int)stat.Version.LengthBytes) : 0];
                status = status == VfsStatus.Ok ? file.Read(0, bytes, out _) : status;
                list = status == VfsStatus.Ok ? NameList.Parse(bytes) : null;
            }
        }

        if (status == VfsStatus.NotFound)
        {
            return _lists.Remove(name); // its last file has been archived in this moment
        }

        if (list is null)
        {
            report(path, status == VfsStatus.Ok
                ? "the list of names that are staged elsewhere is damaged; the mount that writes it replaces it at its next change"
                : $"the list of names that are staged elsewhere cannot be read ({status.InWords()})");
            return false;
        }

        _lists[name] = new KnownList(stat.Version, list);
        return true;
    }

    private FrozenDictionary<string, Dictionary<string, string>> Merge()
    {
        var folders = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        foreach ((string fileName, var known) in _lists)
        {
            string where = $"it is staged on {known.List.Host} in {known.List.StagingPath} and not archived yet; only if that folder is lost, delete {source.FullPath($"{NameList.Folder}/{fileName}")}";
            foreach (string path in known.List.Paths)
            {
                var (folder, name) = path.LastIndexOf('/') is var slash and >= 0 ? (path[..slash], path[(slash + 1)..]) : ("", path);
                if (!folders.TryGetValue(folder, out var names))
                {
                    folders.Add(folder, names = new Dictionary<string, string>(StringComparer.Ordinal));
                }

                names[name] = where;
            }
        }

        return folders.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private sealed record KnownList(SourceVersion Version, NameList List);

    private sealed record Snapshot(long Timestamp, FrozenDictionary<string, Dictionary<string, string>> Folders);
}
