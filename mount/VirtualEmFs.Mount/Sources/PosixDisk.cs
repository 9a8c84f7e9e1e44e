using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Mount.Sources;

/// <summary>The real disk, through Linux's system calls.</summary>
/// <param name="faults">Failures for tests to provoke; null outside them.</param>
/// <remarks>Any thread. Names keep bytes that are not UTF-8 (<see cref="PathBytes"/>). Permissions come out as asked, whatever the umask is.</remarks>
public sealed class PosixDisk(DiskFaults? faults = null) : IDisk
{
    private const uint SetGroupIdBit = 0x400; // 02000

    private readonly PosixSourceTree _tree = new("/"); // reads names and attributes by absolute path, as it does the source's

    public bool CanChangeOwner { get; } = LinuxProcess.IsRoot;

    public VfsStatus Open(string path, DiskAccess access, uint permissions, out IDiskFile? file)
    {
        file = null;
        if (Before(DiskCall.Open, path) is not VfsStatus.Ok and var fault)
        {
            return fault;
        }

        // O_NONBLOCK: a FIFO of that name would wait for a writer for ever.
        int flags = LinuxFile.O_NOFOLLOW | LinuxFile.O_NONBLOCK | access switch
        {
            DiskAccess.Read => LinuxFile.O_RDONLY,
            DiskAccess.ReadWrite => LinuxFile.O_RDWR,
            _ => LinuxFile.O_RDWR | LinuxFile.O_CREAT | LinuxFile.O_EXCL,
        };
        int errno = LinuxFile.Open(path, flags, out SafeFileHandle? handle, permissions);
        if (errno == 0 && access == DiskAccess.CreateNew)
        {
            errno = LinuxAttributes.SetPermissions(handle!, permissions);
            if (errno != 0)
            {
                handle!.Dispose();
                _ = LinuxCommit.Unlink(path);
            }
        }

        file = errno == 0 ? new PosixDiskFile(handle!, path, faults) : null;
        return VfsErrno.ToStatus(errno);
    }

    public VfsStatus Stat(string path, out SourceStat stat)
    {
        stat = default;
        return Before(DiskCall.Stat, path) is not VfsStatus.Ok and var fault ? fault : _tree.Stat(path, followLinks: false, out stat);
    }

    public VfsStatus List(string path, out IReadOnlyList<SourceName> names)
    {
        names = [];
        return Before(DiskCall.List, path) is not VfsStatus.Ok and var fault ? fault : _tree.List(path, out names);
    }

    /// <inheritdoc/>
    /// <remarks>A set-group-id bit that the folder above hands down stays, as after mkdir(2).</remarks>
    public VfsStatus MakeFolder(string path, uint permissions)
    {
        if (Before(DiskCall.MakeFolder, path) is not VfsStatus.Ok and var fault)
        {
            return fault;
        }

        int errno = LinuxNames.MakeFolder(path, permissions);
        return VfsErrno.ToStatus(errno != 0 ? errno : CorrectPermissions(path, permissions));
    }

    public VfsStatus RemoveFolder(string path) =>
        Before(DiskCall.RemoveFolder, path) is not VfsStatus.Ok and var fault ? fault : VfsErrno.ToStatus(LinuxNames.RemoveFolder(path));

    public VfsStatus MakeSymbolicLink(string path, string target) =>
        Before(DiskCall.MakeSymbolicLink, path) is not VfsStatus.Ok and var fault
            ? fault
            : VfsErrno.ToStatus(LinuxNames.MakeSymbolicLink(path, target));

    public VfsStatus MakeNode(string path, NodeKind kind, uint permissions, ulong deviceNumber)
    {
        if (Before(DiskCall.MakeNode, path) is not VfsStatus.Ok and var fault)
        {
            return fault;
        }

        int errno = LinuxNames.MakeNode(path, ((uint)kind << 12) | permissions, deviceNumber);
        return VfsErrno.ToStatus(errno != 0 ? errno : CorrectPermissions(path, permissions));
    }

    public VfsStatus MakeHardLink(string existingPath, string path) =>
        Before(DiskCall.MakeHardLink, existingPath, path) is not VfsStatus.Ok and var fault
            ? fault
            : VfsErrno.ToStatus(LinuxNames.MakeHardLink(existingPath, path));

    public VfsStatus Unlink(string path) =>
        Before(DiskCall.Unlink, path) is not VfsStatus.Ok and var fault ? fault : VfsErrno.ToStatus(LinuxCommit.Unlink(path));

