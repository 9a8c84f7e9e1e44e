using System.Collections.Concurrent;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Scheduling;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Staged files in the tree: what a name means, which node shows it, and who has it open.</summary>
public sealed partial class VirtualTree
{
    // Its own lane: a source whose disk hangs must not stop writers.
    private const string StagingLane = "\0staging";

    private readonly TreeWriting? _writing;
    private readonly SharedGate _names = new();                        // renames of folders pass alone
    private readonly FolderChanges _changes = new();                   // listings from before a change are out of date
    private readonly ConcurrentDictionary<string, bool> _binding = new(StringComparer.Ordinal); // paths of archives that become staged files in this moment

    private StagingArea Area => _writing!.Area;

    /// <summary>What a name means now. On an I/O thread.</summary>
    private async Task<Outcome<NameMeaning>> MeaningOf(Node folder, string name)
    {
        string path = PathOf(folder.Facts.Path, name);
        if (_foreign.TryGet(path, out _))
        {
            return VfsStatus.Corrupt;
        }

        var staged = _writing?.Area.Index.Find(path);
        if (staged is { Entry.IsInPlace: false })
        {
            return new NameMeaning(staged, null, null);
        }

        var status = _source.Stat(path, followLinks: false, out var stat);
        if (status == VfsStatus.Ok)
        {
            return new NameMeaning(staged, stat, null);
        }

        if (status != VfsStatus.NotFound)
        {
            return status;
        }

        var index = CurrentIndex(folder);
        var claim = index.Status == VfsStatus.Ok ? await FindClaim(folder, index.Value, name) : null;
        return index.Status != VfsStatus.Ok ? index.Status
            : claim is null ? default(NameMeaning)
            : _writing?.Area.Index.Find(path) is { Entry.IsInPlace: false } since ? new NameMeaning(since, null, null) // written to meanwhile
            : new NameMeaning(null, null, claim);
    }

    /// <summary>The archive that a name means; on a writable mount only the name that is listed means it.</summary>
    private async Task<FolderNames.Claim?> FindClaim(Node folder, FolderIndex index, string name)
    {
        var names = new FolderNames(index, await FindArchives(folder, index, name), BindingsOf(folder));
        return names.Resolve(name) is { } claim
            && (_writing is null || claim.File.Outcome != ProbeOutcome.Archive || names.NameOf(claim.Archive).VirtualName == name)
            ? claim
            : null;
    }

    /// <summary>True where a path that was an archive's a moment ago may be a staged file's: its node shows that, and another must not be made.</summary>
    private bool IsStagedNow(string path) => _writing is not null && (_binding.ContainsKey(path) || Area.Index.Find(path) is { Entry.IsInPlace: false });

    /// <summary>The node of a staged file, with a reference of the kernel's; null when it is being archived at this moment.</summary>
    private Node? ReferStaged(FolderPlace place, string name, StagedFile staged, Func<NodeKey, NodeKind, NodeFacts, FolderPlace, Node> refer)
    {
        if (Area.Stat(staged, out var stat) != VfsStatus.Ok)
        {
            return null;
        }

        var key = NodeKey.OfStaged(staged.Id);
        var node = refer(key, NodeKind.File, FactsOfStaged(PathOf(place.Path, name), staged, stat), place);
        Attach(node, staged);
        return node;
    }

    /// <summary>Makes a node show a staged file; its handles, if any, read and write that from now on.</summary>
    private VfsStatus Attach(Node node, StagedFile staged)
    {
        lock (node)
        {
            if (node.Staged is not null)
            {
                return VfsStatus.Ok;
            }

            var status = node.HandleCount > 0 ? Area.Open(staged, node.HandleCount, node.WriterCount) : VfsStatus.Ok;
            if (status == VfsStatus.Ok)
            {
                node.Staged = staged;
                node.Facts = node.Facts with { Attributes = node.Facts.Attributes with { Inode = staged.Entry.Inode } };
            }

            return status;
        }
    }

    /// <summary>What is told of a file of the source that waits to be archived where it lies: the number that its archive will have.</summary>
    private static NodeFacts FactsOfWaiting(NodeKey key, NodeFacts facts, StagedFile? staged) =>
        staged is { Entry: { IsInPlace: true } entry } && IsFileOf(key, staged)
            ? facts with { Attributes = facts.Attributes with { Inode = entry.Inode } }
            : facts;

