using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Tests.Vfs.Staging;

internal sealed partial class SimulatedDisk
{
    public VfsStatus Open(string path, DiskAccess access, uint permissions, out IDiskFile? file)
    {
        lock (Gate)
        {
            file = null;
            var status = Before(DiskCall.Open, path);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            var node = Find(path);
            if (access == DiskAccess.CreateNew)
            {
                status = Make(path, NodeKind.File, permissions, out node);
                if (status != VfsStatus.Ok)
                {
                    return status;
                }
            }

            if (node is not { Kind: NodeKind.File })
            {
                return node is null ? VfsStatus.NotFound : node.IsFolder && access == DiskAccess.ReadWrite ? VfsStatus.IsDirectory : VfsStatus.TooManyLinks;
            }

            node.OpenCount++;
            file = new SimulatedFile(this, node, path, access != DiskAccess.Read);
            return VfsStatus.Ok;
        }
    }

    public VfsStatus Stat(string path, out SourceStat stat)
    {
        SourceStat found = default;
        var status = With(DiskCall.Stat, path, node =>
        {
            found = node.Stat;
            return VfsStatus.Ok;
        });
        stat = found;
        return status;
    }

    public VfsStatus List(string path, out IReadOnlyList<SourceName> names)
    {
        IReadOnlyList<SourceName> found = [];
        var status = With(DiskCall.List, path, node =>
        {
            found = [.. node.Names.Select(pair => new SourceName(pair.Key, pair.Value.Kind, pair.Value.Inode))];
            return node.IsFolder ? VfsStatus.Ok : VfsStatus.NotDirectory;
        });
        names = found;
        return status;
    }

    public VfsStatus MakeFolder(string path, uint permissions) => Make(DiskCall.MakeFolder, path, NodeKind.Directory, permissions);

    public VfsStatus MakeSymbolicLink(string path, string target) => Make(DiskCall.MakeSymbolicLink, path, NodeKind.SymbolicLink, 0x1FF, target);

    public VfsStatus MakeNode(string path, NodeKind kind, uint permissions, ulong deviceNumber) =>
        Make(DiskCall.MakeNode, path, kind, permissions, "", deviceNumber);

    public VfsStatus RemoveFolder(string path)
    {
        lock (Gate)
        {
            var status = Before(DiskCall.RemoveFolder, path);
            var node = Find(path);
            if (status != VfsStatus.Ok || node is not { IsFolder: true } || node.Names.Count > 0)
            {
                return status != VfsStatus.Ok ? status : node is null ? VfsStatus.NotFound : node.IsFolder ? VfsStatus.NotEmpty : VfsStatus.NotDirectory;
            }

            return Remove(path, node);
        }
    }

    public VfsStatus MakeHardLink(string existingPath, string path)
    {
        lock (Gate)
        {
            var status = Before(DiskCall.MakeHardLink, path);
            var node = Find(existingPath);
            var (folder, name) = Split(path);
            if (status != VfsStatus.Ok || node is not { IsFolder: false } || folder is null || folder.Names.ContainsKey(name))
            {
                return status != VfsStatus.Ok ? status
                    : node is { IsFolder: true } ? VfsStatus.NotPermitted
                    : node is null || folder is null ? VfsStatus.NotFound : VfsStatus.AlreadyExists;
            }

            if (node.Volume != folder.Volume)
            {
                return VfsStatus.CrossDevice;
            }

            _names.Apply([node], new SimulatedEdit(folder, name, node));
            node.LinkCount++;
            return VfsStatus.Ok;
        }
    }

    public VfsStatus Unlink(string path)
    {
        lock (Gate)
        {
            var status = Before(DiskCall.Unlink, path);
            var node = Find(path);
            if (status != VfsStatus.Ok || node is not { IsFolder: false })
            {
                return status != VfsStatus.Ok ? status : node is null ? VfsStatus.NotFound : VfsStatus.IsDirectory;
            }

            return Remove(path, node);
        }
    }

    public VfsStatus Rename(string from, string to, RenameMode mode)
    {
        lock (Gate)
        {
            var status = Before(DiskCall.Rename, from);
            var (source, name) = Split(from);
            var (target, newName) = Split(to);
            if (status != VfsStatus.Ok || source is null || target is null || !source.Names.TryGetValue(name, out var node))
            {
                return status != VfsStatus.Ok ? status : VfsStatus.NotFound;
            }

            var replaced = target.Names.GetValueOrDefault(newName);
            if (node.Volume != VolumeOf(to))
            {
                return VfsStatus.CrossDevice;
            }

            if ((mode == RenameMode.KeepExisting && replaced is not null) || (mode == RenameMode.Exchange && replaced is null))
            {
                return replaced is null ? VfsStatus.NotFound : VfsStatus.AlreadyExists;
            }

            if (mode == RenameMode.Exchange)
            {
                _names.Apply([node, replaced!], new SimulatedEdit(target, newName, node), new SimulatedEdit(source, name, replaced));
                return VfsStatus.Ok;
            }

            if (replaced == node)
            {
                return VfsStatus.Ok; // two names of one file: rename(2) does nothing
            }

            if (replaced is not null && (replaced.IsFolder != node.IsFolder || replaced.Names.Count > 0))
            {
                return replaced.Names.Count > 0 ? VfsStatus.NotEmpty : replaced.IsFolder ? VfsStatus.IsDirectory : VfsStatus.NotDirectory;
            }

            _names.Apply([node], new SimulatedEdit(target, newName, node), new SimulatedEdit(source, name, null));
            node.Attributes = node.Attributes with { CtimeNs = NextNs() };
            if (replaced is not null)
            {
                Detach(replaced);
            }

            return VfsStatus.Ok;
        }
    }

