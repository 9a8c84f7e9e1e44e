using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Tree;

public sealed partial class VirtualTree
{
    // The listing made last: "ls" and "find" one after the other, or the many readers of one folder, share it for as long as
    // the kernel itself may keep what it says.
    private RecentListing? _recentListing;

    // A name without a file that could tell its number; programs skip names whose number is 0.
    private const ulong UnknownInode = ulong.MaxValue;

    /// <summary>Names of a source folder: finds and probes its archives side by side, then names them.</summary>
    private async Task<Outcome<FolderListing>> ListFolder(Node folder, string lane, bool withAttributes)
    {
        long timestamp = _time.GetTimestamp();
        long changeCount = _changes.Of(folder.Facts.Path);
        var status = StatFolder(folder, out var stat);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        if (_recentListing is { } recent && recent.Folder == folder.Id && recent.Version == stat.Version
            && (recent.IsProbed || !withAttributes) && IsFresh(folder, recent.Listing))
        {
            return recent.Listing;
        }

        // Staged names before those of the source: one that is archived in between is found in both, and never in neither.
        string folderPath = folder.Facts.Path;
        var listed = Dots(folder);
        var stagedNames = AddStaged(folderPath, listed);
        status = _source.List(folderPath, out var names);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        names = await WithKinds(lane, folderPath, names);
        var index = NoteIndex(folder, names, stat.Version, changeCount);
        var archives = new List<ArchiveName>();
        foreach (var name in names)
        {
            if (name.Kind is NodeKind.File or NodeKind.SymbolicLink && ArchiveName.TryParse(name.Name, out var archive))
            {
                archives.Add(archive);
            }
        }

        var found = new ArchiveFile?[archives.Count];
        await ForEach(lane, found.Length, async i => found[i] = await FindArchive(
            folderPath, archives[i].Name, isProbed: withAttributes || !FolderNames.IsNamedWithoutProbing(index, archives[i], BindingsOf(folder))));
        var files = new Dictionary<string, ArchiveFile>(found.Length, StringComparer.Ordinal);
        var gone = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < found.Length; i++)
        {
            if (found[i] is { } file)
            {
                files.Add(archives[i].Name, file);
            }
            else if (_source.Stat(PathOf(folderPath, archives[i].Name), followLinks: false, out _) == VfsStatus.NotFound)
            {
                // Removed since the names were read, perhaps by the mount itself: the file that it stood for went to the source as it is.
                gone.Add(archives[i].Name);
            }
        }

        names = gone.Count == 0 ? names : [.. names.Where(name => !gone.Contains(name.Name))];

        var lister = new FolderLister(
            folder.Id == IFileTree.RootId, stat.Version.Device, _source.FullPath(folderPath), _options.ShowArchives, stagedNames, BindingsOf(folder));
        lister.List(names, files, new FolderNames(index, files, BindingsOf(folder)), listed);
        NumberWaiting(folderPath, listed);
        var listing = new FolderListing(listed, timestamp, changeCount);
        _recentListing = new RecentListing(folder.Id, stat.Version, withAttributes, listing);
        return listing;
    }

    /// <summary>What a listing found may be told as it is: it is young enough, and the mount itself has changed no name since.</summary>
    private bool IsFresh(Node folder, FolderListing listing) =>
        RemainingTimeout(listing.Timestamp) > TimeSpan.Zero && listing.ChangeCount == _changes.Of(folder.Facts.Path);

    /// <summary>Lists what is staged in a folder; these names win over whatever the source has.</summary>
    private HashSet<string> AddStaged(string folderPath, List<ListedName> listed)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, staged) in _writing?.Area.Index.In(folderPath) ?? [])
        {
            // A file that waits where it lies is listed with the source.
            if (!staged.Entry.IsInPlace && names.Add(name))
            {
                listed.Add(new ListedName(name, NodeKind.File, staged.Entry.Inode, null, NodeKey.OfStaged(staged.Id)));
            }
        }

        // What is staged elsewhere has a name; whoever looks it up is told where it is.
        foreach (string name in _foreign.In(folderPath))
        {
            if (names.Add(name))
            {
                listed.Add(new ListedName(name, NodeKind.File, UnknownInode, null, null));
            }
        }

        return names;
    }

    /// <summary>Gives files that wait to be archived where they lie the numbers that their attributes tell.</summary>
    private void NumberWaiting(string folderPath, List<ListedName> listed)
    {
        var inodes = (_writing?.Area.Index.In(folderPath) ?? []).Where(staged => staged.Value.Entry.IsInPlace)
            .ToDictionary(staged => staged.Key, staged => staged.Value.Entry.Inode, StringComparer.Ordinal);
        for (int i = 0; inodes.Count > 0 && i < listed.Count; i++)
        {
            if (inodes.TryGetValue(listed[i].Name, out ulong inode))
            {
                listed[i] = listed[i] with { Inode = inode };
            }
        }
    }

    /// <summary>Asks for the kind of each name where the file system does not tell it with the name: programs believe d_type.</summary>
    private async Task<IReadOnlyList<SourceName>> WithKinds(string lane, string folderPath, IReadOnlyList<SourceName> names)
    {
        if (names.All(name => name.Kind is not null))
        {
            return names;
        }

        var told = names.ToArray();
        await ForEach(lane, told.Length, i =>
        {
            if (told[i].Kind is null && _source.Stat(PathOf(folderPath, told[i].Name), followLinks: false, out var stat) == VfsStatus.Ok)
            {
                told[i] = told[i] with { Kind = stat.Kind };
            }

            return ValueTask.CompletedTask;
        });
        return told.Where(name => name.Kind is not null).ToArray();
    }

    private async Task<Outcome<FolderListing>> ListMembers(Node folder)
    {
        long timestamp = _time.GetTimestamp();
        long changeCount = _changes.Of(folder.Facts.Path);
        var archive = await DescribeArchive(folder);
        if (archive.Status != VfsStatus.Ok)
        {
            return archive.Status;
        }

        var listed = Dots(folder);
        foreach (int imageNumber in archive.Value.Archive.Members)
        {
            var key = folder.Key with { Flavour = NodeFlavour.Member, Member = imageNumber };
            listed.Add(new ListedName(NameRules.MemberName(imageNumber), NodeKind.File, key.InodeNumber, null, key));
        }

        return new FolderListing(listed, timestamp, changeCount);
    }

    private List<ListedName> Dots(Node folder)
    {
        ulong own = folder.Facts.Attributes.Inode;
        ulong parent = own;
        string parentPath = FolderOf(folder.Facts.Path);
        if (folder.Id != IFileTree.RootId && _source.Stat(parentPath, followLinks: parentPath.Length == 0, out var stat) == VfsStatus.Ok)
        {
            parent = parentPath.Length == 0 ? InodeNumbers.Root : NodeKey.OfSource(stat.Version, stat.Kind).InodeNumber;
        }

        return [new ListedName(".", NodeKind.Directory, own, null, null), new ListedName("..", NodeKind.Directory, parent, null, null)];
    }
}
