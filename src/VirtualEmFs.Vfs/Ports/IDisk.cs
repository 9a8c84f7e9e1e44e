namespace VirtualEmFs.Vfs.Ports;

/// <summary>How <see cref="IDisk.Open"/> opens a file.</summary>
public enum DiskAccess
{
    Read,

    /// <summary>Reading and writing; the file exists.</summary>
    ReadWrite,

    /// <summary>Reading and writing; the file must not exist and is created.</summary>
    CreateNew,
}

/// <summary>What a rename does with a file that has the new name.</summary>
public enum RenameMode
{
    Replace,

    /// <summary>RENAME_NOREPLACE: a taken name is <see cref="VfsStatus.AlreadyExists"/>.</summary>
    KeepExisting,

    /// <summary>RENAME_EXCHANGE: the two swap their names.</summary>
    Exchange,
}

/// <summary>
/// The seam through which everything that staging, journal, write-back, recovery and the writable tree do to a disk passes: the real
/// one in a mount, a simulated one in tests, which stops at any call and loses what was not flushed.
/// </summary>
/// <remarks>
/// Any thread. Paths are absolute; links are never followed. Every call may wait for the disk. Outcomes come back as a status, never
/// as an exception. Nothing is durable before <see cref="IDiskFile.Sync"/> of a file and <see cref="SyncFolder"/> of its folder.
/// </remarks>
public interface IDisk
{
    /// <summary>True when files can be given to other users, as root can.</summary>
    bool CanChangeOwner { get; }

    /// <param name="permissions">For <see cref="DiskAccess.CreateNew"/>: the low 12 bits of st_mode, exactly.</param>
    VfsStatus Open(string path, DiskAccess access, uint permissions, out IDiskFile? file);

    VfsStatus Stat(string path, out SourceStat stat);

    VfsStatus List(string path, out IReadOnlyList<SourceName> names);

    VfsStatus MakeFolder(string path, uint permissions);

    VfsStatus RemoveFolder(string path);

    VfsStatus MakeSymbolicLink(string path, string target);

    /// <summary>Makes a fifo, socket or device.</summary>
    VfsStatus MakeNode(string path, NodeKind kind, uint permissions, ulong deviceNumber);

    VfsStatus MakeHardLink(string existingPath, string path);

    VfsStatus Unlink(string path);

    VfsStatus Rename(string from, string to, RenameMode mode);

    /// <summary>Changes attributes; <see cref="AttributeChange.LengthBytes"/> must be null.</summary>
    VfsStatus SetAttributes(string path, in AttributeChange change);

    VfsStatus GetExtendedAttribute(string path, string name, out byte[] value);

    VfsStatus ListExtendedAttributes(string path, out IReadOnlyList<string> names);

    VfsStatus SetExtendedAttribute(string path, string name, ReadOnlySpan<byte> value, ExtendedAttributeMode mode);

    VfsStatus RemoveExtendedAttribute(string path, string name);

    /// <summary>Makes the names of a folder durable.</summary>
    VfsStatus SyncFolder(string path);

    VfsStatus GetCapacity(string path, out FileSystemCapacity capacity);
}

/// <summary>A file opened through <see cref="IDisk"/>.</summary>
/// <remarks>Any thread; reads and writes at offsets run side by side.</remarks>
public interface IDiskFile : ISourceFile
{
    /// <summary>Writes at an offset, extending the file where needed.</summary>
    /// <param name="writtenBytes">All of them, or those before the failure that the status tells.</param>
    VfsStatus Write(long fileOffset, ReadOnlySpan<byte> bytes, out int writtenBytes);

    VfsStatus SetLength(long lengthBytes);

    VfsStatus Allocate(AllocationMode mode, long fileOffset, long lengthBytes);

    /// <summary>Changes attributes; <see cref="AttributeChange.LengthBytes"/> must be null.</summary>
    VfsStatus SetAttributes(in AttributeChange change);

    /// <summary>Makes the bytes durable, and the attributes too unless <paramref name="dataOnly"/>.</summary>
    VfsStatus Sync(bool dataOnly);

    /// <summary>Lets the disk begin with a range, so that a later <see cref="Sync"/> has less to wait for. Promises nothing, and tells no failure; the
    /// file may be closed meanwhile.</summary>
    void BeginSync(long fileOffset, long lengthBytes)
    {
    }
}
