using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Removal of names: of a staged file with all that belongs to it, of an archive by its virtual name, or of a file of the source.</summary>
public sealed partial class VirtualTree
{
    public void Unlink(ulong parentId, string name, IReply<Done> reply) => ChangeNames(parentId, name, reply, async folder =>
    {
        var meaning = await MeaningOf(folder, name);
        if (meaning.Status != VfsStatus.Ok)
        {
            return meaning.Status;
        }

        var status = meaning.Value switch
        {
            { IsNothing: true } => VfsStatus.NotFound,
            { IsFolder: true } => VfsStatus.IsDirectory,
            { Staged: { } staged } => await RemoveStaged(staged),
            { Archive: { } claim } => await RemoveArchive(claim, PathOf(folder.Facts.Path, name)),
            _ => UnlinkSource(PathOf(folder.Facts.Path, name)),
        };
        return Changed(NoteRemoved(status, meaning.Value.Source), folder);
    }, isNew: false);

    public void RemoveDirectory(ulong parentId, string name, IReply<Done> reply) => ChangeNames(
        parentId, name, reply,
        async folder =>
        {
            string path = PathOf(folder.Facts.Path, name);
            var meaning = await MeaningOf(folder, name);
            var status = meaning.Status != VfsStatus.Ok ? meaning.Status
                : meaning.Value.IsNothing ? VfsStatus.NotFound
                : !meaning.Value.IsFolder ? VfsStatus.NotDirectory
                : meaning.Value.Archive is not null ? VfsStatus.NotPermitted // the images of one archive
                : Area.Index.Below(path).Length > 0 ? VfsStatus.NotEmpty
                : Area.ChangeSource(path, null, () => _writing!.Disk.RemoveFolder(_source.FullPath(path)));
            return Changed(NoteRemoved(status, meaning.Value.Source), folder);
        },
        isNew: false, isAlone: true);

    /// <summary>Removes a staged file; waits while it is being archived at this moment.</summary>
    private async Task<VfsStatus> RemoveStaged(StagedFile staged)
    {
        await staged.Names.WaitAsync();
        try
        {
            return staged.IsGone ? VfsStatus.Stale : Area.Remove(staged);
        }
        finally
        {
            staged.Names.Release();
        }
    }

    /// <summary>Removes an archive. Where its samples have just come back, what came out of it is about to have the name, and goes with it.</summary>
    private async Task<VfsStatus> RemoveArchive(FolderNames.Claim claim, string shownPath)
    {
        if (claim.File.IsSet)
        {
            return VfsStatus.NotPermitted;
        }

        Tolerate(claim.File);
        var status = UnlinkSource(claim.File.Path);
        while (status == VfsStatus.Ok && _binding.ContainsKey(shownPath))
        {
            await Task.Delay(1);
        }

        return status == VfsStatus.Ok && Area.Index.Find(shownPath) is { Entry.IsInPlace: false } staged ? await RemoveStaged(staged) : status;
    }

    private VfsStatus UnlinkSource(string path) => Area.ChangeSource(path, null, () => _writing!.Disk.Unlink(_source.FullPath(path)));

    /// <summary>Readers of an archive go on when the mount itself renames it, removes it, or changes its owner.</summary>
    private void Tolerate(ArchiveFile file) => Tolerate(file.Stat.Version.Device, file.Stat.Version.Inode);

    private void Tolerate(ulong device, ulong inode, long? mtimeNs = null)
    {
        foreach (var open in _handles.Values)
        {
            if (open is MrcHandle mrc && mrc.Node.Key.Version.Device == device && mrc.Node.Key.Version.Inode == inode)
            {
                mrc.Frames.TolerateAttributeChanges(mtimeNs);
            }
        }
    }

    /// <summary>After a change of names that succeeded, a file or folder of the source that lost its last one is nothing that others may become.</summary>
    private VfsStatus NoteRemoved(VfsStatus status, SourceStat? removed)
    {
        if (status == VfsStatus.Ok && removed is { } stat && (stat.Kind == NodeKind.Directory || stat.LinkCount == 1))
        {
            _nodes.NoteRemoved(KeyOfSource(stat));
            if (stat.Kind == NodeKind.Directory)
            {
                _bindings.TryRemove((stat.Version.Device, stat.Version.Inode), out _);
            }
        }

        return status;
    }

    /// <summary>Ends a change of names.</summary>
    private Outcome<Done> Changed(VfsStatus status, params ReadOnlySpan<Node> folders)
    {
        foreach (var folder in folders)
        {
            _changes.Note(folder.Facts.Path);
        }

        return status == VfsStatus.Ok ? default(Done) : status;
    }
}
