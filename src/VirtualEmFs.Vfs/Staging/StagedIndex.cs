using System.Diagnostics.CodeAnalysis;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>Staged files by folder and name, as lookups and listings ask for them.</summary>
/// <remarks>Any thread. No call waits.</remarks>
internal sealed class StagedIndex
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Dictionary<string, StagedFile>> _folders = new(StringComparer.Ordinal); // guarded by _gate
    private readonly Dictionary<long, StagedFile> _byId = [];                                                   // guarded by _gate

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byId.Count;
            }
        }
    }

    /// <summary>The file that has a path in the source; null when none is staged there.</summary>
    public StagedFile? Find(string path)
    {
        var (folder, name) = Split(path);
        lock (_gate)
        {
            return _folders.TryGetValue(folder, out var files) ? files.GetValueOrDefault(name) : null;
        }
    }

    public bool TryGet(long id, [NotNullWhen(true)] out StagedFile? file)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out file);
        }
    }

    /// <summary>Files staged in a folder, by name.</summary>
    public KeyValuePair<string, StagedFile>[] In(string folder)
    {
        lock (_gate)
        {
            return _folders.TryGetValue(folder, out var files) ? [.. files] : [];
        }
    }

    /// <summary>Files staged in a folder or anywhere below it.</summary>
    public StagedFile[] Below(string folder)
    {
        lock (_gate)
        {
            return [.. _byId.Values.Where(file => IsBelow(file.Entry.Path, folder))];
        }
    }

    /// <summary>Adds all files to a list: for callers who look at many again and again.</summary>
    public void CopyTo(List<StagedFile> files)
    {
        lock (_gate)
        {
            files.AddRange(_byId.Values);
        }
    }

    public StagedFile[] All()
    {
        lock (_gate)
        {
            return [.. _byId.Values];
        }
    }

    /// <summary>Gives a file the place that its entry says.</summary>
    public void Put(StagedFile file, StagedEntry entry)
    {
        lock (_gate)
        {
            if (_byId.TryGetValue(file.Id, out _))
            {
                Remove(file);
            }

            file.Entry = entry;
            _byId.Add(entry.Id, file);
            var (folder, name) = Split(entry.Path);
            if (!_folders.TryGetValue(folder, out var files))
            {
                _folders.Add(folder, files = new Dictionary<string, StagedFile>(StringComparer.Ordinal));
            }

            files[name] = file;
        }
    }

    public void Drop(StagedFile file)
    {
        lock (_gate)
        {
            Remove(file);
        }
    }

    public static bool IsBelow(string path, string folder) =>
        folder.Length == 0 || (path.Length > folder.Length && path[folder.Length] == '/' && path.StartsWith(folder, StringComparison.Ordinal));

    private static (string Folder, string Name) Split(string path) =>
        path.LastIndexOf('/') is var slash and >= 0 ? (path[..slash], path[(slash + 1)..]) : ("", path);

    private void Remove(StagedFile file)
    {
        if (!_byId.Remove(file.Id))
        {
            return;
        }

        var (folder, name) = Split(file.Entry.Path);
        if (_folders.TryGetValue(folder, out var files) && files.TryGetValue(name, out var found) && ReferenceEquals(found, file))
        {
            files.Remove(name);
            if (files.Count == 0)
            {
                _folders.Remove(folder);
            }
        }
    }
}
