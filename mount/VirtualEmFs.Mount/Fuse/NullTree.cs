using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>Files of zeros in one folder: what the same host can do when nothing has to be read or decoded. The peer of benchmarks.</summary>
/// <remarks>Any thread; every answer comes before the call returns.</remarks>
public sealed class NullTree : IFileTree
{
    private const uint BlockLengthBytes = 4096;

    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(1);
    private static readonly byte[] s_zeros = GC.AllocateArray<byte>(1 << 20, pinned: true);

    private readonly int _fileCount;
    private readonly long _fileLengthBytes;
    private readonly bool _directIo;
    private readonly long _createdNs = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    /// <param name="directIo">Let every read reach the host, without the kernel's page cache.</param>
    public NullTree(int fileCount, long fileLengthBytes, bool directIo = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fileCount);
        ArgumentOutOfRangeException.ThrowIfNegative(fileLengthBytes);
        _fileCount = fileCount;
        _fileLengthBytes = fileLengthBytes;
        _directIo = directIo;
    }

    /// <summary>Name of a file: zeros-000.mrc.</summary>
    public static string NameOf(int fileIndex) => $"zeros-{fileIndex:000}.mrc";

    public void Lookup(ulong parentId, string name, IReply<NodeEntry> reply)
    {
        for (int i = 0; i < _fileCount; i++)
        {
            if (name == NameOf(i))
            {
                reply.Ok(EntryOf(IdOf(i)));
                return;
            }
        }

        reply.Fail(VfsStatus.NotFound);
    }

    public void Forget(ulong nodeId, ulong count)
    {
    }

    public void Retain(ulong nodeId)
    {
    }

    public void GetAttributes(ulong nodeId, ulong? handle, IReply<(NodeAttributes Attributes, TimeSpan Timeout)> reply) =>
        reply.Ok((AttributesOf(nodeId), s_timeout));

    public void ReadLink(ulong nodeId, IReply<string> reply) => reply.Fail(VfsStatus.InvalidArgument);

    public void OpenDirectory(ulong nodeId, IReply<ulong> reply) => reply.Ok(nodeId);

    public void ReadDirectory(ulong handle, long offset, int maximumCount, bool withAttributes, IReply<IReadOnlyList<DirectoryEntry>> reply)
    {
        var entries = new List<DirectoryEntry>();
        for (long i = offset; i < _fileCount && entries.Count < maximumCount; i++)
        {
            ulong nodeId = IdOf((int)i);
            entries.Add(new DirectoryEntry(NameOf((int)i), NodeKind.File, nodeId, i + 1, withAttributes ? EntryOf(nodeId) : null));
        }

        reply.Ok(entries);
    }

    public void ReleaseDirectory(ulong handle)
    {
    }

    public void Open(ulong nodeId, bool forWriting, IReply<OpenedFile> reply)
    {
        if (forWriting)
        {
            reply.Fail(VfsStatus.ReadOnly);
        }
        else
        {
            reply.Ok(new OpenedFile(nodeId, KeepCache: !_directIo, DirectIo: _directIo));
        }
    }

    public void Read(ulong handle, long fileOffset, int lengthBytes, IReadReply reply) =>
        reply.Data(s_zeros.AsSpan(0, (int)Math.Clamp(_fileLengthBytes - fileOffset, 0, Math.Min(lengthBytes, s_zeros.Length))));

    public void Release(ulong handle)
    {
    }

    public void Seek(ulong handle, long fileOffset, SeekKind kind, IReply<long> reply)
    {
        if (fileOffset < 0 || fileOffset >= _fileLengthBytes)
        {
            reply.Fail(VfsStatus.NoSuchOffset);
        }
        else
        {
            reply.Ok(kind == SeekKind.Data ? fileOffset : _fileLengthBytes);
        }
    }

    public void GetExtendedAttribute(ulong nodeId, string name, IReply<byte[]> reply) => reply.Fail(VfsStatus.NoData);

    public void ListExtendedAttributes(ulong nodeId, IReply<IReadOnlyList<string>> reply) => reply.Ok([]);

    public void GetCapacity(ulong nodeId, IReply<FileSystemCapacity> reply) =>
        reply.Ok(new FileSystemCapacity(BlockLengthBytes, BlockLengthBytes, 0, 0, 0, (ulong)_fileCount, 0, 255));

    private static ulong IdOf(int fileIndex) => IFileTree.RootId + 1 + (ulong)fileIndex;

    private NodeEntry EntryOf(ulong nodeId) => new(nodeId, AttributesOf(nodeId), s_timeout);

    private NodeAttributes AttributesOf(ulong nodeId)
    {
        bool isRoot = nodeId == IFileTree.RootId;
        long lengthBytes = isRoot ? 0 : _fileLengthBytes;
        return new NodeAttributes(
            nodeId, isRoot ? NodeKind.Directory : NodeKind.File, isRoot ? 0x16Du : 0x124u, isRoot ? 2u : 1u, 0, 0, 0, lengthBytes,
            (lengthBytes + 511) / 512, _createdNs, _createdNs, _createdNs);
    }
}
