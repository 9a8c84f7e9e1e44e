using System.Collections.Immutable;

namespace VirtualEmFs.Frames;

/// <summary>What an archive's frames are to each other; decides name and header of the virtual file.</summary>
public enum ArchiveContent
{
    /// <summary>One 2-D image: <c>X.mrc</c>.</summary>
    Image,

    /// <summary>One volume whose sections are the frames: <c>X.mrc</c>.</summary>
    Volume,

    /// <summary>Several images of one shape: <c>X.mrcs</c>.</summary>
    Stack,

    /// <summary>Several volumes, or images of different shapes: a folder <c>X/</c> with a file for each.</summary>
    Folder,
}

/// <summary>Three values in Å along x, y and z.</summary>
public readonly record struct AngstromVector(float X, float Y, float Z);

/// <summary>Statistics of the frames as the archive states them, of values before any truncation.</summary>
public readonly record struct FrameStatistics(float Minimum, float Maximum, float Mean, float Sigma);

/// <summary>A fault that the probe found: reads of the frame fail.</summary>
/// <param name="FrameIndex">The frame; null when it cannot be told.</param>
public sealed record ArchiveDamage(int? FrameIndex, string Reason);

/// <summary>
/// What one virtual file is made from: everything needed to tell its exact size and header before anything is decoded.
/// </summary>
/// <remarks>Immutable; any thread. An archive of <see cref="ArchiveContent.Folder"/> has <see cref="Members"/>, and each member a
/// description of its own (<see cref="IArchiveFormats.DescribeMember"/>).</remarks>
public sealed record ArchiveDescription
{
    /// <summary>Name of the format for users: <c>EMAN2 HDF5</c>, <c>TIFF</c>, <c>EER</c>.</summary>
    public required string Format { get; init; }

    public required ArchiveContent Content { get; init; }

    /// <summary>Shape of the virtual file (of the first member, for a folder).</summary>
    public required FrameShape Shape { get; init; }

    /// <summary>The version that was probed, of the first of <see cref="Files"/>.</summary>
    public required SourceVersion Version { get; init; }

    /// <summary>Paths of the files that hold the frames; the first is the archive itself.</summary>
    public required ImmutableArray<string> Files { get; init; }

    /// <summary>Type of the first frame's stored samples.</summary>
    public required SampleType SampleType { get; init; }

    /// <summary>Rescaling of the first frame.</summary>
    public Rescale Rescale { get; init; }

    /// <summary>The first frame's pipeline, in words (<c>shuffle+deflate</c>).</summary>
    public required string Codec { get; init; }

    /// <summary>How the frames are cut into blocks.</summary>
    public required BlockGrid Grid { get; init; }

    /// <summary>Pixel size in Å; 1 where the archive's own is missing or outside 0.01–1000.</summary>
    public AngstromVector PixelSize { get; init; } = new(1, 1, 1);

    /// <summary>True when the archive's own pixel size was missing or implausible and 1 Å stands in for it.</summary>
    public bool IsPixelSizeAssumed { get; init; }

    /// <summary>Origin in Å (MRC words 50–52).</summary>
    public AngstromVector Origin { get; init; }

    /// <summary>NXSTART, NYSTART, NZSTART; zero where the archive has none.</summary>
    public (int X, int Y, int Z) Start { get; init; }

    /// <summary>Statistics of all frames; null where the archive has none.</summary>
    public FrameStatistics? Statistics { get; init; }

    /// <summary>The header and extended header that a program wrote, to be given back byte for byte; empty where there is none.</summary>
    public ReadOnlyMemory<byte> PreservedHeader { get; init; }

    /// <summary>True for files that are shown with the header that their program wrote.</summary>
    public bool HasOwnHeader => !PreservedHeader.IsEmpty;

    /// <summary>True for archives that this program made of MRC files: what is written to one takes its place.</summary>
    public bool IsOwn { get; init; }

    /// <summary>MRC mode in which the virtual file reads: 2 (float32), unless a preserved header says otherwise.</summary>
    public int MrcMode { get; init; } = 2;

    /// <summary>
    /// st_ino of the file that this archive was made from, and whose place it took; null where it took none, and for a copy of the archive.
    /// </summary>
    public ulong? RecordedInode { get; init; }

    /// <summary>True when a mount made the archive of a file written through it: it appears under exactly that file's name.</summary>
    public bool IsOfMount { get; init; }

    /// <summary>SHA-256 of the file that the archive was made from, as hexadecimal digits; null where the archive does not say.</summary>
    public string? OriginalSha256 { get; init; }

    /// <summary>Further labels for the MRC header, at most 80 characters each.</summary>
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>What a user has to know about applying a gain reference; null where there is nothing to say.</summary>
    public string? Gain { get; init; }

    /// <summary>Image numbers of a folder's members, ascending; empty otherwise.</summary>
    public ImmutableArray<int> Members { get; init; } = [];

    /// <summary>The member that this describes; null for the archive as a whole.</summary>
    public int? Member { get; init; }

    /// <summary>Faults that the probe found, the first 64 at most.</summary>
    public ImmutableArray<ArchiveDamage> Damage { get; init; } = [];

    /// <summary>Remarks that <c>emfs info</c> prints, such as dropped frames.</summary>
    public ImmutableArray<string> Remarks { get; init; } = [];

    /// <summary>The format's own data for opening the archive without probing again; opaque to everyone else.</summary>
    public object? FormatState { get; init; }
}
