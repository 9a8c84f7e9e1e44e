using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Tree;

public sealed partial class VirtualTree
{
    public void GetAttributes(ulong nodeId, ulong? handle, IReply<(NodeAttributes Attributes, TimeSpan Timeout)> reply)
    {
        if (!TryFind(nodeId, reply, out var node))
        {
            return;
        }

        var facts = node.Facts;
        // What programs write to is measured each time, and so is what is open: it may have lost its name.
        bool isWritten = _writing is not null && (!node.Key.IsVirtualFile || IsInHand(node));
        if (!isWritten && RemainingTimeout(facts.Timestamp) is { Ticks: > 0 } remaining)
        {
            reply.Ok((facts.Attributes, remaining));
            return;
        }

        Answer(LaneOfBytes(node), reply, () => Task.FromResult(Refresh(node)));
    }

    private static bool IsInHand(Node node)
    {
        lock (node)
        {
            return node.HandleCount > 0;
        }
    }

    /// <summary>Attributes read anew. On an I/O thread.</summary>
    private Outcome<(NodeAttributes Attributes, TimeSpan Timeout)> Refresh(Node node)
    {
        var facts = node.Facts;
        if (StagedOf(node) is { } staged)
        {
            return RefreshStaged(node, staged);
        }

        bool isSource = node.Key.Flavour == NodeFlavour.Source;
        var status = _source.Stat(facts.Path, followLinks: !isSource || node.Id == IFileTree.RootId, out var stat);
        if (status is not (VfsStatus.Ok or VfsStatus.NotFound or VfsStatus.NotDirectory))
        {
            return status;
        }

        bool isThere = status == VfsStatus.Ok && (isSource ? IsSameFile(node, stat) : stat.Version == node.Key.Version);
        if (isThere)
        {
            node.Facts = isSource ? FactsOfSource(facts.Path, node.Key, stat) : facts with
            {
                Attributes = AttributesOfArchive(node.Key, node.Kind, stat, facts.Attributes.LengthBytes, 0)
                    with { BlockCount = facts.Attributes.BlockCount, Inode = facts.Attributes.Inode },
                Timestamp = _time.GetTimestamp(),
            };
            return (node.Facts.Attributes, _timeout);
        }

        // The name is gone or another's. Whoever has the file open still sees it; anyone else looks up again.
        if (!_nodes.IsOpen(node, out var file) || (isSource && file is null))
        {
            return VfsStatus.Stale;
        }

        if (isSource)
        {
            status = file!.Stat(out stat);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            node.Facts = FactsOfSource(facts.Path, node.Key, stat);
        }
        else if (status != VfsStatus.Ok || !IsOfFile(node, stat))
        {
            node.Facts = facts with { Attributes = facts.Attributes with { LinkCount = 0 } };
        }

        return (node.Facts.Attributes, _timeout);
    }

    private Outcome<(NodeAttributes Attributes, TimeSpan Timeout)> RefreshStaged(Node node, StagedFile staged)
    {
        if (staged.IsGone && !staged.IsOpen)
        {
            return VfsStatus.Stale;
        }

        var status = Area.Stat(staged, out var stat);
        if (status != VfsStatus.Ok)
        {
            return status == VfsStatus.NotFound ? VfsStatus.Stale : status;
        }

        node.Facts = FactsOfStaged(node.Facts.Path, staged, stat);
        return (node.Facts.Attributes, _timeout);
    }

    private static bool IsSameFile(Node node, in SourceStat stat) => stat.Kind == node.Kind && IsOfFile(node, stat);

    /// <summary>Whether a file is the node's own, or its archive, in whatever version.</summary>
    private static bool IsOfFile(Node node, in SourceStat stat) =>
        stat.Version.Device == node.Key.Version.Device && stat.Version.Inode == node.Key.Version.Inode;

    private NodeFacts FactsOfSource(string path, NodeKey key, in SourceStat stat)
    {
        var attributes = new NodeAttributes(
            path.Length == 0 ? InodeNumbers.Root : key.InodeNumber, stat.Kind, stat.Permissions, stat.LinkCount, stat.Uid, stat.Gid, stat.DeviceNumber,
            stat.Version.LengthBytes, stat.BlockCount, stat.AtimeNs, stat.Version.MtimeNs, stat.Version.CtimeNs);
        return new NodeFacts(path, attributes, _time.GetTimestamp());
    }

    /// <summary>Facts of an archive's virtual file or folder of members.</summary>
    /// <param name="timestamp">When the file was looked at.</param>
    /// <param name="shownPath">Path under which programs see it.</param>
    private static NodeFacts FactsOfArchive(NodeKey key, ArchiveFile file, long timestamp, string? shownPath = null)
    {
        var kind = key.Flavour == NodeFlavour.MemberFolder ? NodeKind.Directory : NodeKind.File;
        var attributes = AttributesOfArchive(key, kind, file.Stat, file.Probed!.LengthBytes, file.LinkedBlockCount);
        return new NodeFacts(file.Path, attributes with { Inode = file.Probed.InodeOf(key) }, timestamp, shownPath);
    }

    private static NodeAttributes AttributesOfArchive(NodeKey key, NodeKind kind, in SourceStat stat, long lengthBytes, long linkedBlockCount)
    {
        bool isFolder = kind == NodeKind.Directory;
        // Whoever may read the archive may enter the folder of its images.
        uint permissions = isFolder ? (stat.Permissions & 0x124) | ((stat.Permissions & 0x124) >> 2) : stat.Permissions;
        long blockCount = isFolder ? 0 : Math.Max(1, stat.BlockCount + linkedBlockCount);
        return new NodeAttributes(
            key.InodeNumber, kind, permissions, isFolder ? 2u : 1u, stat.Uid, stat.Gid, 0, lengthBytes, blockCount,
            stat.AtimeNs, stat.Version.MtimeNs, stat.Version.CtimeNs);
    }

    /// <summary>Facts of one image of a folder; the images share the archive's blocks evenly.</summary>
    private NodeFacts FactsOfMember(NodeKey key, string path, in SourceStat stat, long lengthBytes, int memberCount)
    {
        var attributes = AttributesOfArchive(key, NodeKind.File, stat, lengthBytes, 0);
        long share = Math.Max(1, (stat.BlockCount + memberCount - 1) / Math.Max(1, memberCount));
        return new NodeFacts(path, attributes with { BlockCount = share }, _time.GetTimestamp());
    }
}
