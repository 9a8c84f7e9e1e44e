using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Turns the names of a source folder into those that the mount shows. Pure: everything was looked up before.</summary>
/// <param name="device">Device of the folder, for inode numbers of files that were not looked at.</param>
/// <param name="fullPath">Absolute path of the folder, to tell which files of a set lie in it.</param>
/// <param name="stagedNames">Names of the folder that are listed already.</param>
/// <param name="bindings">Knows the names that were made through the mount: archives among them are listed.</param>
internal readonly struct FolderLister(
    bool isRoot, ulong device, string fullPath, bool showArchives, HashSet<string> stagedNames, FolderBindings bindings)
{
    /// <summary>Adds what is shown to <paramref name="listed"/>, and binds the short names that are shown.</summary>
    /// <param name="files">Every file that may be an archive, by name.</param>
    public void List(
        IReadOnlyList<SourceName> names, IReadOnlyDictionary<string, ArchiveFile> files, in FolderNames folderNames, List<ListedName> listed)
    {
        var taken = new HashSet<string>(names.Select(name => name.Name), StringComparer.Ordinal);
        taken.UnionWith(stagedNames);
        var linked = LinkedNames(files);
        var virtualNames = new List<ListedName>();
        var shown = new List<ArchiveName>();
        foreach (var name in names)
        {
            if (name.Name is "." or ".." || (isRoot && name.Name == NameRules.OwnFolder) || stagedNames.Contains(name.Name)
                || name.Name.StartsWith(NameRules.TemporaryPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            bool isVirtual = files.TryGetValue(name.Name, out var file) && file.Outcome is null or ProbeOutcome.Archive;
            if (!isVirtual || !ArchiveName.TryParse(name.Name, out var archive))
            {
                if (showArchives || !linked.Contains(name.Name))
                {
                    listed.Add(OwnName(name, file));
                }

                continue;
            }

            if (showArchives || bindings.WasCreated(name.Name))
            {
                listed.Add(OwnName(name, file));
            }

            if (linked.Contains(name.Name))
            {
                continue;
            }

            var (virtualName, claim) = folderNames.NameOf(archive);
            // A real file of that name wins.
            if (taken.Add(virtualName))
            {
                virtualNames.Add(VirtualName(virtualName, claim));
                if (claim.IsShort)
                {
                    shown.Add(claim.Archive);
                }
            }
        }

        listed.AddRange(virtualNames);
        // Bound only now: names of one listing must not depend on its order.
        foreach (var archive in shown)
        {
            bindings.Bind(archive);
        }
    }

    private HashSet<string> LinkedNames(IReadOnlyDictionary<string, ArchiveFile> files)
    {
        var linked = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, var file) in files)
        {
            if (file.IsSet && ArchiveName.TryParse(name, out var archive) && archive.TryAsSet(out _))
            {
                foreach (string path in file.Probed!.LinkedFiles)
                {
                    int slash = path.LastIndexOf('/');
                    if (slash >= 0 && path.AsSpan(0, slash).SequenceEqual(fullPath.AsSpan().TrimEnd('/')))
                    {
                        linked.Add(path[(slash + 1)..]);
                    }
                }
            }
        }

        return linked;
    }

    private ListedName OwnName(in SourceName name, ArchiveFile? file)
    {
        var kind = name.Kind ?? NodeKind.File;
        bool isLink = kind == NodeKind.SymbolicLink;
        var version = file is not null && !isLink ? file.Stat.Version : new SourceVersion(device, name.Inode, 0, 0, 0);
        return new ListedName(name.Name, kind, NodeKey.OfSource(version, kind).InodeNumber, null, null);
    }

    private static ListedName VirtualName(string virtualName, in FolderNames.Claim claim)
    {
        NodeKey? key = claim.File.Probed is null ? null : KeyOf(virtualName, claim);
        var kind = key?.Flavour == NodeFlavour.MemberFolder ? NodeKind.Directory : NodeKind.File;
        // Of an archive that was not probed the number may be another than its attributes will tell.
        ulong inode = key is { } known
            ? claim.File.Probed!.InodeOf(known)
            : NodeKey.OfMrc(claim.File.Stat.Version, Frames.Mrc.MrcView.Natural).InodeNumber;
        return new ListedName(virtualName, kind, inode, claim.File, key);
    }

    /// <summary>The node that a claim stands for.</summary>
    public static NodeKey KeyOf(string virtualName, in FolderNames.Claim claim)
    {
        var version = claim.File.Stat.Version;
        var probed = claim.File.Probed!;
        return probed.Content == ArchiveContent.Folder
            ? new NodeKey(version, NodeFlavour.MemberFolder, 0, claim.File.Alias)
            : NodeKey.OfMrc(version, NameRules.ViewOf(virtualName, claim.Archive, probed.Content, probed.HasOwnHeader), claim.File.Alias);
    }
}
