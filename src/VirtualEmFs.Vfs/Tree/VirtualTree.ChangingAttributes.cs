using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Changes of lengths, permissions, owners and times.</summary>
public sealed partial class VirtualTree
{
    public void SetAttributes(ulong nodeId, ulong? handle, AttributeChange change, IReply<(NodeAttributes Attributes, TimeSpan Timeout)> reply)
    {
        if (!TryFind(nodeId, reply, out var node))
        {
            return;
        }

        if (_writing is null || node.Key.Flavour is NodeFlavour.Member or NodeFlavour.MemberFolder or NodeFlavour.Converted)
        {
            reply.Fail(_writing is null ? VfsStatus.ReadOnly : VfsStatus.NotPermitted);
            return;
        }

        var open = handle is { } number && _handles.TryGetValue(number, out var found) ? found : null;
        Answer(LaneOfBytes(node), reply, async () =>
        {
            var status = change.LengthBytes is { } lengthBytes ? await SetLength(node, open, lengthBytes, reply as ISlowReply) : VfsStatus.Ok;
            change = change with { LengthBytes = null };
            status = status == VfsStatus.Ok && change != default ? await SetOtherAttributes(node, open, change, reply as ISlowReply) : status;
            return status == VfsStatus.Ok ? Refresh(node) : status;
        });
    }

    private async Task<VfsStatus> SetLength(Node node, OpenHandle? open, long lengthBytes, ISlowReply? slow)
    {
        if (node.Kind != NodeKind.File)
        {
            return node.Kind == NodeKind.Directory ? VfsStatus.IsDirectory : VfsStatus.InvalidArgument;
        }

        if (node.Staged is null && node.Key.IsVirtualFile && lengthBytes == node.Facts.Attributes.LengthBytes)
        {
            return VfsStatus.Ok; // nothing changes, so nothing comes back
        }

        // Programs truncate by name, too: then it is open for this moment. What was removed while open takes no more handles.
        var status = await CountHandleInTurn(node, isWriter: true);
        bool isRemoved = status == VfsStatus.Stale && node.Staged is { IsGone: true, IsOpen: true };
        if (status != VfsStatus.Ok && !isRemoved)
        {
            return status;
        }

        try
        {
            var staged = await StageForChange(node, keepsSamples: lengthBytes > 0, slow);
            if (staged.Status != VfsStatus.Ok)
            {
                return staged.Status;
            }

            if (staged.Value is not { } file)
            {
                return SetLengthOfSource(node, open, lengthBytes);
            }

            status = SetLength(file.Raw, lengthBytes);
            Area.NoteChange(file);
            return status;
        }
        finally
        {
            if (!isRemoved)
            {
                UncountHandle(node, isWriter: true);
            }
        }
    }

    private VfsStatus SetLengthOfSource(Node node, OpenHandle? open, long lengthBytes)
    {
        if (open is SourceHandle { File: IDiskFile own, IsWriter: true })
        {
            return own.SetLength(lengthBytes);
        }

        var status = _writing!.Disk.Open(_source.FullPath(node.Facts.Path), DiskAccess.ReadWrite, 0, out var file);
        if (status != VfsStatus.Ok)
        {
            return status == VfsStatus.NotFound ? VfsStatus.Stale : status;
        }

        using (file)
        {
            status = file!.Stat(out var stat);
            return status != VfsStatus.Ok ? status : IsSameFile(node, stat) ? file.SetLength(lengthBytes) : VfsStatus.Stale;
        }
    }

    private static VfsStatus SetLength(IDiskFile raw, long lengthBytes)
    {
        var status = raw.Stat(out var stat);
        return status != VfsStatus.Ok ? status
            : lengthBytes > stat.Version.LengthBytes ? Grow(raw, stat.Version.LengthBytes, lengthBytes)
            : raw.SetLength(lengthBytes);
    }

