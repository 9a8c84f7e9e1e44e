using System.Text;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>New files, folders and links: MRC names are staged, everything else is made in the source.</summary>
public sealed partial class VirtualTree
{
    private const int NameLimitBytes = 255;
    private const uint SetGroupIdBit = 0x400; // 02000

    public void Create(ulong parentId, string name, Creation creation, bool isExclusive, IReply<CreatedFile> reply) =>
        ChangeNames(parentId, name, reply, async folder =>
        {
            var meaning = await MeaningOf(folder, name);
            if (meaning.Status != VfsStatus.Ok)
            {
                return meaning.Status;
            }

            if (!meaning.Value.IsNothing)
            {
                return isExclusive ? VfsStatus.AlreadyExists : await OpenExisting(folder, name);
            }

            var status = Inherit(folder, ref creation, isFolder: false);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            var (node, file) = MrcNames.IsMrcName(name) ? CreateStaged(folder, name, creation, out status) : CreatePlain(folder, name, creation, out status);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            NoteCreated(folder, name);
            _nodes.Open(node!, node!.Key.Version, file);
            OpenHandle handle = file is null ? new StagedHandle(node, isWriter: true) : new SourceHandle(node, file, isWriter: true);
            return new CreatedFile(EntryOf(node), new OpenedFile(AddHandle(handle), KeepCache: false, DirectIo: false));
        });

    public void MakeDirectory(ulong parentId, string name, Creation creation, IReply<NodeEntry> reply) =>
        Make(parentId, name, creation, isFolder: true, (disk, path, permissions) => disk.MakeFolder(path, permissions), reply);

    public void MakeSymbolicLink(ulong parentId, string name, string target, Creation creation, IReply<NodeEntry> reply) =>
        Make(parentId, name, creation, isFolder: false, (disk, path, _) => disk.MakeSymbolicLink(path, target), reply);

    public void MakeNode(ulong parentId, string name, NodeKind kind, ulong deviceNumber, Creation creation, IReply<NodeEntry> reply)
    {
        if (kind != NodeKind.File)
        {
            Make(parentId, name, creation, isFolder: false, (disk, path, permissions) => disk.MakeNode(path, kind, permissions, deviceNumber), reply);
            return;
        }

        ChangeNames(parentId, name, reply, async folder =>
        {
            var meaning = await MeaningOf(folder, name);
            var status = meaning.Status != VfsStatus.Ok ? meaning.Status
                : !meaning.Value.IsNothing ? VfsStatus.AlreadyExists
                : Inherit(folder, ref creation, isFolder: false);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            var (node, file) = MrcNames.IsMrcName(name) ? CreateStaged(folder, name, creation, out status) : CreatePlain(folder, name, creation, out status);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            file?.Dispose();
            UncountHandle(node!, isWriter: true);
            NoteCreated(folder, name);
            return EntryOf(node!);
        });
    }

    public void MakeHardLink(ulong nodeId, ulong newParentId, string newName, IReply<NodeEntry> reply)
    {
        if (!TryFind(nodeId, reply, out var node))
        {
            return;
        }

        ChangeNames(newParentId, newName, reply, async folder =>
        {
            if (node.Staged is { IsGone: true })
            {
                return VfsStatus.Stale;
            }

            // Two names of one staged file, or of an archive, would part when one of them is written to.
            if (node.Staged is not null || node.Key.Flavour != NodeFlavour.Source || MrcNames.IsMrcName(newName) || MrcNames.IsMrcName(NameOf(node.Facts.Path)))
            {
                return VfsStatus.NotPermitted;
            }

            var meaning = await MeaningOf(folder, newName);
            if (meaning.Status != VfsStatus.Ok || !meaning.Value.IsNothing)
            {
                return meaning.Status != VfsStatus.Ok ? meaning.Status : VfsStatus.AlreadyExists;
            }

            // The name under which it was seen last may be gone, or another file's: the kernel then looks the other one up again.
            string path = node.Facts.Path, newPath = PathOf(folder.Facts.Path, newName);
            var status = _source.Stat(path, followLinks: false, out var stat);
            if (status == VfsStatus.NotFound || (status == VfsStatus.Ok && !IsSameFile(node, stat)))
            {
                return VfsStatus.Stale;
            }

            status = status == VfsStatus.Ok
                ? Area.MakeInSource(newPath, () => _writing!.Disk.MakeHardLink(_source.FullPath(path), _source.FullPath(newPath)))
                : status;
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            NoteCreated(folder, newName);
            return await LookupName(folder, newName);
        });
    }

    /// <summary>Runs a change of a folder's names in its lane, beside other changes but not beside the renaming of a folder.</summary>
    /// <param name="isNew">The name is to be given to something; false when it is taken away, which no length forbids.</param>
    private void ChangeNames<T>(
        ulong parentId, string name, IReply<T> reply, Func<Node, Task<Outcome<T>>> change, bool isNew = true, bool isAlone = false)
    {
        if (!TryFind(parentId, reply, out var folder))
        {
            return;
        }

        var refusal = RefusalOf(folder, name, isNew);
        if (refusal != VfsStatus.Ok)
        {
            reply.Fail(refusal);
            return;
        }

        Answer(LaneOf(folder), reply, async () =>
        {
            await (isAlone ? _names.EnterAlone() : _names.Enter());
            try
            {
                var status = StatFolder(folder, out _);
                return status == VfsStatus.Ok ? await change(folder) : status;
            }
            finally
            {
                _names.Leave();
            }
        });
    }