    /// <summary>
    /// Makes a node show the file that waits at its path. Where another program has put a new file there, the one that waits has lost its name, and
    /// nothing is left to archive: it is forgotten, and the new file is one like any other.
    /// </summary>
    /// <param name="path">Path that was looked up.</param>
    private async ValueTask AttachWaiting(Node node, string path, StagedFile staged)
    {
        if (IsFileOf(node.Key, staged))
        {
            Attach(node, staged);
            return;
        }

        await staged.Names.WaitAsync();
        try
        {
            // Renamed meanwhile, it waits elsewhere.
            if (!staged.IsGone && staged.Entry.Path == path)
            {
                WriteBackLog.RemovedByOthers(_logger, path);
                _ = Area.Release(staged); // where the journal refuses, the next lookup tries again; until then nobody opens the new file
            }
        }
        finally
        {
            staged.Names.Release();
        }
    }

    /// <summary>Whether the file that waits at a node's path is the node's.</summary>
    private static bool IsFileOf(NodeKey key, StagedFile staged) => staged.Entry.RawInode is not { } inode || inode == key.Version.Inode;

    /// <summary>
    /// The staged file that a node shows now. A file that waited where it lies, and stays there raw after all, is a file of the source again.
    /// </summary>
    private static StagedFile? StagedOf(Node node)
    {
        if (node.Staged is not { IsGone: true } gone || node.Key.Flavour != NodeFlavour.Source)
        {
            return node.Staged;
        }

        lock (node)
        {
            // Whoever has it open was there when it was removed.
            if (node.HandleCount == 0 && ReferenceEquals(node.Staged, gone))
            {
                node.Staged = null;
            }

            return node.Staged;
        }
    }

    /// <summary>Counts a new handle; on a staged file its raw file is open from then on.</summary>
    private VfsStatus CountHandle(Node node, bool isWriter)
    {
        lock (node)
        {
            var staged = node.Staged;
            var status = staged is null ? VfsStatus.Ok : Area.Open(staged, 1, isWriter ? 1 : 0);
            if (status == VfsStatus.Ok)
            {
                node.HandleCount++;
                node.WriterCount += isWriter ? 1 : 0;
            }

            return status;
        }
    }

    /// <summary>The same for a file that others know: waits while it is being put into its place.</summary>
    /// <returns><see cref="VfsStatus.Stale"/> when it was: the name means another node.</returns>
    private async Task<VfsStatus> CountHandleInTurn(Node node, bool isWriter)
    {
        while (true)
        {
            var staged = node.Staged;
            await (staged?.Names.WaitAsync() ?? Task.CompletedTask);
            try
            {
                lock (node)
                {
                    if (ReferenceEquals(node.Staged, staged))
                    {
                        return CountHandle(node, isWriter);
                    }
                }
            }
            finally
            {
                staged?.Names.Release();
            }
        }
    }

    private void UncountHandle(Node node, bool isWriter)
    {
        StagedFile? staged;
        lock (node)
        {
            node.HandleCount--;
            node.WriterCount -= isWriter ? 1 : 0;
            staged = node.Staged;
        }

        if (staged is not null)
        {
            Area.Close(staged, isWriter);
        }
    }

    /// <summary>Opens a staged file. Waits while it is being put into its place.</summary>
    private async Task<Outcome<OpenedFile>> OpenStaged(Node node, bool forWriting)
    {
        var status = await CountHandleInTurn(node, forWriting);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        // Every change goes through the kernel, so that its pages are always right; but a file that lies in the source others may change, too.
        var version = node.Key.Version;
        bool isInPlace = node.Staged is { Entry.IsInPlace: true };
        if (isInPlace && Area.Stat(node.Staged!, out var stat) == VfsStatus.Ok)
        {
            version = stat.Version;
        }

        bool isSame = _nodes.Open(node, version, file: null);
        return new OpenedFile(AddHandle(new StagedHandle(node, forWriting)), KeepCache: isSame || !isInPlace, DirectIo: false);
    }

    private NodeFacts FactsOfStaged(string path, StagedFile staged, in SourceStat stat)
    {
        var attributes = new NodeAttributes(
            staged.Entry.Inode, NodeKind.File, stat.Permissions, staged.IsGone ? 0 : 1u, stat.Uid, stat.Gid, 0,
            stat.Version.LengthBytes, stat.BlockCount, stat.AtimeNs, stat.Version.MtimeNs, stat.Version.CtimeNs);
        return new NodeFacts(path, attributes, _time.GetTimestamp());
    }

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];
}
