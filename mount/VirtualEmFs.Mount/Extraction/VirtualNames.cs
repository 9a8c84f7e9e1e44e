using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Names;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>What the mount calls an archive that has its stem for itself.</summary>
internal static class VirtualNames
{
    /// <summary>The name of the file, or of the folder of members; and how its header reads under that name.</summary>
    public static (string Name, MrcView View) Of(string path, ArchiveDescription archive)
    {
        string fileName = Path.GetFileName(path);
        if (!ArchiveName.TryParse(fileName, out ArchiveName name))
        {
            // The mount shows no archive that does not have the extension of one; a command may still be given it.
            name = new ArchiveName(fileName, fileName, 0, IsSet: false);
        }

        if (archive.Files.Length > 1 && name.TryAsSet(out ArchiveName set))
        {
            name = set;
        }

        bool hasOwnHeader = VirtualMrc.Normalise(archive).HasOwnHeader;
        bool isOfMount = hasOwnHeader && archive.RecordedInode is not null;
        string shown = isOfMount ? name.Stem : NameRules.ShortName(name, archive.Content);
        return (shown, NameRules.ViewOf(shown, name, archive.Content, hasOwnHeader));
    }
}
