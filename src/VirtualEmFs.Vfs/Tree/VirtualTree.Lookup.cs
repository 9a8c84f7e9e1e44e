using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Tree;

public sealed partial class VirtualTree
{
    // A folder that changed less than this before it was listed may have changed again within its clock's tick.
    private static readonly TimeSpan s_settlingTime = TimeSpan.FromSeconds(2);

    // Clocks of servers differ: a list is never trusted longer than this.
    private static readonly TimeSpan s_indexLifetime = TimeSpan.FromMinutes(1);

    public void Lookup(ulong parentId, string name, IReply<NodeEntry> reply)
    {
        Interlocked.Increment(ref _lookupCount);
        if (!TryFind(parentId, reply, out var parent))
        {
            return;
        }

        if (parent.Kind != NodeKind.Directory)
        {
            reply.Fail(VfsStatus.NotDirectory);
        }
        else if (name is "" or "." or ".." || name.Contains('/') || IsOwnFolder(parent, name)
            || name.StartsWith(NameRules.TemporaryPrefix, StringComparison.Ordinal))
        {
            reply.Fail(VfsStatus.NotFound);
        }
        else if (parent.Key.Flavour == NodeFlavour.MemberFolder)
        {
            Answer(LaneOf(parent), reply, () => LookupMember(parent, name));
        }
        else
        {
            Answer(LaneOf(parent), reply, () => LookupName(parent, name));
        }
    }

    public void ReadLink(ulong nodeId, IReply<string> reply)
    {
        if (!TryFind(nodeId, reply, out var node))
        {
            return;
        }

        if (node.Kind != NodeKind.SymbolicLink)
        {
            reply.Fail(VfsStatus.InvalidArgument);
            return;
        }

        Answer(LaneOf(node), reply, () => Task.FromResult<Outcome<string>>(
            _source.ReadLink(node.Facts.Path, out string target) is var status && status == VfsStatus.Ok ? target : status));
    }

    private static bool IsOwnFolder(Node parent, string name) => parent.Id == IFileTree.RootId && name == NameRules.OwnFolder;

    /// <summary>A real name wins; else an archive that has the name. A folder that is renamed meanwhile is searched under its new name.</summary>
    private async Task<Outcome<NodeEntry>> LookupName(Node parent, string name)
    {
        while (true)
        {
            var place = new FolderPlace(parent, parent.Facts.Path);
            var found = await LookupName(place, parent, name);
            if (found.Status is not (VfsStatus.NotFound or VfsStatus.Stale) || parent.Facts.Path == place.Path)
            {
                return found;
            }
        }
    }

    private async Task<Outcome<NodeEntry>> LookupName(FolderPlace place, Node parent, string name)
    {
        string path = PathOf(place.Path, name);
        if (_foreign.TryGet(path, out string? where))
        {
            NoteDamage(path, where);
            return VfsStatus.Corrupt;
        }

        var staged = _writing?.Area.Index.Find(path);
        if (staged is { Entry.IsInPlace: false })
        {
            if (ReferStaged(place, name, staged, _nodes.Refer) is { } shown)
            {
                return EntryOf(shown);
            }

            if (ReferenceEquals(_writing!.Area.Index.Find(path), staged))
            {
                return VfsStatus.Corrupt; // its raw file cannot be looked at, and nothing else may be shown in its place
            }
        }

        var status = _source.Stat(path, followLinks: false, out var stat);
        if (status == VfsStatus.Ok)
        {
            var (key, facts) = await OwnNode(place.Path, name, stat);
            var node = _nodes.Refer(key, stat.Kind, FactsOfWaiting(key, facts, staged), place);
            if (staged is { Entry.IsInPlace: true } && stat.Kind == NodeKind.File)
            {
                await AttachWaiting(node, path, staged);
            }

            return EntryOf(node);
        }

        if (status != VfsStatus.NotFound)
        {
            return status;
        }

        var index = CurrentIndex(parent);
        return index.Status == VfsStatus.Ok ? await LookupVirtualName(place, parent, index.Value, name) : index.Status;
    }

    /// <summary>The node of a real name: the file itself, unless it is a plain MRC file to be presented in another mode.</summary>
    private async ValueTask<(NodeKey Key, NodeFacts Facts)> OwnNode(string folderPath, string name, SourceStat stat)
    {
        if (_options.ConvertsMrcFiles && stat.Kind == NodeKind.File && MrcNames.IsMrcName(name)
            && await FindArchive(folderPath, name, isProbed: true) is { Probed: { Outcome: ProbeOutcome.Archive, Content: not ArchiveContent.Folder } } file)
        {
            var converted = NodeKey.OfConverted(file.Stat.Version);
            return (converted, FactsOfArchive(converted, file, _time.GetTimestamp()));
        }

        var key = KeyOfSource(stat);
        return (key, FactsOfSource(PathOf(folderPath, name), key, stat));
    }

