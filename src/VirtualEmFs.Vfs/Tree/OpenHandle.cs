using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Something that a program has open.</summary>
internal abstract class OpenHandle(Node node, bool isWriter)
{
    private int _seenFlushFailureCount;

    public Node Node { get; } = node;

    /// <summary>Opened for writing.</summary>
    public bool IsWriter { get; } = isWriter;

    /// <summary>Flushes of its staged file that have failed, as far as its program was told.</summary>
    public ref int SeenFlushFailureCount => ref _seenFlushFailureCount;
}

/// <summary>A staged file, whose bytes <see cref="Node.Staged"/> has.</summary>
internal sealed class StagedHandle(Node node, bool isWriter) : OpenHandle(node, isWriter);

/// <summary>A file's own bytes.</summary>
internal sealed class SourceHandle(Node node, ISourceFile file, bool isWriter = false) : OpenHandle(node, isWriter)
{
    public ISourceFile File { get; } = file;
}

/// <summary>A folder being listed; the kernel lets one thread at a time list through a handle.</summary>
internal sealed class FolderHandle(Node node) : OpenHandle(node, isWriter: false)
{
    private FolderListing? _listing;

    /// <summary>The names as they were when the listing began.</summary>
    public FolderListing? Listing
    {
        get => Volatile.Read(ref _listing);
        set => Volatile.Write(ref _listing, value);
    }
}
