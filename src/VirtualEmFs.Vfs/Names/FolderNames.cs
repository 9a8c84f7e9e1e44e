using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Names;

/// <summary>
/// Decides which archive of a folder has which virtual name (semantics.md, Names). Lookups and listings ask the same object,
/// so they cannot disagree. Pure: the files were found and probed before.
/// </summary>
/// <param name="index">Archives of the folder by stem.</param>
/// <param name="files">Found files by name: all of those whose stems matter to the question (<see cref="NameRules.StemsOf"/>).</param>
/// <param name="bindings">Names shown before.</param>
internal readonly struct FolderNames(FolderIndex index, IReadOnlyDictionary<string, ArchiveFile> files, FolderBindings bindings)
{
    /// <summary>An archive under a name; <paramref name="IsShort"/> when it has its stem for itself.</summary>
    public readonly record struct Claim(ArchiveName Archive, ArchiveFile File, bool IsShort);

    /// <summary>The archive that a name means, when no real file has that name; it may turn out broken. Null when there is none.</summary>
    public Claim? Resolve(string name)
    {
        if (WinnerOf(name) is { } named && IsNamedByStem(named.Archive, named.File))
        {
            return named;
        }

        if (NameRules.WithoutVirtualExtension(name) is not { } stem)
        {
            return null;
        }

        if (WinnerOf(stem) is { } winner && !IsNamedByStem(winner.Archive, winner.File) && bindings.OwnerOf(name) is null)
        {
            return winner;
        }

        if (!ArchiveName.TryParse(stem, out var loser) || !files.TryGetValue(loser.Name, out var file) || !file.IsClaimant)
        {
            return null;
        }

        var reading = ReadingOf(loser, file);
        bool isFolder = file.Probed?.Content == ArchiveContent.Folder;
        return HasShortName(reading) || (isFolder && NameRules.LongName(reading, ArchiveContent.Folder) != name)
            ? null
            : new Claim(reading, file, IsShort: false);
    }

    /// <summary>The name under which an archive is listed.</summary>
    /// <param name="archive">In the index and among the files; probed, or named like an MRC file.</param>
    public (string VirtualName, Claim Claim) NameOf(ArchiveName archive)
    {
        var file = files[archive.Name];
        archive = ReadingOf(archive, file);
        var content = file.Probed?.Content ?? ArchiveContent.Image;
        bool isShort = HasShortName(archive);
        string virtualName = !isShort ? NameRules.LongName(archive, content)
            : IsNamedByStem(archive, file) ? archive.Stem
            : NameRules.ShortName(archive, content);
        return (virtualName, new Claim(archive, file, isShort));
    }

    /// <summary>True when nothing but the name of an archive decides how it is listed, so that it need not be probed.</summary>
    public static bool IsNamedWithoutProbing(FolderIndex index, in ArchiveName archive, FolderBindings bindings) =>
        archive.IsMrcNamed && index.ArchivesOf(archive.Stem).Length == 1 && (bindings.OwnerOf(archive.Stem) ?? archive.Name) == archive.Name;

    private static ArchiveName ReadingOf(ArchiveName archive, ArchiveFile file) =>
        file.IsSet && archive.TryAsSet(out var set) ? set : archive;

    private bool HasShortName(in ArchiveName archive)
    {
        if (WinnerOf(archive.Stem) is not { } winner || winner.Archive.Name != archive.Name)
        {
            return false;
        }

        if (IsNamedByStem(archive, winner.File) || winner.File.Probed is not { Outcome: ProbeOutcome.Archive } probed)
        {
            return true;
        }

        // X.mrc.hdf is by its own name X.mrc: X.hdf, which would only be called so, gives way, also when X.mrc.hdf is gone again.
        string shortName = NameRules.ShortName(archive, probed.Content);
        return shortName == archive.Stem || (WinnerOf(shortName) is not { Archive.IsMrcNamed: true } && bindings.OwnerOf(shortName) is null);
    }

    /// <summary>The archive that owns a stem: the one that the mount has made of what was written under that name, else the one shown before, else
    /// the first by rank. One that is broken or being written keeps its place, so that names do not jump while it is repaired.</summary>
    private Claim? WinnerOf(string stem)
    {
        string? owner = bindings.OwnerOf(stem);
        foreach (var archive in index.ArchivesOf(stem))
        {
            if (files.TryGetValue(archive.Name, out var file) && (owner is null || owner == archive.Name || IsWritten(archive, file))
                && IsClaimedBy(archive, file))
            {
                return new Claim(archive, file, IsShort: true);
            }
        }

        return null;
    }

    /// <summary>Archives that appear under exactly their stem: by their name, as folders of members, or as the mount's own, whatever they are called.</summary>
    private static bool IsNamedByStem(in ArchiveName archive, ArchiveFile file) =>
        archive.IsMrcNamed || file.Probed is { Content: ArchiveContent.Folder } or { IsOfMount: true };

    private static bool IsWritten(in ArchiveName archive, ArchiveFile file) =>
        file.Probed is { IsOfMount: true } && archive.Name == StagingArea.ArchivePathOf(archive.Stem);

    private static bool IsClaimedBy(in ArchiveName archive, ArchiveFile file) =>
        file.Outcome == ProbeOutcome.Archive
            ? archive.IsSet ? file.IsSet : !(file.IsSet && archive.TryAsSet(out _))
            : file.IsClaimant;
}
