namespace VirtualEmFs.Vfs;

/// <summary>
/// The tree of files that a host (FUSE, later WinFsp) serves. No method waits: each returns at once, and its reply is
/// called, possibly before it returns, from whichever thread has the answer.
/// </summary>
/// <remarks>Any thread. Names are strings whose undecodable bytes are lone surrogates U+DC80..U+DCFF (one per byte), so
/// that every Linux name survives. Node 1 is the root.</remarks>
public interface IFileTree
{
    /// <summary>Node id of the root.</summary>
    const ulong RootId = 1;

    void Lookup(ulong parentId, string name, IReply<NodeEntry> reply);

    /// <summary>Gives back references that lookups and <see cref="Retain"/> took.</summary>
    void Forget(ulong nodeId, ulong count);

    /// <summary>Counts the reference of a directory entry that the host passes to the kernel. Only inside the reply that brought the
    /// entry: nodes that nobody refers to are gone after it.</summary>
    void Retain(ulong nodeId);

    /// <param name="handle">An open handle of the node, or null.</param>
    void GetAttributes(ulong nodeId, ulong? handle, IReply<(NodeAttributes Attributes, TimeSpan Timeout)> reply);

    void ReadLink(ulong nodeId, IReply<string> reply);

    void OpenDirectory(ulong nodeId, IReply<ulong> reply);

    /// <summary>Entries of an opened folder from an offset cookie on (0 is the start); at most <paramref name="maximumCount"/>; none at the end.</summary>
    /// <param name="withAttributes">Fill <see cref="DirectoryEntry.Entry"/>.</param>
    void ReadDirectory(ulong handle, long offset, int maximumCount, bool withAttributes, IReply<IReadOnlyList<DirectoryEntry>> reply);

    void ReleaseDirectory(ulong handle);

    /// <param name="forWriting">The caller asked for write access.</param>
    void Open(ulong nodeId, bool forWriting, IReply<OpenedFile> reply);

    void Read(ulong handle, long fileOffset, int lengthBytes, IReadReply reply);

    void Release(ulong handle);

    void Seek(ulong handle, long fileOffset, SeekKind kind, IReply<long> reply);

    /// <summary>Value of an extended attribute, UTF-8. Names outside <c>user.</c> are refused by the host itself.</summary>
    void GetExtendedAttribute(ulong nodeId, string name, IReply<byte[]> reply);

    void ListExtendedAttributes(ulong nodeId, IReply<IReadOnlyList<string>> reply);

    void GetCapacity(ulong nodeId, IReply<FileSystemCapacity> reply);

    // Changes. A tree that has none of them is read-only: the host mounts it so, and these answers are never asked for.

    void SetAttributes(ulong nodeId, ulong? handle, AttributeChange change, IReply<(NodeAttributes Attributes, TimeSpan Timeout)> reply) =>
        reply.Fail(VfsStatus.ReadOnly);

    /// <summary>Creates a file and opens it for reading and writing.</summary>
    /// <param name="isExclusive">A name that exists is <see cref="VfsStatus.AlreadyExists"/>; otherwise that file is opened.</param>
    void Create(ulong parentId, string name, Creation creation, bool isExclusive, IReply<CreatedFile> reply) => reply.Fail(VfsStatus.ReadOnly);

    void MakeDirectory(ulong parentId, string name, Creation creation, IReply<NodeEntry> reply) => reply.Fail(VfsStatus.ReadOnly);

    /// <summary>Makes a plain file, fifo, socket or device without opening it.</summary>
    void MakeNode(ulong parentId, string name, NodeKind kind, ulong deviceNumber, Creation creation, IReply<NodeEntry> reply) =>
        reply.Fail(VfsStatus.ReadOnly);

    void MakeSymbolicLink(ulong parentId, string name, string target, Creation creation, IReply<NodeEntry> reply) => reply.Fail(VfsStatus.ReadOnly);

    void MakeHardLink(ulong nodeId, ulong newParentId, string newName, IReply<NodeEntry> reply) => reply.Fail(VfsStatus.ReadOnly);

    void Unlink(ulong parentId, string name, IReply<Done> reply) => reply.Fail(VfsStatus.ReadOnly);

    void RemoveDirectory(ulong parentId, string name, IReply<Done> reply) => reply.Fail(VfsStatus.ReadOnly);

    void Rename(ulong parentId, string name, ulong newParentId, string newName, Ports.RenameMode mode, IReply<Done> reply) =>
        reply.Fail(VfsStatus.ReadOnly);

    /// <param name="bytes">Borrowed for the call, unless the reply keeps them (<see cref="IBytesReply"/>).</param>
    /// <param name="reply">Told how many bytes were written.</param>
    void Write(ulong handle, long fileOffset, ReadOnlySpan<byte> bytes, IReply<int> reply) => reply.Fail(VfsStatus.ReadOnly);

    void Allocate(ulong handle, AllocationMode mode, long fileOffset, long lengthBytes, IReply<Done> reply) => reply.Fail(VfsStatus.ReadOnly);

    /// <summary>Replies when what was written is durable.</summary>
    void Sync(ulong handle, bool dataOnly, IReply<Done> reply) => reply.Ok(default);

    /// <summary>Replies when the names of an opened folder are durable.</summary>
    void SyncDirectory(ulong handle, IReply<Done> reply) => reply.Ok(default);

    /// <param name="name">Begins with <c>user.</c>; the host refuses others.</param>
    /// <param name="value">Borrowed for the call.</param>
    void SetExtendedAttribute(ulong nodeId, string name, ReadOnlySpan<byte> value, ExtendedAttributeMode mode, IReply<Done> reply) =>
        reply.Fail(VfsStatus.ReadOnly);

    void RemoveExtendedAttribute(ulong nodeId, string name, IReply<Done> reply) => reply.Fail(VfsStatus.ReadOnly);
}
