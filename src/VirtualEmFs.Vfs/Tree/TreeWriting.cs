using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>What a writable tree writes with.</summary>
/// <param name="Disk">Source and staging folder.</param>
/// <param name="Area">Not owned: closed by whoever opened it, after the tree.</param>
/// <param name="Archiver">Brings the samples of an archive back before its first change.</param>
/// <param name="ListName">File name of the list in which other mounts find what is staged here (<see cref="Staging.StagedNames.FileName"/>).</param>
internal sealed record TreeWriting(IDisk Disk, StagingArea Area, IArchiver Archiver, string? ListName = null);

/// <summary>What a name of a source folder means; at most one is set, but a staged file that lies in the source has both.</summary>
/// <param name="Staged">A file of the staging folder.</param>
/// <param name="Source">A file, folder or link of the source itself.</param>
/// <param name="Archive">An archive's virtual file.</param>
internal readonly record struct NameMeaning(StagedFile? Staged, SourceStat? Source, Names.FolderNames.Claim? Archive)
{
    public bool IsNothing => Staged is null && Source is null && Archive is null;

    public bool IsFolder => Source?.Kind == NodeKind.Directory || Archive?.File.Probed?.Content == Frames.ArchiveContent.Folder;
}