    private VfsStatus RefusalOf(Node folder, string name, bool isNew = true) =>
        _writing is null ? VfsStatus.ReadOnly
        : folder.Kind != NodeKind.Directory ? VfsStatus.NotDirectory
        : folder.Key.Flavour != NodeFlavour.Source || IsOwnFolder(folder, name) || name.StartsWith(NameRules.TemporaryPrefix, StringComparison.Ordinal)
            ? VfsStatus.NotPermitted
        : name is "" or "." or ".." || name.Contains('/') ? VfsStatus.InvalidArgument
        : isNew && !FitsAsName(name) ? VfsStatus.NameTooLong
        : VfsStatus.Ok;

    /// <summary>An MRC file's archive needs room for its own extension.</summary>
    private static bool FitsAsName(string name)
    {
        string stored = MrcNames.IsMrcName(name) ? Staging.StagingArea.ArchivePathOf(name) : name;
        int lengthBytes = 0;
        foreach (var rune in stored.EnumerateRunes())
        {
            // A byte that is no UTF-8 is a lone surrogate, which reads as the replacement character.
            lengthBytes += rune == Rune.ReplacementChar ? 1 : rune.Utf8SequenceLength;
        }

        return lengthBytes <= NameLimitBytes;
    }

    /// <summary>Files and folders made in a folder with the set-group-id bit get its group.</summary>
    private VfsStatus Inherit(Node folder, ref Creation creation, bool isFolder)
    {
        var status = StatFolder(folder, out var stat);
        if (status == VfsStatus.Ok && (stat.Permissions & SetGroupIdBit) != 0)
        {
            creation = creation with { Gid = stat.Gid, Permissions = creation.Permissions | (isFolder ? SetGroupIdBit : 0) };
        }

        return status;
    }

    private void Make(
        ulong parentId, string name, Creation creation, bool isFolder, Func<IDisk, string, uint, VfsStatus> make, IReply<NodeEntry> reply) =>
        ChangeNames(parentId, name, reply, async folder =>
        {
            var meaning = await MeaningOf(folder, name);
            var status = meaning.Status != VfsStatus.Ok ? meaning.Status
                : !meaning.Value.IsNothing ? VfsStatus.AlreadyExists
                : Inherit(folder, ref creation, isFolder);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            string path = PathOf(folder.Facts.Path, name), fullPath = _source.FullPath(path);
            var (disk, permissions) = (_writing!.Disk, creation.Permissions);
            status = Area.MakeInSource(path, () => make(disk, fullPath, permissions));
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            status = FileOwner.Give(disk, null, creation.Uid, creation.Gid, change => disk.SetAttributes(fullPath, change));
            if (status != VfsStatus.Ok)
            {
                _ = isFolder ? disk.RemoveFolder(fullPath) : disk.Unlink(fullPath);
                return status;
            }

            NoteCreated(folder, name);
            return await LookupName(folder, name);
        });

    private async Task<Outcome<CreatedFile>> OpenExisting(Node folder, string name)
    {
        var entry = await LookupName(folder, name);
        if (entry.Status != VfsStatus.Ok)
        {
            return entry.Status;
        }

        var opened = _nodes.TryGet(entry.Value.NodeId, out var node) && node.Kind == NodeKind.File
            ? await OpenNode(node, forWriting: true)
            : VfsStatus.IsDirectory;
        if (opened.Status != VfsStatus.Ok)
        {
            _nodes.Forget(entry.Value.NodeId, 1);
            return opened.Status;
        }

        return new CreatedFile(entry.Value, opened.Value);
    }

    /// <summary>A new staged file with one handle that writes.</summary>
    private (Node? Node, ISourceFile? File) CreateStaged(Node folder, string name, in Creation creation, out VfsStatus status)
    {
        var place = new FolderPlace(folder, folder.Facts.Path);
        Node? node = null;

        // Open before anyone else finds it, the write-back above all.
        status = Area.Create(PathOf(place.Path, name), creation, out _, staged =>
            (node = ReferStaged(place, name, staged, _nodes.Refer)) is null ? VfsStatus.Corrupt : CountHandle(node, isWriter: true));
        if (status != VfsStatus.Ok && node is not null)
        {
            _nodes.Forget(node.Id, 1);
        }

        return (node, null);
    }

    /// <summary>A new file of the source with one handle that writes.</summary>
    private (Node? Node, ISourceFile? File) CreatePlain(Node folder, string name, in Creation creation, out VfsStatus status)
    {
        string path = PathOf(folder.Facts.Path, name);
        string fullPath = _source.FullPath(path);
        var (disk, permissions) = (_writing!.Disk, creation.Permissions);
        IDiskFile? file = null;
        status = Area.MakeInSource(path, () => disk.Open(fullPath, DiskAccess.CreateNew, permissions, out file));
        if (status != VfsStatus.Ok)
        {
            return default;
        }

        status = FileOwner.Give(disk, permissions, creation.Uid, creation.Gid, change => file!.SetAttributes(change));
        SourceStat stat = default;
        status = status == VfsStatus.Ok ? file!.Stat(out stat) : status;
        if (status != VfsStatus.Ok)
        {
            file!.Dispose();
            _ = disk.Unlink(fullPath);
            return default;
        }

        var key = KeyOfSource(stat);

        // Whatever had its inode number before is gone, though that may not have been noted yet.
        _nodes.NoteRemoved(key);
        var node = _nodes.Refer(key, NodeKind.File, FactsOfSource(path, key, stat));
        CountHandle(node, isWriter: true);
        return (node, file);
    }

    /// <summary>A name made through the mount stays listed while the mount lives, also where it turns out to be an archive's.</summary>
    private void NoteCreated(Node folder, string name)
    {
        if (ArchiveName.TryParse(name, out _))
        {
            BindingsOf(folder).NoteCreated(name);
        }

        _changes.Note(folder.Facts.Path);
    }
}
