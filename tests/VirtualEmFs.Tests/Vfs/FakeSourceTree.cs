using System.Collections.Concurrent;
using System.Text;
using VirtualEmFs.Frames;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Tests.Vfs;

/// <summary>A source folder in memory: files can be replaced, folders can hang, calls are counted.</summary>
internal sealed class FakeSourceTree : ISourceTree
{
    private const ulong Device = (8UL << 32) | 1;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal); // guarded by _gate
    private readonly ConcurrentDictionary<string, ManualResetEventSlim> _stalls = new();
    private ulong _lastInode = 100;
    private long _clockNs = 1_000_000_000;
    private int _stallCount;

    public FakeSourceTree() => Put("", NodeKind.Directory, "");

    public string RootPath => "/s";

    /// <summary>Calls by name: "Stat", "List", "Open".</summary>
    public ConcurrentDictionary<string, int> Calls { get; } = new();

    /// <summary>List without kinds, as some file systems do.</summary>
    public bool HidesKinds { get; set; }

    /// <summary>Told a folder when its names were read, and before anybody else is.</summary>
    public Action<string>? HasListed { get; set; }

    /// <summary>Calls that hang now.</summary>
    public int StalledCount => Volatile.Read(ref _stallCount);

    public string FullPath(string relativePath) =>
        relativePath.StartsWith('/') ? relativePath : relativePath.Length == 0 ? RootPath : $"{RootPath}/{relativePath}";

    /// <summary>Writes a file; in place when there is one (same inode), else new.</summary>
    public FakeSourceTree File(string path, string content = "")
    {
        Put(path, NodeKind.File, content);
        return this;
    }

    /// <summary>Replaces a file by another one, as rename(2) does.</summary>
    public void Replace(string path, string content)
    {
        Remove(path);
        File(path, content);
    }

    public FakeSourceTree Folder(string path)
    {
        Put(path, NodeKind.Directory, "");
        return this;
    }

    public FakeSourceTree Link(string path, string target)
    {
        Put(path, NodeKind.SymbolicLink, target);
        return this;
    }

    public void Remove(string path)
    {
        lock (_gate)
        {
            _entries.Remove(path);
            Touch(FolderOf(path));
        }
    }

    public void SetAttribute(string path, string name, string value)
    {
        lock (_gate)
        {
            _entries[path].Attributes[name] = Encoding.UTF8.GetBytes(value);
        }
    }

    /// <summary>Lets every call for a path inside a folder hang until the result is set.</summary>
    public ManualResetEventSlim Stall(string folder) => _stalls[folder] = new ManualResetEventSlim();

    public string ContentOf(string fullPath) => Find(fullPath)!.Content;

    public SourceVersion VersionOf(string path) => Find(path)!.Stat(0).Version;

    public VfsStatus Stat(string path, bool followLinks, out SourceStat stat)
    {
        Count("Stat", path);
        var entry = followLinks ? Follow(path) : Find(path);
        stat = entry?.Stat(1) ?? default;
        return entry is null ? VfsStatus.NotFound : VfsStatus.Ok;
    }

    public VfsStatus List(string path, out IReadOnlyList<SourceName> names)
    {
        // Lists of what is staged elsewhere are looked for in a folder of their own.
        Count(path == NameList.Folder ? "ListOfLists" : "List", path);
        lock (_gate)
        {
            names = [.. _entries.Where(pair => pair.Key.Length > 0 && FolderOf(pair.Key) == path)
                .Select(pair => new SourceName(pair.Key[(pair.Key.LastIndexOf('/') + 1)..], HidesKinds ? null : pair.Value.Kind, pair.Value.Inode))];
        }

        HasListed?.Invoke(path);
        return Find(path) is null ? VfsStatus.NotFound : VfsStatus.Ok;
    }

    public VfsStatus ReadLink(string path, out string target)
    {
        Count("ReadLink", path);
        target = Find(path)?.Content ?? "";
        return Find(path) is null ? VfsStatus.NotFound : VfsStatus.Ok;
    }

    public VfsStatus ResolveLinks(string path, out string fullPath)
    {
        fullPath = FullPath(path);
        while (Find(fullPath) is { Kind: NodeKind.SymbolicLink } link)
        {
            fullPath = TargetOf(fullPath, link.Content);
        }

        return Find(fullPath) is null ? VfsStatus.NotFound : VfsStatus.Ok;
    }

    public VfsStatus OpenFile(string path, out ISourceFile? file)
    {
        Count("Open", path);
        var entry = Find(path);
        file = entry is null ? null : new OpenedEntry(this, path, entry);
        return entry is null ? VfsStatus.NotFound : VfsStatus.Ok;
    }

    public VfsStatus GetCapacity(string path, out FileSystemCapacity capacity)
    {
        capacity = new FileSystemCapacity(4096, 4096, 1000, 500, 400, 100, 50, 255);
        return VfsStatus.Ok;
    }

    public VfsStatus GetExtendedAttribute(string path, string name, out byte[] value)
    {
        value = [];
        return Find(path) is { } entry && entry.Attributes.TryGetValue(name, out value!) ? VfsStatus.Ok : VfsStatus.NoData;
    }

    public VfsStatus ListExtendedAttributes(string path, out IReadOnlyList<string> names)
    {
        names = [.. Find(path)?.Attributes.Keys ?? Enumerable.Empty<string>()];
        return VfsStatus.Ok;
    }

    private static string FolderOf(string path) => path.LastIndexOf('/') is var slash and > 0 ? path[..slash] : "";

    private static string TargetOf(string linkFullPath, string target) =>
        target.StartsWith('/') ? target : $"{linkFullPath[..linkFullPath.LastIndexOf('/')]}/{target}";

    private Entry? Follow(string path) => ResolveLinks(path, out string fullPath) == VfsStatus.Ok ? Find(fullPath) : null;

    /// <summary>Absolute paths outside the source are keys of their own.</summary>
    private Entry? Find(string path)
    {
        string key = path == RootPath ? "" : path.StartsWith(RootPath + "/", StringComparison.Ordinal) ? path[(RootPath.Length + 1)..] : path;
        lock (_gate)
        {
            return _entries.GetValueOrDefault(key);
        }
    }

    private void Put(string path, NodeKind kind, string content)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(path, out var entry) && entry.Kind == kind)
            {
                entry.Content = content;
                entry.ChangedNs = _clockNs += 1_000_000;
            }
            else
            {
                _entries[path] = new Entry(kind, ++_lastInode) { Content = content, ChangedNs = _clockNs += 1_000_000 };
                Touch(FolderOf(path));
            }
        }
    }

    private void Touch(string folder)
    {
        if (_entries.TryGetValue(folder, out var entry))
        {
            entry.ChangedNs = _clockNs += 1_000_000;
        }
    }

    private void Count(string call, string path)
    {
        Calls.AddOrUpdate(call, 1, (_, count) => count + 1);
        foreach ((string folder, var stall) in _stalls)
        {
            if (path.StartsWith(folder, StringComparison.Ordinal) && !stall.IsSet)
            {
                Interlocked.Increment(ref _stallCount);
                stall.Wait();
                Interlocked.Decrement(ref _stallCount);
            }
        }
    }

    private sealed class Entry(NodeKind kind, ulong inode)
    {
        public NodeKind Kind => kind;

        public ulong Inode => inode;

        public required string Content { get; set; }

        public required long ChangedNs { get; set; }

        public Dictionary<string, byte[]> Attributes { get; } = new(StringComparer.Ordinal);

        public SourceStat Stat(uint linkCount) => new(
            new SourceVersion(Device, inode, Content.Length, ChangedNs, ChangedNs), kind, kind == NodeKind.Directory ? 0x1EDu : 0x1A4u, linkCount, 1000, 100, 0,
            (Content.Length + 511) / 512, ChangedNs);
    }

    private sealed class OpenedEntry(FakeSourceTree tree, string path, Entry entry) : ISourceFile
    {
        public VfsStatus Read(long fileOffset, Span<byte> destination, out int lengthBytes)
        {
            tree.Count("Read", path);
            byte[] bytes = Encoding.UTF8.GetBytes(entry.Content);
            lengthBytes = (int)Math.Clamp(bytes.Length - fileOffset, 0, destination.Length);
            bytes.AsSpan((int)Math.Min(fileOffset, bytes.Length), lengthBytes).CopyTo(destination);
            return VfsStatus.Ok;
        }

        public VfsStatus Stat(out SourceStat stat)
        {
            stat = entry.Stat(1);
            return VfsStatus.Ok;
        }

        public VfsStatus Seek(long fileOffset, SeekKind kind, out long resultOffset)
        {
            resultOffset = kind == SeekKind.Data ? fileOffset : entry.Content.Length;
            return fileOffset < entry.Content.Length ? VfsStatus.Ok : VfsStatus.NoSuchOffset;
        }

        public void Dispose()
        {
        }
    }
}
