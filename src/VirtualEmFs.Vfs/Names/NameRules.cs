using System.Globalization;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Vfs.Names;

/// <summary>Which names archives take, and which archives a name may mean. Pure: no folder, no I/O.</summary>
internal static class NameRules
{
    /// <summary>Our own folder at the root of a source; never shown.</summary>
    public const string OwnFolder = ".emfs";

    /// <summary>Where archives come into being, in the source.</summary>
    public const string TemporaryFolder = $"{OwnFolder}/tmp";

    /// <summary>Begins the names of archives that are being written; never shown.</summary>
    public const string TemporaryPrefix = ".emfs-tmp-";

    private const string ImageExtension = ".mrc";
    private const string StackExtension = ".mrcs";

    // Six digits sort as numbers up to a million images; larger numbers simply grow longer.
    private const string MemberFormat = "D6";

    /// <summary>Name of an archive that has its stem for itself.</summary>
    public static string ShortName(in ArchiveName archive, ArchiveContent content) =>
        archive.IsMrcNamed || content == ArchiveContent.Folder ? archive.Stem : archive.Stem + ExtensionOf(content);

    /// <summary>Name of an archive whose short name belongs to another: the extension behind its full name.</summary>
    public static string LongName(in ArchiveName archive, ArchiveContent content) => archive.Name + ExtensionOf(content);

    /// <summary>The name without <c>.mrc</c> or <c>.mrcs</c>, as those are given to archives; null when it ends in neither.</summary>
    public static string? WithoutVirtualExtension(string name)
    {
        string? stem = name.EndsWith(StackExtension, StringComparison.Ordinal) ? name[..^StackExtension.Length]
            : name.EndsWith(ImageExtension, StringComparison.Ordinal) ? name[..^ImageExtension.Length]
            : null;
        return string.IsNullOrEmpty(stem) ? null : stem;
    }

    /// <summary>
    /// Stems whose archives must be known before a looked-up name can be told: archives named like it, archives that would be
    /// called so, an archive that lost its short name, and those that could have taken that.
    /// </summary>
    public static IEnumerable<string> StemsOf(string name)
    {
        yield return name;
        if (WithoutVirtualExtension(name) is not { } stem)
        {
            yield break;
        }

        yield return stem;
        if (ArchiveName.TryParse(stem, out var archive))
        {
            foreach (var reading in ReadingsOf(archive))
            {
                yield return reading.Stem;
                yield return reading.Stem + ImageExtension;
                yield return reading.Stem + StackExtension;
            }
        }
    }

    /// <summary>The archive, and the set of which it may be the master.</summary>
    public static IEnumerable<ArchiveName> ReadingsOf(ArchiveName archive)
    {
        yield return archive;
        if (archive.TryAsSet(out var set))
        {
            yield return set;
        }
    }

    /// <summary>How an archive reads under a name: extensions tell programs "stack" or "volume".</summary>
    /// <param name="hasOwnHeader">The archive keeps the header that a program wrote: under the name of its file it stays as it is, also where
    /// that is no longer an MRC file's (IMOD's <c>TS.rec~</c>).</param>
    public static MrcView ViewOf(string virtualName, in ArchiveName archive, ArchiveContent content, bool hasOwnHeader)
    {
        if (hasOwnHeader && virtualName == archive.Stem)
        {
            return MrcView.Natural;
        }

        var hint = archive.IsMrcNamed && virtualName == archive.Stem
            ? MrcNames.HintOf(virtualName)
            : virtualName.EndsWith(StackExtension, StringComparison.Ordinal) ? MrcNameHint.Stack
            : content == ArchiveContent.Stack ? MrcNameHint.Volume : MrcNameHint.None;
        bool isStack = content is ArchiveContent.Stack or ArchiveContent.Image;
        return hint switch
        {
            MrcNameHint.Stack when !isStack => MrcView.Stack,
            // A single image is no volume under any name.
            MrcNameHint.Volume when content == ArchiveContent.Stack => MrcView.Volume,
            _ => MrcView.Natural,
        };
    }

    /// <summary>Name of one image of a folder: <c>000000.mrc</c>.</summary>
    public static string MemberName(int imageNumber) =>
        imageNumber.ToString(MemberFormat, CultureInfo.InvariantCulture) + ImageExtension;

    /// <summary>Image number of a member's name; only the exact name that <see cref="MemberName"/> gives.</summary>
    public static bool TryParseMember(string name, out int imageNumber)
    {
        imageNumber = -1;
        return name.EndsWith(ImageExtension, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(0, name.Length - ImageExtension.Length), NumberStyles.None, CultureInfo.InvariantCulture, out imageNumber)
            && MemberName(imageNumber) == name;
    }

    private static string ExtensionOf(ArchiveContent content) =>
        content is ArchiveContent.Stack or ArchiveContent.Folder ? StackExtension : ImageExtension;
}
