using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Names;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>Archives as a command line names them.</summary>
internal static class NamedArchive
{
    /// <summary>Describes the archive of a path.</summary>
    /// <exception cref="ArchiveException">There is no archive: the reason is one sentence.</exception>
    public static ArchiveDescription Describe(IArchiveFormats formats, string path)
    {
        if (Directory.Exists(path))
        {
            throw new ArchiveException(path, "this is a folder; name the archives in it");
        }

        if (!File.Exists(path) && !path.Contains('\uFFFD', StringComparison.Ordinal))
        {
            throw new ArchiveException(path, "there is no such file");
        }

        ProbeResult result = formats.Probe(path);
        return result.Outcome switch
        {
            ProbeOutcome.Archive => result.Description!,
            ProbeOutcome.NoImages => throw new ArchiveException(path, $"not an archive of images: {result.Reason}"),
            _ => throw new ArchiveException(path, result.Reason ?? "the archive cannot be read"),
        };
    }

    /// <summary>The virtual files of an archive: itself, or each member of a folder.</summary>
    /// <remarks>An archive or member that cannot be described is one of them, and says why when it is asked.</remarks>
    public static IEnumerable<VirtualFile> VirtualFilesOf(IArchiveFormats formats, string path)
    {
        try
        {
            return VirtualFilesOf(formats, path, Describe(formats, path));
        }
        catch (ArchiveException e)
        {
            return [new VirtualFile(Path.GetFileName(path), MrcView.Natural, null, () => throw e)];
        }
    }

    /// <summary>The virtual files of a described archive.</summary>
    public static IEnumerable<VirtualFile> VirtualFilesOf(IArchiveFormats formats, string path, ArchiveDescription archive)
    {
        (string name, MrcView view) = VirtualNames.Of(path, archive);
        return archive.Content != ArchiveContent.Folder
            ? [new VirtualFile(name, view, null, () => VirtualMrc.Normalise(archive))]
            : archive.Members.Select(member => new VirtualFile(
                Path.Combine(name, NameRules.MemberName(member)), MrcView.Natural, member,
                () => VirtualMrc.Normalise(formats.DescribeMember(archive, member))));
    }

    /// <summary>What a user calls a frame: <c>image 7</c>, <c>section 12</c>.</summary>
    public static string FrameName(ArchiveDescription description, int frameIndex) => (description.Content, description.Member) switch
    {
        (ArchiveContent.Volume, int member) => $"volume {member}, section {frameIndex}",
        (_, int member) => $"image {member}",
        (ArchiveContent.Volume, null) => $"section {frameIndex}",
        _ => $"image {frameIndex}",
    };

    /// <summary>A fault in one sentence that names the frame as a user does.</summary>
    public static string Sentence(ArchiveDescription description, IOException fault) => fault is ArchiveException { FrameIndex: int frame } archive
        ? $"{archive.ArchivePath}: {Sentence(description, frame, archive.Reason)}"
        : fault.Message;

    /// <summary>A frame's fault without the path.</summary>
    public static string Sentence(ArchiveDescription description, int frameIndex, string reason)
    {
        // Many reasons begin with the frame's name themselves.
        string name = FrameName(description, frameIndex);
        return reason.StartsWith(name, StringComparison.Ordinal) ? reason : $"{name}: {reason}";
    }
}
