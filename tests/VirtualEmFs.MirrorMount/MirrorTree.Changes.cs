using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.MirrorMount;

/// <content>What changes something. A file whose name begins with "slow" is created only once the source has a file named "go".</content>
internal sealed partial class MirrorTree
{
    public void SetAttributes(ulong nodeId, ulong? handle, AttributeChange change, IReply<(NodeAttributes Attributes, TimeSpan Timeout)> reply) =>
        Answer(reply, () =>
        {
            Log($"setattr {_nodes[nodeId].Path}{(handle is null ? "" : " open")}"
                + Named("mode", change.Permissions is { } mode ? Octal(mode) : null) + Named("uid", change.Uid) + Named("gid", change.Gid)
                + Named("length", change.LengthBytes) + Named("atime", change.AtimeNs) + Named("mtime", change.MtimeNs));
            if (change.LengthBytes is { } lengthBytes)
            {
                if (handle is { } opened)
                {
                    Check(_files[opened].File.SetLength(lengthBytes));
                }
                else
                {
                    Check(_disk.Open(PathOf(nodeId), DiskAccess.ReadWrite, 0, out IDiskFile? file));
                    using (file)
                    {
                        Check(file!.SetLength(lengthBytes));
                    }
                }
            }

            AttributeChange rest = change with { LengthBytes = null };
            Check(handle is { } open ? _files[open].File.SetAttributes(rest) : _disk.SetAttributes(PathOf(nodeId), rest));
            return AttributesOf(nodeId, handle);
        });

    public void Create(ulong parentId, string name, Creation creation, bool isExclusive, IReply<CreatedFile> reply)
    {
        lock (_gate)
        {
            Log($"create {_nodes[parentId].PathBelow(name)} {Described(creation)}{(isExclusive ? " exclusive" : "")}");
        }

        if (name.StartsWith("slow", StringComparison.Ordinal))
        {
            _ = Task.Run(async () =>
            {
                while (!File.Exists(_source.FullPath("go")))
                {
                    await Task.Delay(10);
                }

                Answer(reply, Make);
            });
        }
        else
        {
            Answer(reply, Make);
        }

        CreatedFile Make()
        {
            string path = PathOf(parentId, name);
            VfsStatus status = _disk.Open(path, DiskAccess.CreateNew, creation.Permissions, out IDiskFile? file);
            if (status == VfsStatus.AlreadyExists && !isExclusive)
            {
                status = _disk.Open(path, DiskAccess.ReadWrite, 0, out file);
            }

            Check(status);
            Own(path, creation);
            NodeEntry entry = EntryOf(parentId, name);
            return new CreatedFile(entry, Opened(_nodes[entry.NodeId], file!));
        }
    }

    public void MakeDirectory(ulong parentId, string name, Creation creation, IReply<NodeEntry> reply) => Answer(reply, () =>
    {
        Log($"mkdir {_nodes[parentId].PathBelow(name)} {Described(creation)}");
        Check(_disk.MakeFolder(PathOf(parentId, name), creation.Permissions));
        Own(PathOf(parentId, name), creation);
        return EntryOf(parentId, name);
    });

    public void MakeNode(ulong parentId, string name, NodeKind kind, ulong deviceNumber, Creation creation, IReply<NodeEntry> reply) =>
        Answer(reply, () =>
        {
            Log($"mknod {_nodes[parentId].PathBelow(name)} {kind} {deviceNumber} {Described(creation)}");
            Check(_disk.MakeNode(PathOf(parentId, name), kind, creation.Permissions, deviceNumber));
            return EntryOf(parentId, name);
        });

    public void MakeSymbolicLink(ulong parentId, string name, string target, Creation creation, IReply<NodeEntry> reply) => Answer(reply, () =>
    {
        Log($"symlink {_nodes[parentId].PathBelow(name)} to {target} {Described(creation)}");
        Check(_disk.MakeSymbolicLink(PathOf(parentId, name), target));
        return EntryOf(parentId, name);
    });

    public void MakeHardLink(ulong nodeId, ulong newParentId, string newName, IReply<NodeEntry> reply) => Answer(reply, () =>
    {
        Log($"link {_nodes[nodeId].Path} as {_nodes[newParentId].PathBelow(newName)}");
        Check(_disk.MakeHardLink(PathOf(nodeId), PathOf(newParentId, newName)));
        return EntryOf(newParentId, newName);
    });

    public void Unlink(ulong parentId, string name, IReply<Done> reply) => Answer(reply, () =>
    {
        Log($"unlink {_nodes[parentId].PathBelow(name)}");
        string path = PathOf(parentId, name);
        Check(_disk.Stat(path, out SourceStat stat));
        Check(_disk.Unlink(path));
        Lose(stat);
        return default(Done);
    });