    public VfsStatus SetAttributes(string path, in AttributeChange change)
    {
        var wanted = change;
        return With(DiskCall.SetAttributes, path, node => Change(node, wanted));
    }

    public VfsStatus GetExtendedAttribute(string path, string name, out byte[] value)
    {
        byte[]? found = null;
        var status = With(
            DiskCall.GetExtendedAttribute, path, node => node.ExtendedAttributes.TryGetValue(name, out found) ? VfsStatus.Ok : VfsStatus.NoData);
        value = found ?? [];
        return status;
    }

    public VfsStatus ListExtendedAttributes(string path, out IReadOnlyList<string> names)
    {
        string[] found = [];
        var status = With(DiskCall.ListExtendedAttributes, path, node =>
        {
            found = [.. node.ExtendedAttributes.Keys];
            return VfsStatus.Ok;
        });
        names = found;
        return status;
    }

    public VfsStatus SetExtendedAttribute(string path, string name, ReadOnlySpan<byte> value, ExtendedAttributeMode mode)
    {
        byte[] bytes = value.ToArray();
        return With(DiskCall.SetExtendedAttribute, path, node =>
        {
            bool isThere = node.ExtendedAttributes.ContainsKey(name);
            if (isThere ? mode == ExtendedAttributeMode.Create : mode == ExtendedAttributeMode.Replace)
            {
                return isThere ? VfsStatus.AlreadyExists : VfsStatus.NoData;
            }

            node.ExtendedAttributes[name] = bytes;
            return VfsStatus.Ok;
        });
    }

    public VfsStatus RemoveExtendedAttribute(string path, string name) => With(
        DiskCall.RemoveExtendedAttribute, path, node => node.ExtendedAttributes.Remove(name) ? VfsStatus.Ok : VfsStatus.NoData);

    public VfsStatus SyncFolder(string path) => With(DiskCall.SyncFolder, path, node =>
    {
        if (node.IsFolder)
        {
            _names.Flush(node);
            node.FlushAttributes();
        }

        return node.IsFolder ? VfsStatus.Ok : VfsStatus.NotDirectory;
    });

    public VfsStatus GetCapacity(string path, out FileSystemCapacity capacity)
    {
        FileSystemCapacity found = default;
        var status = With(DiskCall.GetCapacity, path, node =>
        {
            ulong blocks = (ulong)node.Volume.CapacityBytes / 4096;
            ulong free = blocks - Math.Min(blocks, (ulong)node.Volume.UsedBytes / 4096);
            found = new FileSystemCapacity(4096, 4096, blocks, free, free, 1 << 20, 1 << 19, 255);
            return VfsStatus.Ok;
        });
        capacity = found;
        return status;
    }

    private VfsStatus With(DiskCall call, string path, Func<SimulatedNode, VfsStatus> act)
    {
        lock (Gate)
        {
            var status = Before(call, path);
            return status != VfsStatus.Ok ? status : Find(path) is { } node ? act(node) : VfsStatus.NotFound;
        }
    }

    private VfsStatus Make(DiskCall call, string path, NodeKind kind, uint permissions, string target = "", ulong deviceNumber = 0)
    {
        lock (Gate)
        {
            var status = Before(call, path);
            return status == VfsStatus.Ok ? Make(path, kind, permissions, out _, target, deviceNumber) : status;
        }
    }

    private VfsStatus Make(string path, NodeKind kind, uint permissions, out SimulatedNode? node, string target = "", ulong deviceNumber = 0)
    {
        node = null;
        var (folder, name) = Split(path);
        if (folder is null || folder.Names.ContainsKey(name))
        {
            return folder is null ? VfsStatus.NotFound : VfsStatus.AlreadyExists;
        }

        node = NewNode(path, kind, permissions, target, deviceNumber);
        node.LinkCount = 1;
        _names.Apply([node], new SimulatedEdit(folder, name, node));
        return VfsStatus.Ok;
    }

    private VfsStatus Remove(string path, SimulatedNode node)
    {
        var (folder, name) = Split(path);
        _names.Apply([node], new SimulatedEdit(folder!, name, null));
        Detach(node);
        return VfsStatus.Ok;
    }
}
