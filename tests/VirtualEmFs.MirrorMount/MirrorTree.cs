using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.MirrorMount;

/// <summary>
/// A folder as it is, readable and writable: what the host can do with changes, without staging and archives. Each change is printed with its
/// arguments before it is made.
/// </summary>
/// <remarks>Any thread; one at a time, and each waits for the disk, which a tree of the product must not do. A node is an inode, found at the
/// last name that it was seen under.</remarks>
internal sealed partial class MirrorTree : IFileTree
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(1);

    private readonly PosixSourceTree _source;
    private readonly PosixDisk _disk;
    private readonly TextWriter _log;
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Node> _nodes = []; // guarded by _gate, as is what follows
    private readonly Dictionary<ulong, Node> _nodesByInode = [];
    private readonly Dictionary<ulong, (Node Node, IDiskFile File)> _files = [];
    private readonly Dictionary<ulong, (Node Node, IReadOnlyList<SourceName> Names)> _folders = [];
    private ulong _lastId = IFileTree.RootId;

    public MirrorTree(string sourcePath, PosixDisk disk, TextWriter log)
    {
        _source = new PosixSourceTree(sourcePath);
        _disk = disk;
        _log = log;
        _nodes.Add(IFileTree.RootId, new Node(IFileTree.RootId, 0) { References = 1 });
    }

    public void Lookup(ulong parentId, string name, IReply<NodeEntry> reply) => Answer(reply, () => EntryOf(parentId, name));

    public void Forget(ulong nodeId, ulong count)
    {
        lock (_gate)
        {
            Node node = _nodes[nodeId];
            node.References = checked(node.References - count);
            if (node.References == 0)
            {
                Log($"gone {node.Path}");
                _nodes.Remove(nodeId);
                if (_nodesByInode.GetValueOrDefault(node.Inode) == node)
                {
                    _nodesByInode.Remove(node.Inode);
                }
            }
        }
    }

    public void Retain(ulong nodeId)
    {
        lock (_gate)
        {
            _nodes[nodeId].References++;
        }
    }

    public void GetAttributes(ulong nodeId, ulong? handle, IReply<(NodeAttributes Attributes, TimeSpan Timeout)> reply) =>
        Answer(reply, () => AttributesOf(nodeId, handle));

    public void ReadLink(ulong nodeId, IReply<string> reply) => Answer(reply, () =>
    {
        Check(_source.ReadLink(_nodes[nodeId].Path, out string target));
        return target;
    });

    public void OpenDirectory(ulong nodeId, IReply<ulong> reply) => Answer(reply, () =>
    {
        Check(_disk.List(PathOf(nodeId), out IReadOnlyList<SourceName> names));
        _folders.Add(++_lastId, (_nodes[nodeId], names));
        return _lastId;
    });

    public void ReadDirectory(ulong handle, long offset, int maximumCount, bool withAttributes, IReply<IReadOnlyList<DirectoryEntry>> reply) =>
        Answer(reply, () => (IReadOnlyList<DirectoryEntry>)[.. _folders[handle].Names
            .Select(static (name, i) => new DirectoryEntry(name.Name, name.Kind ?? NodeKind.File, name.Inode, i + 1, null))
            .Skip((int)offset).Take(maximumCount)]);

    public void ReleaseDirectory(ulong handle)
    {
        lock (_gate)
        {
            _folders.Remove(handle);
        }
    }

    public void Open(ulong nodeId, bool forWriting, IReply<OpenedFile> reply) => Answer(reply, () =>
    {
        Check(_disk.Open(PathOf(nodeId), forWriting ? DiskAccess.ReadWrite : DiskAccess.Read, 0, out IDiskFile? file));
        return Opened(_nodes[nodeId], file!);
    });

    public void Read(ulong handle, long fileOffset, int lengthBytes, IReadReply reply)
    {
        var bytes = new byte[lengthBytes];
        VfsStatus status;
        int readBytes;
        lock (_gate)
        {
            status = _files[handle].File.Read(fileOffset, bytes, out readBytes);
        }

        if (status == VfsStatus.Ok)
        {
            reply.Data(bytes.AsSpan(0, readBytes));
        }
        else
        {
            reply.Fail(status);
        }
    }

    public void Release(ulong handle)
    {
        lock (_gate)
        {
            _files.Remove(handle, out (Node Node, IDiskFile File) opened);
            opened.File.Dispose();
            Log($"release {opened.Node.Path}");
        }
    }

    public void Seek(ulong handle, long fileOffset, SeekKind kind, IReply<long> reply) => Answer(reply, () =>
    {
        Check(_files[handle].File.Seek(fileOffset, kind, out long result));
        return result;
    });

    public void GetExtendedAttribute(ulong nodeId, string name, IReply<byte[]> reply) => Answer(reply, () =>
    {
        Check(_disk.GetExtendedAttribute(PathOf(nodeId), name, out byte[] value));
        return value;
    });

    public void ListExtendedAttributes(ulong nodeId, IReply<IReadOnlyList<string>> reply) => Answer(reply, () =>
    {
        Check(_disk.ListExtendedAttributes(PathOf(nodeId), out IReadOnlyList<string> names));
        return names;
    });

    public void GetCapacity(ulong nodeId, IReply<FileSystemCapacity> reply) => Answer(reply, () =>
    {
        Check(_disk.GetCapacity(PathOf(nodeId), out FileSystemCapacity capacity));
        return capacity;
    });

    private static void Check(VfsStatus status)
    {
        if (status != VfsStatus.Ok)
        {
            throw new RefusedException(status);
        }
    }

    private static NodeAttributes AttributesOf(in SourceStat stat) => new(
        stat.Version.Inode, stat.Kind, stat.Permissions, stat.LinkCount, stat.Uid, stat.Gid, stat.DeviceNumber,
        stat.Version.LengthBytes, stat.BlockCount, stat.AtimeNs, stat.Version.MtimeNs, stat.Version.CtimeNs);

    // One at a time; the answer goes out without the lock, since the reply may come back with a forget.
    private void Answer<T>(IReply<T> reply, Func<T> find)
    {
        T answer;
        try
        {
            lock (_gate)
            {
                answer = find();
            }
        }
        catch (RefusedException e)
        {
            reply.Fail(e.Status);
            return;
        }

        reply.Ok(answer);
    }

    private string PathOf(ulong nodeId) => _source.FullPath(_nodes[nodeId].Path);

    private string PathOf(ulong parentId, string name) => _source.FullPath(_nodes[parentId].PathBelow(name));

    // A node that is looked up, with one reference more.
    private NodeEntry EntryOf(ulong parentId, string name)
    {
        Check(_disk.Stat(PathOf(parentId, name), out SourceStat stat));
        ulong inode = stat.Version.Inode;
        if (!_nodesByInode.TryGetValue(inode, out Node? node))
        {
            node = new Node(++_lastId, inode);
            _nodesByInode.Add(inode, node);
            _nodes.Add(node.Id, node);
        }

        node.Place(_nodes[parentId], name);
        node.References++;
        return new NodeEntry(node.Id, AttributesOf(stat), s_timeout);
    }

    // Of an open file where there is one: it may have no name any more.
    private (NodeAttributes Attributes, TimeSpan Timeout) AttributesOf(ulong nodeId, ulong? handle)
    {
        IDiskFile? file = handle is { } known && _files.TryGetValue(known, out (Node Node, IDiskFile File) opened)
            ? opened.File
            : _files.Values.FirstOrDefault(open => open.Node.Id == nodeId).File;
        SourceStat stat;
        Check(file is null ? _disk.Stat(PathOf(nodeId), out stat) : file.Stat(out stat));
        return (AttributesOf(stat), s_timeout);
    }

    private OpenedFile Opened(Node node, IDiskFile file)
    {
        _files.Add(++_lastId, (node, file));
        return new OpenedFile(_lastId, KeepCache: false, DirectIo: node.Name.StartsWith("direct", StringComparison.Ordinal));
    }

    private void Log(string change)
    {
        _log.WriteLine(change);
        _log.Flush();
    }

    private sealed class RefusedException(VfsStatus status) : Exception
    {
        public VfsStatus Status => status;
    }

    private sealed class Node(ulong id, ulong inode)
    {
        private Node? _parent;

        public ulong Id => id;

        public ulong Inode => inode;

        public ulong References { get; set; }

        public string Name { get; private set; } = "";

        public string Path => _parent is null ? "" : _parent.PathBelow(Name);

        public string PathBelow(string name) => Path.Length == 0 ? name : $"{Path}/{name}";

        public void Place(Node parent, string name)
        {
            _parent = parent;
            Name = name;
        }
    }
}