    public void RemoveDirectory(ulong parentId, string name, IReply<Done> reply) => Answer(reply, () =>
    {
        Log($"rmdir {_nodes[parentId].PathBelow(name)}");
        string path = PathOf(parentId, name);
        Check(_disk.Stat(path, out SourceStat stat));
        Check(_disk.RemoveFolder(path));
        Lose(stat);
        return default(Done);
    });

    public void Rename(ulong parentId, string name, ulong newParentId, string newName, RenameMode mode, IReply<Done> reply) => Answer(reply, () =>
    {
        Log($"rename {_nodes[parentId].PathBelow(name)} to {_nodes[newParentId].PathBelow(newName)} {mode}");
        (string from, string to) = (PathOf(parentId, name), PathOf(newParentId, newName));
        bool isTaken = _disk.Stat(to, out SourceStat taken) == VfsStatus.Ok;
        Check(_disk.Stat(from, out SourceStat moved));
        Check(_disk.Rename(from, to, mode));
        if (isTaken && mode == RenameMode.Exchange)
        {
            _nodesByInode.GetValueOrDefault(taken.Version.Inode)?.Place(_nodes[parentId], name);
        }
        else if (isTaken)
        {
            Lose(taken);
        }

        _nodesByInode.GetValueOrDefault(moved.Version.Inode)?.Place(_nodes[newParentId], newName);
        return default(Done);
    });

    public void Write(ulong handle, long fileOffset, ReadOnlySpan<byte> bytes, IReply<int> reply)
    {
        VfsStatus status;
        int writtenBytes;
        lock (_gate)
        {
            Log($"write {_files[handle].Node.Path} {bytes.Length} at {fileOffset}");
            status = _files[handle].File.Write(fileOffset, bytes, out writtenBytes);
        }

        if (status == VfsStatus.Ok || writtenBytes > 0)
        {
            reply.Ok(writtenBytes);
        }
        else
        {
            reply.Fail(status);
        }
    }

    public void Allocate(ulong handle, AllocationMode mode, long fileOffset, long lengthBytes, IReply<Done> reply) => Answer(reply, () =>
    {
        Log($"allocate {_files[handle].Node.Path} {lengthBytes} at {fileOffset} {mode}");
        Check(_files[handle].File.Allocate(mode, fileOffset, lengthBytes));
        return default(Done);
    });

    public void Sync(ulong handle, bool dataOnly, IReply<Done> reply) => Answer(reply, () =>
    {
        Log($"sync {_files[handle].Node.Path}{(dataOnly ? " data" : "")}");
        Check(_files[handle].File.Sync(dataOnly));
        return default(Done);
    });

    public void SyncDirectory(ulong handle, IReply<Done> reply) => Answer(reply, () =>
    {
        Log($"sync folder {_folders[handle].Node.Path}");
        Check(_disk.SyncFolder(_source.FullPath(_folders[handle].Node.Path)));
        return default(Done);
    });

    public void SetExtendedAttribute(ulong nodeId, string name, ReadOnlySpan<byte> value, ExtendedAttributeMode mode, IReply<Done> reply)
    {
        byte[] copy = value.ToArray();
        Answer(reply, () =>
        {
            Log($"setxattr {_nodes[nodeId].Path} {name} {copy.Length} {mode}");
            Check(_disk.SetExtendedAttribute(PathOf(nodeId), name, copy, mode));
            return default(Done);
        });
    }

    public void RemoveExtendedAttribute(ulong nodeId, string name, IReply<Done> reply) => Answer(reply, () =>
    {
        Log($"removexattr {_nodes[nodeId].Path} {name}");
        Check(_disk.RemoveExtendedAttribute(PathOf(nodeId), name));
        return default(Done);
    });

    private static string Octal(uint permissions) => Convert.ToString(permissions, 8);

    private static string Described(Creation creation) => $"{Octal(creation.Permissions)} of {creation.Uid}:{creation.Gid}";

    private static string Named(string name, object? value) => value is null ? "" : $" {name}={value}";

    // A file belongs to who made it, not to this process.
    private void Own(string path, Creation creation)
    {
        if (Environment.IsPrivilegedProcess)
        {
            Check(_disk.SetAttributes(path, new AttributeChange(Uid: creation.Uid, Gid: creation.Gid)));
        }
    }

    // An inode without a name: its number may be given to another file.
    private void Lose(in SourceStat stat)
    {
        if (stat.LinkCount == 1 || stat.Kind == NodeKind.Directory)
        {
            _nodesByInode.Remove(stat.Version.Inode);
        }
    }
}
