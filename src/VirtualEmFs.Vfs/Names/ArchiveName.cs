using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Vfs.Names;

/// <summary>A file name with the extension of an archive, cut into stem and rank.</summary>
/// <param name="Name">The file's own name.</param>
/// <param name="Stem">The name without the extension (and without <c>_master</c>, where that marks a set).</param>
/// <param name="Rank">Order in which archives of one stem take the short name; lower first.</param>
/// <param name="IsSet">True for the reading of <c>X_master.h5</c> as the set X: it holds only when the archive has several files.</param>
internal readonly record struct ArchiveName(string Name, string Stem, int Rank, bool IsSet)
{
    private const string MasterSuffix = "_master";

    // HDF5 first, then TIFF, then EER (semantics.md, Names).
    private static readonly string[] s_extensions = [".hdf", ".h5", ".hdf5", ".tif", ".tiff", ".eer", ".ecc", ".mrcz"];

    /// <summary>True when the stem is itself an MRC name: the archive then appears under exactly that name.</summary>
    public bool IsMrcNamed => !IsSet && MrcNames.IsMrcName(Stem);

    /// <summary>True for names with an archive's extension (in any case) after at least one character.</summary>
    public static bool TryParse(string name, out ArchiveName archive)
    {
        for (int rank = 0; rank < s_extensions.Length; rank++)
        {
            string extension = s_extensions[rank];
            if (name.Length > extension.Length && name.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
            {
                archive = new ArchiveName(name, name[..^extension.Length], rank, IsSet: false);
                return true;
            }
        }

        archive = default;
        return false;
    }

    /// <summary>The reading of <c>X_master.h5</c> as a set X.</summary>
    public bool TryAsSet(out ArchiveName set)
    {
        set = default;
        if (IsSet || s_extensions[Rank] != ".h5" || Stem.Length <= MasterSuffix.Length || !Stem.EndsWith(MasterSuffix, StringComparison.Ordinal))
        {
            return false;
        }

        // Ranked behind every single file of the stem.
        set = new ArchiveName(Name, Stem[..^MasterSuffix.Length], s_extensions.Length, IsSet: true);
        return true;
    }
}
