using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Tree;

public sealed partial class VirtualTree
{
    // Names that one item of a lane looks at before others have their turn.
    private const int NamesPerTurn = 32;

    public void OpenDirectory(ulong nodeId, IReply<ulong> reply)
    {
        if (!TryFind(nodeId, reply, out var node))
        {
            return;
        }

        if (node.Kind != NodeKind.Directory)
        {
            reply.Fail(VfsStatus.NotDirectory);
            return;
        }

        _nodes.Open(node, node.Key.Version, file: null);
        reply.Ok(AddHandle(new FolderHandle(node)));
    }

    public void ReleaseDirectory(ulong handle) => Close(handle);

    public void ReadDirectory(ulong handle, long offset, int maximumCount, bool withAttributes, IReply<IReadOnlyList<DirectoryEntry>> reply)
    {
        if (!_handles.TryGetValue(handle, out var open) || open is not FolderHandle folder)
        {
            reply.Fail(VfsStatus.InvalidHandle);
            return;
        }

        if (offset > 0 && folder.Listing is { } listing && (!withAttributes || offset >= listing.Names.Count))
        {
            reply.Ok([.. Range(listing, offset, maximumCount).Select(at => EntryAt(listing, at, null))]);
            return;
        }

        if (offset > 0 && folder.Listing is { } fresh && TryReadFresh(folder.Node, fresh, offset, maximumCount, reply))
        {
            return;
        }

        // Not through Answer: nodes of the entries must outlive the reply, in which the host counts its references.
        string lane = LaneOf(folder.Node);
        _ = _queue.Run(lane, async () =>
        {
            var nodes = new List<Node>();
            var outcome = await Guarded(() => ReadEntries(folder, lane, offset, maximumCount, withAttributes, nodes), nameof(ReadDirectory));
            Reply(nameof(ReadDirectory), () => outcome.Answer(reply));
            nodes.ForEach(_nodes.EndUse);
        });
    }

    private async Task<Outcome<IReadOnlyList<DirectoryEntry>>> ReadEntries(
        FolderHandle folder, string lane, long offset, int maximumCount, bool withAttributes, List<Node> nodes)
    {
        var listing = folder.Listing;
        if (offset <= 0 || listing is null)
        {
            var made = folder.Node.Key.Flavour == NodeFlavour.MemberFolder
                ? await ListMembers(folder.Node)
                : await ListFolder(folder.Node, lane, withAttributes);
            if (made.Status != VfsStatus.Ok)
            {
                return made.Status;
            }

            Interlocked.Increment(ref _listingCount);
            folder.Listing = listing = made.Value;
        }

        int[] places = [.. Range(listing, offset, maximumCount)];
        var entries = new Node?[places.Length];
        if (withAttributes)
        {
            await ForEach(lane, places.Length, async i => entries[i] = await NodeOf(folder.Node, listing, listing.Names[places[i]]));
            nodes.AddRange(entries.OfType<Node>());
        }

        return Outcome<IReadOnlyList<DirectoryEntry>>.Of([.. places.Select((at, i) => EntryAt(listing, at, entries[i]))]);
    }

    /// <summary>Answers from what a listing found a moment ago, without the disk: a folder of 10,000 names takes 500 requests.</summary>
    private bool TryReadFresh(Node folder, FolderListing listing, long offset, int maximumCount, IReply<IReadOnlyList<DirectoryEntry>> reply)
    {
        int first = (int)Math.Clamp(offset, 0, listing.Names.Count);
        int count = Math.Clamp(maximumCount, 0, listing.Names.Count - first);
        if (!IsFresh(folder, listing))
        {
            return false;
        }

        for (int place = first; place < first + count; place++)
        {
            if (listing.Names[place] is { IsDot: false, Archive: null } or { IsDot: false, Key: null })
            {
                return false;
            }
        }

        var entries = new DirectoryEntry[count];
        var nodes = new Node?[count];
        bool isStaged = false;
        var where = new FolderPlace(folder, folder.Facts.Path);
        for (int i = 0; i < count; i++)
        {
            var name = listing.Names[first + i];
            string path = PathOf(where.Path, name.Name);
            nodes[i] = name.IsDot ? null
                : _nodes.BeginUse(name.Key!.Value, name.Kind, FactsOfArchive(name.Key.Value, name.Archive!, listing.Timestamp, path), where);
            entries[i] = EntryAt(listing, first + i, nodes[i]);
            isStaged |= !name.IsDot && IsStagedNow(path);
        }

        // The host counts its references in the reply; until then the nodes are in use.
        if (!isStaged)
        {
            Reply(nameof(ReadDirectory), () => reply.Ok(entries));
        }

        foreach (var node in nodes)
        {
            if (node is not null)
            {
                _nodes.EndUse(node);
            }
        }

        return !isStaged;
    }

