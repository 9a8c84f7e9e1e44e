namespace VirtualEmFs.Frames;

/// <summary>Type, rescaling and length of one decoded block.</summary>
/// <param name="LengthBytes">frames · rows · nx · sample length.</param>
public readonly record struct BlockFormat(SampleType SampleType, Rescale Rescale, int LengthBytes);

/// <summary>An archive opened for reading: keeps its files open, so that it reads one version of them or fails.</summary>
/// <remarks>All members are safe from any thread and may wait for the disk.</remarks>
public interface IArchive : IDisposable
{
    ArchiveDescription Description { get; }

    /// <summary>What <see cref="Decode"/> will write for a block.</summary>
    /// <exception cref="ArchiveException">The block's frame is missing or damaged.</exception>
    BlockFormat FormatOf(BlockExtent extent);

    /// <summary>Decodes one block: rows of frames in file order, all columns, samples in the machine's byte order.</summary>
    /// <param name="destination">Exactly <see cref="BlockFormat.LengthBytes"/> long; undefined after an exception.</param>
    /// <param name="slots">Bounds how many threads decode at once; taken only for the part that computes, not while waiting for the disk.</param>
    /// <exception cref="ArchiveException">A piece is damaged; names the frame.</exception>
    /// <exception cref="ArchiveChangedException">The file is no longer the probed version.</exception>
    void Decode(BlockExtent extent, Span<byte> destination, DecodeSlots slots);

    /// <summary>From now on a change of the files' ctime alone is no change of their bytes: this process itself renames them, removes them, or
    /// changes their owner while they are open.</summary>
    /// <param name="mtimeNs">An mtime that it gives them, too; null for none.</param>
    void TolerateAttributeChanges(long? mtimeNs = null)
    {
    }
}

/// <summary>How a probe ended.</summary>
public enum ProbeOutcome
{
    /// <summary>Frames were found: <see cref="ProbeResult.Description"/> is set.</summary>
    Archive,

    /// <summary>A sound file that holds no images: passes through.</summary>
    NoImages,

    /// <summary>The file is broken or not supported: <see cref="ProbeResult.Reason"/> says why.</summary>
    Broken,

    /// <summary>The file changed during the probe: being written, to be probed again later.</summary>
    BeingWritten,
}

/// <summary>What a probe found.</summary>
/// <param name="Description">Set when <paramref name="Outcome"/> is <see cref="ProbeOutcome.Archive"/>.</param>
/// <param name="Reason">One sentence otherwise.</param>
public sealed record ProbeResult(ProbeOutcome Outcome, ArchiveDescription? Description, string? Reason)
{
    public static ProbeResult Found(ArchiveDescription description) => new(ProbeOutcome.Archive, description, null);

    public static ProbeResult NoImages(string reason) => new(ProbeOutcome.NoImages, null, reason);

    public static ProbeResult Broken(string reason) => new(ProbeOutcome.Broken, null, reason);

    public static ProbeResult BeingWritten() => new(ProbeOutcome.BeingWritten, null, "the file is being written");
}

/// <summary>All archive formats as one: recognises, describes and opens archives.</summary>
/// <remarks>Safe from any thread; every call may wait for the disk. Never throws for what a file contains, except as stated.</remarks>
public interface IArchiveFormats
{
    /// <summary>Describes an archive. Bounded in bytes read, memory and time, whatever the file claims.</summary>
    ProbeResult Probe(string path);

    /// <summary>Describes one member of a folder.</summary>
    /// <exception cref="ArchiveException">The member is missing or damaged.</exception>
    ArchiveDescription DescribeMember(ArchiveDescription folder, int imageNumber);

    /// <summary>Opens a described archive or member.</summary>
    /// <exception cref="ArchiveChangedException">The file is no longer the described version.</exception>
    /// <exception cref="ArchiveException">The file cannot be opened.</exception>
    IArchive Open(ArchiveDescription description);
}
