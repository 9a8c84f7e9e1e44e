using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>Gives new files to whom they belong, as far as a mount may that is not root's.</summary>
internal static class FileOwner
{
    /// <summary>Gives a file its owner and group; without root's rights the group alone, where it is one of the mount's user.</summary>
    /// <param name="permissions">Set as well, exactly; null for those that it has.</param>
    /// <param name="set">Changes attributes of the file, open or by its path.</param>
    public static VfsStatus Give(IDisk disk, uint? permissions, uint uid, uint gid, Func<AttributeChange, VfsStatus> set)
    {
        if (disk.CanChangeOwner)
        {
            return set(new AttributeChange(permissions, uid, gid));
        }

        // A new group may end set-user-id bits, so that permissions come after it.
        var status = set(new AttributeChange(Gid: gid));
        status = status is VfsStatus.NotPermitted or VfsStatus.AccessDenied ? VfsStatus.Ok : status;
        return status == VfsStatus.Ok && permissions is not null ? set(new AttributeChange(permissions)) : status;
    }
}