    public VfsStatus Rename(string from, string to, RenameMode mode) =>
        Before(DiskCall.Rename, from, to) is not VfsStatus.Ok and var fault
            ? fault
            : VfsErrno.ToStatus(mode switch
            {
                RenameMode.KeepExisting => LinuxCommit.RenameWithoutReplacing(from, to),
                RenameMode.Exchange => LinuxCommit.Exchange(from, to),
                _ => LinuxCommit.Rename(from, to),
            });

    public VfsStatus SetAttributes(string path, in AttributeChange change)
    {
        if (Before(DiskCall.SetAttributes, path) is not VfsStatus.Ok and var fault)
        {
            return fault;
        }

        return Apply(
            change,
            (uid, gid) => LinuxAttributes.SetOwner(path, uid, gid),
            permissions => LinuxAttributes.SetPermissions(path, permissions),
            (atimeNs, mtimeNs) => LinuxAttributes.SetTimes(path, atimeNs, mtimeNs));
    }

    /// <summary>Changes what a change names. Each function returns 0 or an error number.</summary>
    internal static VfsStatus Apply(
        in AttributeChange change, Func<uint?, uint?, int> setOwner, Func<uint, int> setPermissions, Func<long?, long?, int> setTimes)
    {
        if (change.LengthBytes is not null)
        {
            return VfsStatus.InvalidArgument;
        }

        // The owner first: chown clears the set-user-id and set-group-id bits.
        int errno = change.Uid is null && change.Gid is null ? 0 : setOwner(change.Uid, change.Gid);
        errno = errno == 0 && change.Permissions is { } permissions ? setPermissions(permissions) : errno;
        errno = errno == 0 && (change.AtimeNs is not null || change.MtimeNs is not null) ? setTimes(change.AtimeNs, change.MtimeNs) : errno;
        return VfsErrno.ToStatus(errno);
    }

    public VfsStatus GetExtendedAttribute(string path, string name, out byte[] value)
    {
        value = [];
        return Before(DiskCall.GetExtendedAttribute, path) is not VfsStatus.Ok and var fault
            ? fault
            : _tree.GetExtendedAttribute(path, name, out value);
    }

    public VfsStatus ListExtendedAttributes(string path, out IReadOnlyList<string> names)
    {
        names = [];
        return Before(DiskCall.ListExtendedAttributes, path) is not VfsStatus.Ok and var fault
            ? fault
            : _tree.ListExtendedAttributes(path, out names);
    }

    public VfsStatus SetExtendedAttribute(string path, string name, ReadOnlySpan<byte> value, ExtendedAttributeMode mode) =>
        Before(DiskCall.SetExtendedAttribute, path) is not VfsStatus.Ok and var fault
            ? fault
            : VfsErrno.ToStatus(LinuxAttributes.SetExtendedAttribute(path, name, value, (int)mode));

    public VfsStatus RemoveExtendedAttribute(string path, string name) =>
        Before(DiskCall.RemoveExtendedAttribute, path) is not VfsStatus.Ok and var fault
            ? fault
            : VfsErrno.ToStatus(LinuxAttributes.RemoveExtendedAttribute(path, name));

    public VfsStatus SyncFolder(string path)
    {
        if (Before(DiskCall.SyncFolder, path) is not VfsStatus.Ok and var fault)
        {
            return fault;
        }

        int errno = LinuxFile.Open(path, LinuxFile.O_RDONLY | LinuxFile.O_DIRECTORY | LinuxFile.O_NOFOLLOW, out SafeFileHandle? folder);
        using (folder)
        {
            return VfsErrno.ToStatus(errno != 0 ? errno : LinuxFile.Sync(folder!, dataOnly: false));
        }
    }

    public VfsStatus GetCapacity(string path, out FileSystemCapacity capacity)
    {
        capacity = default;
        return Before(DiskCall.GetCapacity, path) is not VfsStatus.Ok and var fault ? fault : _tree.GetCapacity(path, out capacity);
    }

    // What the umask took away is given back.
    private static int CorrectPermissions(string path, uint permissions)
    {
        int errno = LinuxFile.Stat(path, followLinks: false, out Statx stat);
        if (errno != 0)
        {
            return errno;
        }

        uint wanted = permissions | (stat.IsFolder ? stat.stx_mode & SetGroupIdBit : 0);
        return (stat.stx_mode & 0xFFF) == wanted ? 0 : LinuxAttributes.SetPermissions(path, wanted);
    }

    private VfsStatus Before(DiskCall call, string path, string? secondPath = null) => faults?.Count(call, path, secondPath) ?? VfsStatus.Ok;
}