    private async Task<Outcome<NodeEntry>> LookupVirtualName(FolderPlace place, Node parent, FolderIndex index, string name)
    {
        long timestamp = _time.GetTimestamp();
        if (await FindClaim(parent, index, name) is not { } claim)
        {
            return VfsStatus.NotFound;
        }

        switch (claim.File.Probed!.Outcome)
        {
            case ProbeOutcome.Broken:
                return VfsStatus.Corrupt;
            case ProbeOutcome.BeingWritten:
                // Programs that wait for a file must not find it before it can be read.
                return VfsStatus.NotFound;
        }

        if (claim.IsShort)
        {
            BindingsOf(parent).Bind(claim.Archive);
        }

        var key = FolderLister.KeyOf(name, claim);
        var kind = key.Flavour == NodeFlavour.MemberFolder ? NodeKind.Directory : NodeKind.File;
        string path = PathOf(place.Path, name);
        var node = _nodes.Refer(key, kind, FactsOfArchive(key, claim.File, timestamp, path), place);
        if (!IsStagedNow(path))
        {
            return EntryOf(node);
        }

        _nodes.Forget(node.Id, 1);
        await Task.Delay(1);
        return await LookupName(parent, name);
    }

    private async Task<Outcome<NodeEntry>> LookupMember(Node folder, string name)
    {
        if (!NameRules.TryParseMember(name, out int imageNumber))
        {
            return VfsStatus.NotFound;
        }

        var description = await DescribeArchive(folder);
        if (description.Status != VfsStatus.Ok)
        {
            return description.Status;
        }

        if (!description.Value.Archive.Members.Contains(imageNumber))
        {
            return VfsStatus.NotFound;
        }

        var (key, facts) = MemberOf(folder, description.Value.Archive, description.Value.Stat, imageNumber);
        return EntryOf(_nodes.Refer(key, NodeKind.File, facts));
    }

    private (NodeKey Key, NodeFacts Facts) MemberOf(Node folder, ArchiveDescription archive, in SourceStat stat, int imageNumber)
    {
        var member = VirtualMrc.Normalise(_formats.DescribeMember(archive, imageNumber));
        var key = folder.Key with { Flavour = NodeFlavour.Member, Member = imageNumber };
        return (key, FactsOfMember(key, folder.Facts.Path, stat, VirtualMrc.LengthOf(member), archive.Members.Length));
    }

    /// <summary>Key of a file, folder or link of the source. Where programs write, a file is one node whatever its version: writer and readers
    /// share it, and what it was when it was opened decides whether the kernel's pages are still right.</summary>
    private NodeKey KeyOfSource(in SourceStat stat) => NodeKey.OfSource(stat.Version, _writing is null ? stat.Kind : NodeKind.Directory);

    private NodeEntry EntryOf(Node node) => new(node.Id, node.Facts.Attributes, RemainingTimeout(node.Facts.Timestamp));

    /// <summary>The archives of a folder, read anew when the folder has changed since. On an I/O thread.</summary>
    private Outcome<FolderIndex> CurrentIndex(Node folder)
    {
        long changeCount = _changes.Of(folder.Facts.Path);
        var status = StatFolder(folder, out var stat);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        // The version alone does not vouch for the names: what the mount itself changes within the same tick of the clock leaves it as it was.
        if (folder.Index is { } known && known.Index.Version == stat.Version && known.ChangeCount == changeCount
            && AgeOf(known.Timestamp) < (known.IsSettled ? s_indexLifetime : _timeout))
        {
            return known.Index;
        }

        status = _source.List(folder.Facts.Path, out var names);
        return status == VfsStatus.Ok ? NoteIndex(folder, names, stat.Version, changeCount) : status;
    }

    private FolderIndex NoteIndex(Node folder, IReadOnlyList<SourceName> names, SourceVersion version, long changeCount)
    {
        var index = new FolderIndex(names, version);
        var changed = DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(version.MtimeNs, version.CtimeNs) / 1_000_000);
        folder.Index = new FolderIndexAt(index, _time.GetTimestamp(), changeCount, _time.GetUtcNow() - changed > s_settlingTime);
        return index;
    }

    /// <summary>Stale when another folder has taken the name.</summary>
    private VfsStatus StatFolder(Node folder, out SourceStat stat)
    {
        var status = _source.Stat(folder.Facts.Path, followLinks: folder.Id == IFileTree.RootId, out stat);
        return status == VfsStatus.NotFound || (status == VfsStatus.Ok && !IsSameFile(folder, stat)) ? VfsStatus.Stale : status;
    }
}
