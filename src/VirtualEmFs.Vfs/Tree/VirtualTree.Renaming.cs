using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Renames: of staged files, of archives by their virtual names, of files of the source, and of folders with all that is staged below them.</summary>
public sealed partial class VirtualTree
{
    public void Rename(ulong parentId, string name, ulong newParentId, string newName, RenameMode mode, IReply<Done> reply)
    {
        if (!TryFind(newParentId, reply, out var newFolder))
        {
            return;
        }

        var refusal = RefusalOf(newFolder, newName);
        if (refusal != VfsStatus.Ok)
        {
            reply.Fail(refusal);
            return;
        }

        // Alone: two names change, and a folder takes everything below it along. Renames take microseconds.
        ChangeNames(parentId, name, reply, async folder =>
        {
            var status = StatFolder(newFolder, out _);
            return status == VfsStatus.Ok
                ? Changed(await Rename(folder, name, newFolder, newName, mode), folder, newFolder)
                : status;
        }, isNew: false, isAlone: true);
    }

    private async Task<VfsStatus> Rename(Node folder, string name, Node newFolder, string newName, RenameMode mode)
    {
        var from = await MeaningOf(folder, name);
        var to = await MeaningOf(newFolder, newName);
        if (from.Status != VfsStatus.Ok || to.Status != VfsStatus.Ok)
        {
            return from.Status != VfsStatus.Ok ? from.Status : to.Status;
        }

        string path = PathOf(folder.Facts.Path, name), newPath = PathOf(newFolder.Facts.Path, newName);
        if (from.Value.IsNothing || (mode == RenameMode.Exchange && to.Value.IsNothing))
        {
            return VfsStatus.NotFound;
        }

        if (mode == RenameMode.KeepExisting && !to.Value.IsNothing)
        {
            return VfsStatus.AlreadyExists;
        }

        if (mode == RenameMode.Exchange)
        {
            return Exchange(from.Value, path, to.Value, newPath);
        }

        if (path == newPath)
        {
            return VfsStatus.Ok;
        }

        bool isFolder = from.Value.Source?.Kind == NodeKind.Directory;
        if (!to.Value.IsNothing && isFolder != to.Value.IsFolder)
        {
            return isFolder ? VfsStatus.NotDirectory : VfsStatus.IsDirectory;
        }

        if (to.Value.Archive is { File.IsSet: true } || (to.Value.IsFolder && to.Value.Archive is not null) || (from.Value.IsFolder && !isFolder))
        {
            return VfsStatus.NotPermitted; // a set, or the images of one archive
        }

        var status = isFolder
            ? RenameFolder(from.Value.Source!.Value, path, newPath, mode)
            : await RenameFile(from.Value, path, to.Value, newFolder, newPath);
        return NoteRemoved(status, to.Value.Source);
    }

    private VfsStatus Exchange(in NameMeaning from, string path, in NameMeaning to, string newPath)
    {
        bool isPlain = from is { Staged: null, Archive: null } && to is { Staged: null, Archive: null }
            && Area.Index.Below(path).Length == 0 && Area.Index.Below(newPath).Length == 0;
        if (!isPlain)
        {
            return VfsStatus.InvalidArgument; // as file systems answer that cannot exchange
        }

        var status = Area.ChangeSource(
            path, newPath, () => _writing!.Disk.Rename(_source.FullPath(path), _source.FullPath(newPath), RenameMode.Exchange));
        if (status == VfsStatus.Ok)
        {
            const string aside = "\0aside";
            _nodes.Move(path, aside);
            _nodes.Move(newPath, path);
            _nodes.Move(aside, newPath);
            _changes.NoteAll();
        }

        return status;
    }

    private VfsStatus RenameFolder(in SourceStat source, string path, string newPath, RenameMode mode)
    {
        if (Area.Index.Below(newPath).Length > 0)
        {
            return VfsStatus.NotEmpty;
        }

        StagedFile[] moved = Area.Index.Below(path);
        foreach (var file in moved)
        {
            // Whoever archives one of them right now ends first: that takes no longer than a rename of its own.
            file.Names.Wait();
        }

        try
        {
            var status = Area.MoveFolder(path, newPath, mode, source);
            if (status == VfsStatus.Ok)
            {
                _nodes.Move(path, newPath);
                _changes.NoteAll();
            }

            return status;
        }
        finally
        {
            foreach (var file in moved)
            {
                file.Names.Release();
            }
        }
    }

    private async Task<VfsStatus> RenameFile(NameMeaning from, string path, NameMeaning to, Node newFolder, string newPath)
    {
        StagedFile[] involved = [.. new[] { from.Staged, to.Staged }.OfType<StagedFile>().Distinct().OrderBy(file => file.Id)];
        foreach (var file in involved)
        {
            await file.Names.WaitAsync();
        }

        try
        {
            if (involved.Any(file => file.IsGone))
            {
                return VfsStatus.Stale; // archived since it was looked up; the kernel asks again
            }

            // What another program wrote is not removed: the new file takes the name, and it goes on under its own.
            (string, FileIdentity)? replaced = to switch
            {
                { Staged: null, Source: { } plain } => (newPath, FileIdentity.Of(plain)),
                { Archive: { File: { Probed.IsOwn: true } archive } } => (archive.Path, FileIdentity.Of(archive.NamedStat)),
                _ => null,
            };
            if (to.Archive is { File: { } goingAway })
            {
                Tolerate(goingAway);
            }

            var status = from switch
            {
                { Staged: { } staged } => Area.Rename(staged, newPath, to.Staged, replaced),
                { Archive: { } claim } => RenameArchive(claim, to, replaced, path, newFolder, newPath),
                _ => RenameSource(from.Source!.Value, to.Staged, replaced, path, newPath),
            };
            if (status == VfsStatus.Ok && from.Archive is null)
            {
                _nodes.Move(path, newPath);
                if (to.Archive is not null)
                {
                    BindingsOf(newFolder).Give(NameOf(newPath), StagingArea.ArchivePathOf(NameOf(newPath)));
                }
            }

            if (status == VfsStatus.Ok && from is { Staged: null, Archive: null })
            {
                _ = Queue(from.Source!.Value, path, newPath); // the file has its name; without this it stays raw
            }

            return status;
        }
        finally
        {
            foreach (var file in involved)
            {
                file.Names.Release();
            }
        }
    }

