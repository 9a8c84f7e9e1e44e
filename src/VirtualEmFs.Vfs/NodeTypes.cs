namespace VirtualEmFs.Vfs;

/// <summary>What a node is, as the kernel sees it; the values are those of d_type.</summary>
public enum NodeKind : byte
{
    Fifo = 1,
    CharacterDevice = 2,
    Directory = 4,
    BlockDevice = 6,
    File = 8,
    SymbolicLink = 10,
    Socket = 12,
}

/// <summary>Attributes of a node, times in nanoseconds since 1970.</summary>
/// <param name="Inode">st_ino: stable across remounts for an unchanged source; not the node id.</param>
/// <param name="Permissions">The low 12 bits of st_mode.</param>
/// <param name="BlockCount">Blocks of 512 bytes that the source really occupies.</param>
public readonly record struct NodeAttributes(
    ulong Inode, NodeKind Kind, uint Permissions, uint LinkCount, uint Uid, uint Gid, ulong DeviceNumber,
    long LengthBytes, long BlockCount, long AtimeNs, long MtimeNs, long CtimeNs);

/// <summary>A node found by name. The kernel now holds one reference, to be given back through <see cref="IFileTree.Forget"/>.</summary>
/// <param name="NodeId">Never re-used while the mount lives.</param>
/// <param name="Timeout">How long name and attributes may be cached.</param>
public readonly record struct NodeEntry(ulong NodeId, NodeAttributes Attributes, TimeSpan Timeout);

/// <summary>An opened file.</summary>
/// <param name="Handle">For read and release.</param>
/// <param name="KeepCache">The kernel's cached pages of this node are still right.</param>
/// <param name="DirectIo">The kernel must not cache; reads may end early at damage (<c>--damaged serve</c>).</param>
public readonly record struct OpenedFile(ulong Handle, bool KeepCache, bool DirectIo);

/// <summary>One name of a folder.</summary>
/// <param name="NextOffset">Offset cookie of the entry after this one.</param>
/// <param name="Entry">Node and attributes when they were asked for and could be had; its reference is not counted
/// until <see cref="IFileTree.Retain"/>. "." and ".." have none.</param>
public readonly record struct DirectoryEntry(string Name, NodeKind Kind, ulong Inode, long NextOffset, NodeEntry? Entry);

/// <summary>Capacity of the disk behind a node, in the units of statvfs.</summary>
public readonly record struct FileSystemCapacity(
    ulong BlockLengthBytes, ulong FragmentLengthBytes, ulong Blocks, ulong FreeBlocks, ulong AvailableBlocks, ulong Files, ulong FreeFiles,
    ulong MaximumNameLength);

/// <summary>What lseek asks for.</summary>
public enum SeekKind
{
    Data = 3,
    Hole = 4,
}

/// <summary>Permissions and owner that a new file gets; the umask has been applied.</summary>
/// <param name="Permissions">The low 12 bits of st_mode.</param>
public readonly record struct Creation(uint Permissions, uint Uid, uint Gid);

/// <summary>A file created and opened at once.</summary>
public readonly record struct CreatedFile(NodeEntry Entry, OpenedFile File);

/// <summary>Attributes to be changed; what is null stays. Times in nanoseconds since 1970.</summary>
public readonly record struct AttributeChange(
    uint? Permissions = null, uint? Uid = null, uint? Gid = null, long? LengthBytes = null, long? AtimeNs = null, long? MtimeNs = null);

/// <summary>What fallocate asks for.</summary>
[Flags]
public enum AllocationMode
{
    Extend = 0,

    /// <summary>FALLOC_FL_KEEP_SIZE.</summary>
    KeepLength = 1,

    /// <summary>FALLOC_FL_PUNCH_HOLE; always with <see cref="KeepLength"/>.</summary>
    PunchHole = 2,

    /// <summary>FALLOC_FL_ZERO_RANGE.</summary>
    Zero = 16,
}

/// <summary>What setxattr does with an attribute that is there, or is not.</summary>
public enum ExtendedAttributeMode
{
    CreateOrReplace = 0,
    Create = 1,
    Replace = 2,
}

/// <summary>The value of an operation that has none.</summary>
public readonly record struct Done;
