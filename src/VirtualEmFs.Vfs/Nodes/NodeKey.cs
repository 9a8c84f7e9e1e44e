using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Vfs.Nodes;

/// <summary>As what a source file is shown.</summary>
internal enum NodeFlavour : byte
{
    /// <summary>The file, folder or link itself.</summary>
    Source = 0,

    /// <summary>The virtual file of an archive.</summary>
    Mrc = 1,

    /// <summary>The alias of a volume that calls itself a stack.</summary>
    MrcAsStack = 2,

    /// <summary>The alias of a stack that calls itself a volume.</summary>
    MrcAsVolume = 3,

    /// <summary>The folder of an archive of several volumes, or of images of several shapes.</summary>
    MemberFolder = 4,

    /// <summary>One image of such a folder.</summary>
    Member = 5,

    /// <summary>A plain MRC file under its own name, presented in another mode.</summary>
    Converted = 6,

    /// <summary>A file whose raw bytes lie in the staging folder.</summary>
    Staged = 7,
}

/// <summary>
/// What a node is. Each version of a file is a node of its own, since the kernel's page cache belongs to the node; a folder is one
/// node whatever changes in it.
/// </summary>
/// <param name="Member">Image number for <see cref="NodeFlavour.Member"/>; 0 otherwise.</param>
/// <param name="Alias">Path in the source of an archive that has other names, too, or is reached through a symbolic link: each name is a node of its own,
/// since what is written goes to that name alone. Null for all others.</param>
internal readonly record struct NodeKey(SourceVersion Version, NodeFlavour Flavour, int Member, string? Alias = null)
{
    /// <summary>Key of a source file, folder or link.</summary>
    public static NodeKey OfSource(SourceVersion version, NodeKind kind) =>
        new(kind == NodeKind.Directory ? new SourceVersion(version.Device, version.Inode, 0, 0, 0) : version, NodeFlavour.Source, 0);

    /// <summary>Key of a plain MRC file that is presented in another mode.</summary>
    public static NodeKey OfConverted(SourceVersion version) => new(version, NodeFlavour.Converted, 0);

    /// <summary>Key of a staged file.</summary>
    /// <param name="id">Number of the file in the staging folder.</param>
    public static NodeKey OfStaged(long id) => new(new SourceVersion(0, (ulong)id, 0, 0, 0), NodeFlavour.Staged, 0);

    /// <summary>Key of an archive's virtual file.</summary>
    public static NodeKey OfMrc(SourceVersion version, MrcView view, string? alias = null) => new(version, FlavourOf(view), 0, alias);

    /// <summary>What the header of the virtual file calls its third axis.</summary>
    public MrcView View => Flavour switch
    {
        NodeFlavour.MrcAsStack => MrcView.Stack,
        NodeFlavour.MrcAsVolume => MrcView.Volume,
        _ => MrcView.Natural,
    };

    /// <summary>True for files made from an archive.</summary>
    public bool IsVirtualFile => Flavour is NodeFlavour.Mrc or NodeFlavour.MrcAsStack or NodeFlavour.MrcAsVolume or NodeFlavour.Member or NodeFlavour.Converted;

    /// <summary>st_ino: stable across remounts for an unchanged file, and across its versions.</summary>
    public ulong InodeNumber => InodeNumbers.Mix(
        Version.Device, Version.Inode, Flavour == NodeFlavour.Converted ? NodeFlavour.Source : Flavour, Member);

    private static NodeFlavour FlavourOf(MrcView view) => view switch
    {
        MrcView.Stack => NodeFlavour.MrcAsStack,
        MrcView.Volume => NodeFlavour.MrcAsVolume,
        _ => NodeFlavour.Mrc,
    };
}
