using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Names;

/// <summary>The files of one folder that have an archive's extension, by stem.</summary>
/// <remarks>Immutable; any thread. Tells nothing about what the files contain.</remarks>
internal sealed class FolderIndex
{
    private static readonly ArchiveName[] s_none = [];

    private readonly Dictionary<string, ArchiveName[]> _byStem = new(StringComparer.Ordinal);

    /// <param name="version">The folder's version before its names were read.</param>
    public FolderIndex(IEnumerable<SourceName> names, SourceVersion version)
    {
        Version = version;
        foreach (var name in names)
        {
            if (name.Kind is null or NodeKind.File or NodeKind.SymbolicLink
                && ArchiveName.TryParse(name.Name, out var archive))
            {
                foreach (var reading in NameRules.ReadingsOf(archive))
                {
                    Add(reading);
                }
            }
        }
    }

    /// <summary>The folder's version before its names were read.</summary>
    public SourceVersion Version { get; }

    /// <summary>Archives that compete for a stem, in the order of their claims.</summary>
    public ReadOnlySpan<ArchiveName> ArchivesOf(string stem) => _byStem.GetValueOrDefault(stem, s_none);

    private void Add(in ArchiveName archive)
    {
        if (!_byStem.TryGetValue(archive.Stem, out var rivals))
        {
            _byStem.Add(archive.Stem, [archive]);
            return;
        }

        ArchiveName[] all = [.. rivals, archive];
        // Names that differ only in the case of their extension: the order of their code points decides.
        Array.Sort(all, (left, right) =>
            left.Rank != right.Rank ? left.Rank.CompareTo(right.Rank) : string.CompareOrdinal(left.Name, right.Name));
        _byStem[archive.Stem] = all;
    }
}
