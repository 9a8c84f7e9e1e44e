using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>The names of one folder at one moment.</summary>
/// <param name="Timestamp">When the files were looked at, in ticks of the time provider.</param>
/// <param name="ChangeCount">What the mount itself had changed by then.</param>
internal sealed record FolderListing(IReadOnlyList<ListedName> Names, long Timestamp, long ChangeCount);

/// <summary>A listing, and the version of the folder that it is of.</summary>
/// <param name="Folder">Node id of the folder.</param>
/// <param name="IsProbed">Every archive was looked into, as a listing with attributes needs.</param>
internal sealed record RecentListing(ulong Folder, SourceVersion Version, bool IsProbed, FolderListing Listing);

/// <summary>One name of a listing, with what is known about it.</summary>
/// <param name="Archive">Set for virtual names.</param>
/// <param name="Key">Node of a virtual name whose archive was probed.</param>
internal readonly record struct ListedName(string Name, NodeKind Kind, ulong Inode, ArchiveFile? Archive, NodeKey? Key)
{
    /// <summary>"." and "..", whose nodes the kernel does not want.</summary>
    public bool IsDot => Name is "." or "..";
}
