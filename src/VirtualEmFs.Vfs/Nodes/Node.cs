using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Nodes;

/// <summary>A file or folder that the kernel knows.</summary>
/// <remarks>Any thread: what changes is replaced as a whole, and counts are guarded by the table's gate.</remarks>
internal sealed class Node(ulong id, NodeKey key, NodeKind kind)
{
    private NodeFacts? _facts;
    private FolderIndexAt? _index;

    /// <summary>Never used for anything else while the mount lives.</summary>
    public ulong Id => id;

    public NodeKey Key => key;

    public NodeKind Kind => kind;

    /// <summary>Where the node was found last, and what its attributes were; set before the node is handed out.</summary>
    public NodeFacts Facts
    {
        get => Volatile.Read(ref _facts)!;
        set => Volatile.Write(ref _facts, value);
    }

    /// <summary>Archives of a folder, when they were read.</summary>
    public FolderIndexAt? Index
    {
        get => Volatile.Read(ref _index);
        set => Volatile.Write(ref _index, value);
    }

    /// <summary>References that the kernel holds. Guarded by the table's gate.</summary>
    public ulong LookupCount { get; set; }

    /// <summary>Open handles, and entries being replied. Guarded by the table's gate.</summary>
    public int UseCount { get; set; }

    /// <summary>The version that was opened last, for which the kernel may keep pages. Guarded by the table's gate.</summary>
    public SourceVersion? OpenedVersion { get; set; }

    /// <summary>Open handles of the file's own bytes: they tell attributes when the name is gone. Guarded by the table's gate.</summary>
    public List<ISourceFile>? OpenFiles { get; set; }
}

/// <summary>Where a node was found and what was known then.</summary>
/// <param name="Path">Path in the source; of the archive, for virtual nodes.</param>
/// <param name="Attributes">As they are told to the kernel.</param>
/// <param name="Timestamp">When, in ticks of the time provider.</param>
internal sealed record NodeFacts(string Path, NodeAttributes Attributes, long Timestamp);

/// <summary>A folder's archives and when they were read.</summary>
/// <param name="IsSettled">The folder had not changed for a while, so that its version vouches for its names.</param>
internal sealed record FolderIndexAt(FolderIndex Index, long Timestamp, bool IsSettled);
