using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Nodes;

/// <summary>A file or folder that the kernel knows.</summary>
/// <remarks>Any thread: what changes is replaced as a whole, and counts are guarded by the table's gate.</remarks>
internal sealed class Node(ulong id, NodeKey key, NodeKind kind)
{
    private NodeFacts? _facts;
    private FolderIndexAt? _index;
    private StagedFile? _staged;
    private SemaphoreSlim? _staging;

    /// <summary>Never used for anything else while the mount lives.</summary>
    public ulong Id => id;

    /// <summary>Changed by the table alone: the node of an archive goes on as that of a staged file once it is written to.</summary>
    public NodeKey Key { get; internal set; } = key;

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

    /// <summary>The staged file that the node shows, from the first write on; null for everything else. Set once.</summary>
    public StagedFile? Staged
    {
        get => Volatile.Read(ref _staged);
        set => Volatile.Write(ref _staged, value);
    }

    /// <summary>One at a time stages the node's file. Waiting holds no thread.</summary>
    public SemaphoreSlim Staging => _staging ?? Interlocked.CompareExchange(ref _staging, new SemaphoreSlim(1, 1), null) ?? _staging;

    /// <summary>Open handles of a file on a writable mount. Guarded by the node's lock.</summary>
    public int HandleCount { get; set; }

    /// <summary>Those that may write. Guarded by the node's lock.</summary>
    public int WriterCount { get; set; }

    /// <summary>The file or folder has lost its last name: what gets its inode number is another. Guarded by the table's gate.</summary>
    public bool IsRemoved { get; set; }

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
/// <param name="ShownPath">Path under which programs see the virtual file of an archive; null for everything else.</param>
internal sealed record NodeFacts(string Path, NodeAttributes Attributes, long Timestamp, string? ShownPath = null);

/// <summary>A folder's archives and when they were read.</summary>
/// <param name="ChangeCount">Of changes that the mount itself had made in the folder before.</param>
/// <param name="IsSettled">The folder had not changed for a while, so that its version vouches for its names.</param>
internal sealed record FolderIndexAt(FolderIndex Index, long Timestamp, long ChangeCount, bool IsSettled);
