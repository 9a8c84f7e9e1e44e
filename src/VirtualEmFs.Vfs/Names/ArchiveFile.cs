using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Probing;

namespace VirtualEmFs.Vfs.Names;

/// <summary>A file with an archive's extension, as it was found in its folder.</summary>
/// <param name="Path">Path in the source; may be a symbolic link.</param>
/// <param name="FullPath">Absolute path of the file itself, links resolved.</param>
/// <param name="NamedStat">Attributes of what has the name: of the symbolic link, if it is one.</param>
/// <param name="Stat">Attributes of the file itself.</param>
/// <param name="LinkedBlockCount">Blocks of the further files of a set.</param>
/// <param name="Probed">What it contains; null when that was not asked (see semantics.md, Names: "without probing").</param>
internal sealed record ArchiveFile(string Path, string FullPath, SourceStat NamedStat, SourceStat Stat, long LinkedBlockCount, Probed? Probed)
{
    /// <summary>Its path where it may have other names; null where it has this one alone.</summary>
    public string? Alias => NamedStat.Kind == NodeKind.SymbolicLink || Stat.LinkCount > 1 ? Path : null;

    /// <summary>False for a sound file without images, which has no virtual name; true also when it is broken or not probed.</summary>
    public bool IsClaimant => Probed?.Outcome != ProbeOutcome.NoImages;

    public ProbeOutcome? Outcome => Probed?.Outcome;

    /// <summary>True when the archive consists of several files.</summary>
    public bool IsSet => Probed is { LinkedFiles.IsEmpty: false };
}
