using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Tests.Vfs.Tree.Writing;

/// <summary>A disk that lets a test look on at some of its calls.</summary>
internal sealed class GatedDisk(IDisk disk) : IDisk
{
    /// <summary>Told the new path before a rename.</summary>
    public Action<string>? Renaming { get; set; }

    /// <summary>Likewise, when the file has it.</summary>
    public Action<string>? Renamed { get; set; }

    /// <summary>Told the path of a file before it is opened.</summary>
    public Action<string>? Opening { get; set; }

    /// <summary>Told the path of a folder before it is flushed.</summary>
    public Action<string>? SyncingFolder { get; set; }

    public bool CanChangeOwner => disk.CanChangeOwner;

    public VfsStatus Rename(string from, string to, RenameMode mode)
    {
        Renaming?.Invoke(to);
        var status = disk.Rename(from, to, mode);
        Renamed?.Invoke(to);
        return status;
    }

    public VfsStatus Open(string path, DiskAccess access, uint permissions, out IDiskFile? file)
    {
        Opening?.Invoke(path);
        return disk.Open(path, access, permissions, out file);
    }

    public VfsStatus Stat(string path, out SourceStat stat) => disk.Stat(path, out stat);

    public VfsStatus List(string path, out IReadOnlyList<SourceName> names) => disk.List(path, out names);

    public VfsStatus MakeFolder(string path, uint permissions) => disk.MakeFolder(path, permissions);

    public VfsStatus RemoveFolder(string path) => disk.RemoveFolder(path);

    public VfsStatus MakeSymbolicLink(string path, string target) => disk.MakeSymbolicLink(path, target);

    public VfsStatus MakeNode(string path, NodeKind kind, uint permissions, ulong deviceNumber) => disk.MakeNode(path, kind, permissions, deviceNumber);

    public VfsStatus MakeHardLink(string existingPath, string path) => disk.MakeHardLink(existingPath, path);

    public VfsStatus Unlink(string path) => disk.Unlink(path);

    public VfsStatus SetAttributes(string path, in AttributeChange change) => disk.SetAttributes(path, change);

    public VfsStatus GetExtendedAttribute(string path, string name, out byte[] value) => disk.GetExtendedAttribute(path, name, out value);

    public VfsStatus ListExtendedAttributes(string path, out IReadOnlyList<string> names) => disk.ListExtendedAttributes(path, out names);

    public VfsStatus SetExtendedAttribute(string path, string name, ReadOnlySpan<byte> value, ExtendedAttributeMode mode) =>
        disk.SetExtendedAttribute(path, name, value, mode);

    public VfsStatus RemoveExtendedAttribute(string path, string name) => disk.RemoveExtendedAttribute(path, name);

    public VfsStatus SyncFolder(string path)
    {
        SyncingFolder?.Invoke(path);
        return disk.SyncFolder(path);
    }

    public VfsStatus GetCapacity(string path, out FileSystemCapacity capacity) => disk.GetCapacity(path, out capacity);
}
