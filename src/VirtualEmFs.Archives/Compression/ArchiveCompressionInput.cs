using System.Collections.Immutable;
using VirtualEmFs.Archives.Hdf5.Eman2;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Archives.Compression;

/// <summary>A TIFF, EER or MRCZ file as images to be compressed: what its virtual MRC file shows.</summary>
internal sealed class ArchiveCompressionInput : ICompressionInput
{
    private readonly IArchive _archive;
    private readonly DecodeSlots _slots = new(Environment.ProcessorCount);
    private readonly DecodedBlocks _blocks;

    private ArchiveCompressionInput(SourceFile file, IArchive archive)
    {
        (File, _archive) = (file, archive);
        _blocks = new DecodedBlocks(archive, _slots);
    }

    public SourceFile File { get; }

    public ArchiveContent Content => _archive.Description.Content;

    public int ImageCount => Content == ArchiveContent.Volume ? 1 : _archive.Description.Shape.FrameCount;

    public ImmutableArray<Eman2Field> GroupFields => [];

    public (int? Mode, ReadOnlyMemory<byte> Header) Mrc => (null, default);

    /// <summary>Opens an archive; it owns the file from then on. Null when no format takes the file for its own: it is then still the caller's.</summary>
    /// <exception cref="ArchiveException">It is damaged, incomplete, or of a kind that is not supported.</exception>
    public static ArchiveCompressionInput? TryOpen(SourceFile file, IArchiveFormats formats)
    {
        ProbeResult probe = formats.Probe(file.Path);
        if (probe is { Outcome: ProbeOutcome.NoImages, Reason: ArchiveFormats.NoKnownFormat })
        {
            return null;
        }

        if (probe.Description is not ArchiveDescription description)
        {
            throw new ArchiveException(file.Path, probe.Reason!);
        }

        if (description.Damage.FirstOrDefault() is ArchiveDamage damage)
        {
            throw new ArchiveException(file.Path, $"is damaged, and compressing it would hide that: {damage.Reason}", damage.FrameIndex);
        }

        file.CheckUnchanged(description.Version);
        return new ArchiveCompressionInput(file, formats.Open(description));
    }

    public InputImage Describe(int image)
    {
        var description = _archive.Description;
        var shape = description.Shape;
        return new InputImage(
            shape.Nx, shape.Ny, Content == ArchiveContent.Volume ? shape.FrameCount : 0, description.PixelSize, description.Origin,
            image == 0 ? FieldsOf(description) : []);
    }

    public void ReadRows(int image, long firstRow, Span<float> destination)
    {
        var (grid, shape) = (_archive.Description.Grid, _archive.Description.Shape);
        for (long at = firstRow; !destination.IsEmpty;)
        {
            (long section, long row) = Math.DivRem(at, shape.Ny);
            int frame = image + (int)section;
            long block = grid.BlockOf(frame, (int)row);
            var extent = grid.ExtentOf(block);
            var format = _archive.FormatOf(extent);
            int rowCount = (int)Math.Min(extent.FirstRow + extent.RowCount - row, destination.Length / shape.Nx);
            int rowLengthBytes = shape.Nx * format.SampleType.LengthBytes();
            int firstStoredRow = ((frame - extent.FirstFrame) * extent.RowCount) + (int)row - extent.FirstRow;
            var stored = _blocks.Get(block, extent, format.LengthBytes).Slice(firstStoredRow * rowLengthBytes, rowCount * rowLengthBytes);
            RescaleKernels.ToFloat32(stored, format.SampleType, format.Rescale, destination[..(rowCount * shape.Nx)]);
            destination = destination[(rowCount * shape.Nx)..];
            at += rowCount;
        }
    }

    public void ReadStoredRows(int image, long firstRow, Span<byte> destination) =>
        throw new NotSupportedException("only EMAN2's archives hold integers that go on unchanged");

    /// <summary>What has to be known about gain references, and the labels, where EMAN2 keeps those of MRC files.</summary>
    private static ImmutableArray<Eman2Field> FieldsOf(ArchiveDescription description) =>
    [
        .. description.Gain is string gain ? (Eman2Field[])[new Eman2Field("EMAN." + Eman2Describer.GainField, gain)] : [],
        .. description.Labels.IsEmpty ? (Eman2Field[])[] : [new Eman2Field("EMAN.MRC.nlabels", description.Labels.Length)],
        .. description.Labels.Select((label, index) => new Eman2Field($"EMAN.MRC.label{index}", label)),
    ];

    public void Dispose()
    {
        _archive.Dispose();
        _slots.Dispose();
        File.Dispose();
    }
}
