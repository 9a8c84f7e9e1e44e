using System.Collections.Immutable;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Compression;

/// <summary>One image or volume of an input.</summary>
/// <param name="Nz">Sections; 0 for a 2-D image.</param>
/// <param name="Fields">Further fields of its header.</param>
/// <param name="Stored">Set when the samples are an archive's integers: they go on unchanged.</param>
internal sealed record InputImage(
    int Nx, int Ny, int Nz, AngstromVector PixelSize, AngstromVector Origin, ImmutableArray<Eman2Field> Fields, StoredImage? Stored = null)
{
    public int SectionCount => Math.Max(1, Nz);

    /// <summary>Rows of all sections.</summary>
    public long RowCount => (long)Ny * SectionCount;

    public long LengthSamples => RowCount * Nx;
}

/// <summary>Samples as an archive stores them, and what it says about them before they were truncated.</summary>
/// <param name="Source">The archive: its <see cref="ICompressionInput.ReadStoredRows"/> of the same image gives the samples.</param>
/// <param name="Statistics">Null where it says nothing.</param>
/// <param name="Records">One for each section; empty where it has none.</param>
internal sealed record StoredImage(
    ICompressionInput Source, SampleType SampleType, Rescale Rescale, FrameStatistics? Statistics, long TruncatedCount, FrameRecord[] Records)
{
    /// <summary>False when the archive has a record of another type or other limits: its values are not those that were stored.</summary>
    public bool HasRecordedLimits { get; } = Array.TrueForAll(
        Records, record => record.LimitsChecksum is not uint checksum || checksum == ProvenanceChecksums.OfLimits(SampleType, Rescale));

    /// <summary>What to say of an image that is not what its record says: storing it once more, with a new record, would hide that.</summary>
    /// <param name="image">Its number in the archive.</param>
    /// <param name="what">What differs.</param>
    public ArchiveException Altered(int image, string what) => new(
        Source.File.Path,
        $"image {image} is not what emfs wrote there, since its {what} differ: it is damaged, or another program changed it; "
            + "extract it, or restore the archive from a copy");
}

/// <summary>A file to be compressed.</summary>
/// <remarks>Any thread; rows may be read side by side.</remarks>
internal interface ICompressionInput : IDisposable
{
    /// <summary>The file itself: its version is that of the start.</summary>
    SourceFile File { get; }

    /// <summary>What the frames are to each other.</summary>
    ArchiveContent Content { get; }

    int ImageCount { get; }

    /// <summary>Further attributes that apply to all images.</summary>
    ImmutableArray<Eman2Field> GroupFields { get; }

    /// <summary>Where the input itself came from, when it is an archive that says so; null otherwise.</summary>
    Provenance? Earlier => null;

    /// <summary>MRC mode, and header with extended header; null and empty for other files.</summary>
    (int? Mode, ReadOnlyMemory<byte> Header) Mrc { get; }

    /// <summary>Describes an image.</summary>
    /// <exception cref="ArchiveException">The image is missing or damaged.</exception>
    InputImage Describe(int image);

    /// <summary>Reads whole rows, counted through the image's sections, as float32.</summary>
    /// <exception cref="ArchiveException">The disk fails or the image is damaged.</exception>
    void ReadRows(int image, long firstRow, Span<float> destination);

    /// <summary>Reads whole rows of an image that has <see cref="InputImage.Stored"/>, as they are stored.</summary>
    /// <exception cref="ArchiveException">The disk fails or the image is damaged.</exception>
    void ReadStoredRows(int image, long firstRow, Span<byte> destination);
}
