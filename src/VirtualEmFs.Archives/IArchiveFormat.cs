using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives;

/// <summary>One archive format: recognises its files, describes them, and maps their frames.</summary>
/// <remarks>Any thread. A new format implements this and takes a line in <see cref="ArchiveFormats"/>.</remarks>
internal interface IArchiveFormat
{
    /// <summary>As in <see cref="ArchiveDescription.Format"/>.</summary>
    string Name { get; }

    /// <summary>Whether a file may be of this format.</summary>
    /// <param name="firstBytes">The file's first bytes, up to 64.</param>
    bool Recognises(ReadOnlySpan<byte> firstBytes, string path);

    /// <summary>Describes a file; bounded in bytes read, memory and time. Lies end as <see cref="ProbeOutcome.Broken"/>.</summary>
    /// <param name="path">As the description is to name it.</param>
    /// <exception cref="ArchiveException">The disk fails, or the file changes.</exception>
    ProbeResult Probe(SourceFile file, string path);

    /// <summary>Describes one member of a folder.</summary>
    /// <exception cref="ArchiveException">The member is missing or damaged.</exception>
    ArchiveDescription DescribeMember(SourceFile file, ArchiveDescription folder, int imageNumber);

    /// <summary>The frames of a described archive or member. Cheap: layouts are read when they are asked for.</summary>
    /// <param name="files">In the order of <see cref="ArchiveDescription.Files"/>; the map does not own them.</param>
    FrameMap OpenMap(IReadOnlyList<SourceFile> files, ArchiveDescription description);
}