    private static IEnumerable<int> Range(FolderListing listing, long offset, int maximumCount)
    {
        int first = (int)Math.Clamp(offset, 0, listing.Names.Count);
        return Enumerable.Range(first, Math.Clamp(maximumCount, 0, listing.Names.Count - first));
    }

    private DirectoryEntry EntryAt(FolderListing listing, int place, Node? node)
    {
        var name = listing.Names[place];
        return new DirectoryEntry(name.Name, node?.Kind ?? name.Kind, name.Inode, place + 1, node is null ? null : EntryOf(node));
    }

    /// <summary>The node of a listed name, in use; null when it cannot be had: the kernel then looks the name up.</summary>
    private async ValueTask<Node?> NodeOf(Node folder, FolderListing listing, ListedName name)
    {
        if (name.IsDot)
        {
            return null;
        }

        if (folder.Key.Flavour == NodeFlavour.MemberFolder)
        {
            return await MemberNodeOf(folder, name.Key!.Value);
        }

        var place = new FolderPlace(folder, folder.Facts.Path);
        string path = PathOf(place.Path, name.Name);
        var staged = _writing?.Area.Index.Find(path);
        if (staged is { Entry.IsInPlace: false })
        {
            return ReferStaged(place, name.Name, staged, _nodes.BeginUse);
        }

        if (name is { Archive: { } archive, Key: { } key })
        {
            long timestamp = listing.Timestamp;
            if (!IsFresh(folder, listing))
            {
                // The listing took long, or the program does, or writes meanwhile: what it found must be looked at again.
                timestamp = _time.GetTimestamp();
                if (_source.Stat(archive.Path, followLinks: true, out var now) != VfsStatus.Ok || now.Version != key.Version)
                {
                    return null;
                }
            }

            var shown = _nodes.BeginUse(key, name.Kind, FactsOfArchive(key, archive, timestamp, path), place);
            if (!IsStagedNow(path))
            {
                return shown;
            }

            _nodes.EndUse(shown);
            return null;
        }

        if (name.Archive is not null || name.Inode == UnknownInode || _source.Stat(path, followLinks: false, out var stat) != VfsStatus.Ok)
        {
            return null;
        }

        (key, var facts) = await OwnNode(place.Path, name.Name, stat);
        var node = _nodes.BeginUse(key, stat.Kind, FactsOfWaiting(key, facts, staged), place);
        if (staged is not null && stat.Kind == NodeKind.File)
        {
            await AttachWaiting(node, path, staged);
        }

        return node;
    }

    private async ValueTask<Node?> MemberNodeOf(Node folder, NodeKey key)
    {
        try
        {
            var archive = await DescribeArchive(folder);
            if (archive.Status != VfsStatus.Ok)
            {
                return null;
            }

            var (_, facts) = MemberOf(folder, archive.Value.Archive, archive.Value.Stat, key.Member);
            return _nodes.BeginUse(key, NodeKind.File, facts);
        }
        catch (ArchiveException exception)
        {
            // A damaged image keeps its name; looking it up gives the error.
            NoteDamage(exception.ArchivePath, exception.Reason);
            return null;
        }
    }

    /// <summary>Runs an operation for each number, side by side in the lane; others of the lane have their turns in between.</summary>
    private Task ForEach(string lane, int count, Func<int, ValueTask> operation)
    {
        int next = -1;
        int workers = Math.Min(_queue.LaneLimit, (count + NamesPerTurn - 1) / NamesPerTurn);
        return workers <= 1 ? Work() : Task.WhenAll(Enumerable.Range(0, workers).Select(_ => _queue.Run(lane, Work)));

        async Task Work()
        {
            int done = 0;
            for (int i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                await operation(i);
                if (++done % NamesPerTurn == 0)
                {
                    await _queue.Yield(lane);
                }
            }
        }
    }
}
