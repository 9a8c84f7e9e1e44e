using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>Does to the source what a record of the journal says, at once or after a crash that may have come in the middle.</summary>
/// <remarks>Any thread; every call may wait for the disk.</remarks>
internal sealed class SourceActions(IDisk disk, string sourcePath)
{
    /// <summary>Absolute path of a path in the source.</summary>
    public string FullPath(string path) => path.Length == 0 ? sourcePath : $"{sourcePath}/{path}";

    public static string FolderOf(string fullPath) => fullPath.LastIndexOf('/') is var slash and > 0 ? fullPath[..slash] : "/";

    /// <summary>
    /// Makes a folder of the mount's own in the source. It follows the source's permissions, group and, as root, owner, also when it is there already: whoever may
    /// write to the source may be the next to mount it, and needs it then.
    /// </summary>
    /// <param name="name">Its path in the source.</param>
    public static VfsStatus MakeOwnFolder(IDisk disk, string sourcePath, string name)
    {
        string fullPath = $"{sourcePath}/{name}";
        var status = disk.Stat(sourcePath, out var source);
        status = status == VfsStatus.Ok ? disk.MakeFolder(fullPath, source.Permissions) : status;
        if (status is not (VfsStatus.Ok or VfsStatus.AlreadyExists))
        {
            return status;
        }

        // Only its owner may change it, and only to a group of theirs: where not, it does as it is, or the first file in it says why not.
        status = disk.Stat(fullPath, out var folder);
        uint? owner = disk.CanChangeOwner && status == VfsStatus.Ok && folder.Uid != source.Uid ? source.Uid : null;
        if (status == VfsStatus.Ok && (owner is not null || folder.Gid != source.Gid))
        {
            _ = disk.SetAttributes(fullPath, new AttributeChange(Uid: owner, Gid: source.Gid));
        }

        if (status == VfsStatus.Ok && folder.Permissions != source.Permissions)
        {
            _ = disk.SetAttributes(fullPath, new AttributeChange(source.Permissions));
        }

        return status;
    }

    /// <summary>What is under a path of the source now. Of a file it is flushed first: after a power cut it must still be told by its length and time.</summary>
    public VfsStatus Identify(string path, out FileIdentity identity)
    {
        identity = default;
        var status = disk.Stat(FullPath(path), out var stat);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        if (stat.Kind == NodeKind.File && disk.Open(FullPath(path), DiskAccess.Read, 0, out var file) is var opened && opened != VfsStatus.AccessDenied)
        {
            using (file)
            {
                status = opened == VfsStatus.Ok ? file!.Sync(dataOnly: false) : opened;
                status = status == VfsStatus.Ok ? file!.Stat(out stat) : status;
                if (status != VfsStatus.Ok)
                {
                    return status;
                }
            }
        }

        identity = FileIdentity.Of(stat);
        return VfsStatus.Ok;
    }

    /// <summary>What is under a path of the source; null when nothing is.</summary>
    public VfsStatus Find(string path, out FileIdentity? identity, out NodeKind kind)
    {
        var status = disk.Stat(FullPath(path), out var stat);
        kind = stat.Kind;
        identity = status == VfsStatus.Ok ? FileIdentity.Of(stat) : null;
        return status is VfsStatus.NotFound or VfsStatus.NotDirectory ? VfsStatus.Ok : status;
    }

    /// <summary>Does an action for the first time. A file that is already away counts as removed.</summary>
    public VfsStatus Execute(SourceAction action)
    {
        // Of two names of one file rename(2) removes none; the old one has to go.
        bool hasBothNames = action.Mode == RenameMode.Replace && action.Replaces == action.Identity;
        if (action.NewPath is not null && !hasBothNames)
        {
            return disk.Rename(FullPath(action.Path), FullPath(action.NewPath), action.Mode);
        }

        var status = disk.Unlink(FullPath(action.Path));
        return status == VfsStatus.NotFound ? VfsStatus.Ok : status;
    }

    /// <summary>Does an action that may have been done before: only to the file that it is about, and only over the one that it may replace.</summary>
    /// <returns><see cref="VfsStatus.NotFound"/> when the file is under neither name.</returns>
    public VfsStatus Repeat(SourceAction action)
    {
        var status = Find(action.Path, out var old, out var kind);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        if (action.NewPath is null)
        {
            return old == action.Identity ? Execute(action) : VfsStatus.Ok;
        }

        status = Find(action.NewPath, out var now, out var kindNow);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        if (now == action.Identity)
        {
            // Where a rename is a link and an unlink, or took place in two folders of which one was flushed, both names can be there.
            bool hasBothNames = old == now && kind == NodeKind.File && action.Mode != RenameMode.Exchange;
            return hasBothNames ? disk.Unlink(FullPath(action.Path)) : VfsStatus.Ok;
        }

        if (old != action.Identity)
        {
            return VfsStatus.NotFound;
        }

        bool isTaken = action.Mode == RenameMode.Replace && now is not null && kindNow != NodeKind.Directory && now != action.Replaces;
        return isTaken ? VfsStatus.AlreadyExists : Execute(action);
    }

    /// <summary>True when nothing of an action is left to do. Changes nothing.</summary>
    public bool IsDone(SourceAction action) => action.NewPath is null
        ? Find(action.Path, out var old, out _) == VfsStatus.Ok && old != action.Identity
        : Find(action.NewPath, out var now, out _) == VfsStatus.Ok && now == action.Identity;

    /// <summary>Makes an action durable, with the folders above what it moved. The new name comes first: both may be there, never none.</summary>
    public VfsStatus MakeDurable(SourceAction action)
    {
        var status = action.NewPath is null ? VfsStatus.Ok : SyncFoldersAbove(action.NewPath);
        return status == VfsStatus.Ok ? SyncFolder(FolderOf(FullPath(action.Path))) : status;
    }

    /// <summary>Makes a name durable, and those of the folders that it lies in.</summary>
    public VfsStatus SyncFoldersAbove(string path)
    {
        var status = VfsStatus.Ok;
        for (string folder = FullPath(path); status == VfsStatus.Ok && folder != sourcePath;)
        {
            folder = FolderOf(folder);
            status = SyncFolder(folder);
        }

        return status;
    }

    /// <summary>Makes the names of a folder durable. One that is gone has none.</summary>
    public VfsStatus SyncFolder(string fullPath) => disk.SyncFolder(fullPath) is var status && status != VfsStatus.NotFound ? status : VfsStatus.Ok;
}