    private VfsStatus RenameSource(
        in SourceStat source, StagedFile? replaced, (string Path, FileIdentity Identity)? replacedSource, string path, string newPath) =>
        replaced is not null || (replacedSource is var (other, _) && other != newPath)
            ? Area.ReplaceBySource(replaced, path, newPath, source, replacedSource)
            : Area.ChangeSource(path, newPath, () => _writing!.Disk.Rename(_source.FullPath(path), _source.FullPath(newPath), RenameMode.Replace));

    /// <summary>A file that gets an MRC name waits to be archived where it lies; one that had such a name and was never written to stays as it is.</summary>
    private VfsStatus Queue(in SourceStat source, string path, string newPath)
    {
        // A file with several names stays raw: archived under one of them, it would part from the others.
        if (source.Kind != NodeKind.File || source.LinkCount > 1 || !MrcNames.IsMrcName(NameOf(newPath)) || MrcNames.IsMrcName(NameOf(path)))
        {
            return VfsStatus.Ok;
        }

        var (device, inode) = (source.Version.Device, source.Version.Inode);
        var node = _nodes.Find(KeyOfSource(source));
        return Area.Adopt(
            newPath, found => found.Version.Device == device && found.Version.Inode == inode,
            staged => node is null ? VfsStatus.Ok : Attach(node, staged), out _);
    }

    private VfsStatus RenameArchive(
        in FolderNames.Claim claim, in NameMeaning to, (string Path, FileIdentity Identity)? replacedSource, string path, Node newFolder, string newPath)
    {
        var file = claim.File;
        string newName = NameOf(newPath);
        bool isMrcName = MrcNames.IsMrcName(newName);
        if (file.IsSet)
        {
            return VfsStatus.NotPermitted;
        }

        if (!isMrcName && file.Probed?.IsOfMount != true)
        {
            return VfsStatus.CrossDevice; // mv then copies the samples; no archive's name can say this one
        }

        // An archive of the mount is always NAME.hdf; another keeps the extension that tells programs what it is.
        string extension = file.Probed?.IsOwn == true ? Path.GetExtension(StagingArea.ArchivePathOf("x")) : Path.GetExtension(file.Path);
        string newArchivePath = newPath + extension;
        if (newArchivePath == file.Path && to.IsNothing)
        {
            return VfsStatus.Ok;
        }

        if (replacedSource is null && to.Archive is { Archive: var kept } && kept.Stem == newName
            && ArchiveName.TryParse(NameOf(newArchivePath), out var renamed) && kept.Rank < renamed.Rank)
        {
            return VfsStatus.AlreadyExists; // what another program wrote stays, and would keep the name
        }

        Tolerate(file);
        bool isReplacing = to.Staged is not null || replacedSource is not null;
        var status = newArchivePath == file.Path ? Remove(to.Staged, replacedSource) // it has the file name already, and another had what is shown for it
            : isReplacing ? Area.ReplaceBySource(to.Staged, file.Path, newArchivePath, file.NamedStat, replacedSource)
            : Area.ChangeSource(
                file.Path, newArchivePath,
                () => _writing!.Disk.Rename(_source.FullPath(file.Path), _source.FullPath(newArchivePath), RenameMode.KeepExisting));
        if (status == VfsStatus.Ok)
        {
            BindingsOf(newFolder).Give(newName, NameOf(newArchivePath));
            _nodes.Move(path, newPath);
            FollowArchive(file.Stat, file.Path, newArchivePath);
        }

        return status;
    }

    private VfsStatus Remove(StagedFile? staged, (string Path, FileIdentity Identity)? source) =>
        staged is not null ? Area.Remove(staged) : source is var (path, _) ? UnlinkSource(path) : VfsStatus.Ok;

    /// <summary>The node of an archive goes on after the mount itself has given it another version (a rename changes ctime).</summary>
    private void FollowArchive(in SourceStat before, string path, string newPath)
    {
        _nodes.Move(path, newPath);
        if (_source.Stat(newPath, followLinks: true, out var now) != VfsStatus.Ok)
        {
            return;
        }

        foreach (var flavour in (ReadOnlySpan<NodeFlavour>)[NodeFlavour.Mrc, NodeFlavour.MrcAsStack, NodeFlavour.MrcAsVolume])
        {
            foreach (string? alias in (ReadOnlySpan<string?>)[null, newPath])
            {
                if (_nodes.Find(new NodeKey(before.Version, flavour, 0, alias)) is { } node)
                {
                    _nodes.Rebind(node, node.Key with { Version = now.Version });
                }
            }
        }
    }
}