    private async Task<VfsStatus> SetOtherAttributes(Node node, OpenHandle? open, AttributeChange change, ISlowReply? slow)
    {
        if (node.Staged is null && open is SourceHandle { File: IDiskFile file })
        {
            return file.SetAttributes(change);
        }

        var status = VfsStatus.Stale;
        for (int attemptCount = 0; status == VfsStatus.Stale && attemptCount < StagingAttempts; attemptCount++)
        {
            status = await ChangeFile(node, slow, (raw, path) => raw?.SetAttributes(change) ?? _writing!.Disk.SetAttributes(path, change), change.MtimeNs);
            if (status == VfsStatus.Stale && OpenArchiveOf(node) is null)
            {
                break;
            }

            if (status == VfsStatus.Stale && await IsNameless(node))
            {
                // Nobody but those who have the archive open can see the change, and it ends with them.
                node.Facts = node.Facts with { Attributes = Changed(node.Facts.Attributes, change) };
                status = VfsStatus.Ok;
            }
        }

        return status;
    }

    private static NodeAttributes Changed(in NodeAttributes attributes, in AttributeChange change) => attributes with
    {
        Permissions = change.Permissions ?? attributes.Permissions,
        Uid = change.Uid ?? attributes.Uid,
        Gid = change.Gid ?? attributes.Gid,
        AtimeNs = change.AtimeNs ?? attributes.AtimeNs,
        MtimeNs = change.MtimeNs ?? attributes.MtimeNs,
    };

    /// <summary>Changes attributes of a staged file: of the open raw file, or else of the one that has its name.</summary>
    private async Task<VfsStatus> ChangeAttributes(StagedFile staged, Func<IDiskFile?, string, VfsStatus> change)
    {
        await staged.Names.WaitAsync();
        try
        {
            if (staged.IsGone && !staged.IsOpen)
            {
                return VfsStatus.Stale;
            }

            var status = Area.Use(staged, change);
            Area.NoteChange(staged);
            return status;
        }
        finally
        {
            staged.Names.Release();
        }
    }

    /// <summary>Changes attributes of a node's file. While the samples of an archive come back, it waits: they bring along what was set before.</summary>
    /// <param name="change">Gets the open raw file of a staged file, if it is open, and the path of the file that has the attributes.</param>
    /// <param name="mtimeNs">When the change gives the file this mtime.</param>
    private async Task<VfsStatus> ChangeFile(Node node, ISlowReply? slow, Func<IDiskFile?, string, VfsStatus> change, long? mtimeNs = null)
    {
        var restored = node.Key.IsVirtualFile ? node.Staging : null;
        if (restored?.CurrentCount == 0)
        {
            slow?.MayTakeLong();
        }

        await (restored?.WaitAsync() ?? Task.CompletedTask);
        try
        {
            return node.Staged is { } staged ? await ChangeAttributes(staged, change)
                : restored is null ? ChangeFileOfSource(node, path => change(null, path), mtimeNs)
                : await ChangeArchive(node, path => change(null, path), mtimeNs);
        }
        finally
        {
            restored?.Release();
        }
    }

    /// <summary>Changes attributes of an archive, and not while the mount itself renames it: its node must follow both.</summary>
    private async Task<VfsStatus> ChangeArchive(Node node, Func<string, VfsStatus> change, long? mtimeNs)
    {
        await _names.Enter();
        try
        {
            return ChangeFileOfSource(node, change, mtimeNs);
        }
        finally
        {
            _names.Leave();
        }
    }

    /// <summary>Changes attributes of a file of the source, an archive for instance, whose node goes on.</summary>
    private VfsStatus ChangeFileOfSource(Node node, Func<string, VfsStatus> change, long? mtimeNs)
    {
        // An archive's are those of the file itself, whatever link leads there.
        string path = node.Facts.Path, fullPath = _source.FullPath(path);
        var status = _source.Stat(path, followLinks: node.Key.IsVirtualFile || node.Id == IFileTree.RootId, out var before);
        status = status == VfsStatus.Ok && node.Key.Alias is not null ? _source.ResolveLinks(path, out fullPath) : status;
        if (status == VfsStatus.Ok && (node.Key.IsVirtualFile ? before.Version != node.Key.Version : !IsSameFile(node, before)))
        {
            status = VfsStatus.NotFound;
        }

        if (status != VfsStatus.Ok)
        {
            return status == VfsStatus.NotFound ? VfsStatus.Stale : status;
        }

        if (node.Key.IsVirtualFile)
        {
            Tolerate(before.Version.Device, before.Version.Inode, mtimeNs);
        }

        status = change(fullPath);
        if (node.Key.IsVirtualFile)
        {
            FollowArchive(before, path, path);
            _changes.Note(FolderOf(path));
        }

        return status;
    }
}
