using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Something that a program has open.</summary>
internal abstract class OpenHandle(Node node)
{
    public Node Node { get; } = node;
}

/// <summary>A file's own bytes.</summary>
internal sealed class SourceHandle(Node node, ISourceFile file) : OpenHandle(node)
{
    public ISourceFile File { get; } = file;
}

/// <summary>A folder being listed; the kernel lets one thread at a time list through a handle.</summary>
internal sealed class FolderHandle(Node node) : OpenHandle(node)
{
    private FolderListing? _listing;

    /// <summary>The names as they were when the listing began.</summary>
    public FolderListing? Listing
    {
        get => Volatile.Read(ref _listing);
        set => Volatile.Write(ref _listing, value);
    }
}
