using System.Buffers;
using System.Collections.Immutable;
using VirtualEmFs.Archives.Hdf5;
using VirtualEmFs.Archives.Hdf5.Eman2;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Archives.Compression;

/// <summary>An EMAN2 archive as images to be compressed: truncated ones keep their integers and limits, and all keep their headers.</summary>
internal sealed class Eman2CompressionInput : ICompressionInput
{
    private const string Prefix = "EMAN.";

    private readonly IArchiveFormats _formats;
    private readonly ArchiveDescription _description;
    private readonly Eman2Archive _archive;
    private readonly DecodeSlots _slots = new(Environment.ProcessorCount);
    private readonly IArchive? _whole; // null for a folder: each thread opens the member that it needs
    private readonly ThreadLocal<OpenMember> _members = new(() => new OpenMember(), trackAllValues: true);
    private readonly FrameRecord[] _records = [];
    private readonly int[] _numbers;

    private Eman2CompressionInput(IArchiveFormats formats, SourceFile file, ArchiveDescription description)
    {
        (_formats, File, _description) = (formats, file, description);
        _archive = (Eman2Archive)description.FormatState!;
        _numbers = [.. Enumerable.Range(0, _archive.Images.PresentCount).Select(_archive.Images.NumberAt)];
        using Hdf5File hdf5 = Reader();
        if (EarlierProvenance.Read(hdf5) is ({ } provenance, { } records, var isHeaderAsWritten))
        {
            (Earlier, _records, IsHeaderAsWritten) = (provenance, records, isHeaderAsWritten);
        }

        // Rows are read as float32, whatever the mode in which the archive is shown.
        _whole = Content == ArchiveContent.Folder ? null : formats.Open(description with { MrcMode = 2 });
        GroupFields = _archive.IsLegacy || hdf5.Find(hdf5.Root, "MDF/images") is not { } group
            ? []
            : [.. group.Attributes().Where(attribute => attribute.Name != "imageid_max").Select(FieldOf)];
    }

    public SourceFile File { get; }

    public ArchiveContent Content => _description.Content;

    public int ImageCount => _numbers.Length;

    public ImmutableArray<Eman2Field> GroupFields { get; }

    public Provenance? Earlier { get; }

    /// <summary>False when the archive has a record of another preserved MRC header.</summary>
    public bool IsHeaderAsWritten { get; } = true;

    public (int? Mode, ReadOnlyMemory<byte> Header) Mrc => (Earlier?.MrcMode, Earlier?.MrcHeader ?? default);

    /// <summary>Opens an archive; it owns the file from then on.</summary>
    /// <exception cref="ArchiveException">It is damaged or incomplete, or no archive of EMAN2's.</exception>
    public static Eman2CompressionInput Open(SourceFile file, IArchiveFormats formats)
    {
        ProbeResult probe = formats.Probe(file.Path);
        if (probe.Description is not { FormatState: Eman2Archive } description)
        {
            throw new ArchiveException(file.Path, probe.Reason ?? "is no archive of EMAN2's");
        }

        if (description.Damage.FirstOrDefault() is ArchiveDamage damage)
        {
            throw new ArchiveException(file.Path, $"is damaged, and compressing it would hide that: {damage.Reason}", damage.FrameIndex);
        }

        Eman2CompressionInput input = Open(file, formats, description);
        if (!input.IsHeaderAsWritten)
        {
            input.Dispose();
            throw AlteredHeader(file.Path);
        }

        return input;
    }

    /// <summary>What to say of a preserved header that is not the one that was written: keeping it would hide that.</summary>
    public static ArchiveException AlteredHeader(string path) => new(
        path, "its preserved MRC header is not what emfs wrote there: it is damaged; extract the file, or restore the archive from a copy");

    /// <summary>Opens a described archive without damage; it owns the file from then on.</summary>
    /// <exception cref="ArchiveException">It changed since, or fails.</exception>
    public static Eman2CompressionInput Open(SourceFile file, IArchiveFormats formats, ArchiveDescription description)
    {
        file.CheckUnchanged(description.Version);
        return Hdf5Guard.Run(file.Path, null, () => new Eman2CompressionInput(formats, file, description));
    }

    public InputImage Describe(int image) => Hdf5Guard.Run(File.Path, image, () =>
    {
        using Hdf5File hdf5 = Reader();
        Eman2Image found = _archive.ReadImage(hdf5, _numbers[image]);
        DatasetFrames frames = found.Frames;
        bool isTruncated = !found.Rescale.IsNone && frames.SampleType is SampleType.UInt8 or SampleType.UInt16;
        bool isKeptFloat = Earlier is not null && frames.SampleType == SampleType.Float32;
        StoredImage stored = StoredOf(found, image);
        bool goesOn = isTruncated || isKeptFloat || !stored.HasRecordedLimits;
        var header = new ImageHeader(found.HeaderHolder);
        return new InputImage(
            frames.Nx, frames.Ny, frames.Nz > 1 ? frames.Nz : 0,
            new AngstromVector(header.Single("apix_x") ?? 1, header.Single("apix_y") ?? 1, header.Single("apix_z") ?? 1),
            new AngstromVector(header.Single("origin_x") ?? 0, header.Single("origin_y") ?? 0, header.Single("origin_z") ?? 0),
            FieldsOf(found.HeaderHolder, isKept: goesOn),
            goesOn ? stored : null);
    });

    public void ReadRows(int image, long firstRow, Span<float> destination)
    {
        IArchive archive = OpenFor(image, out int firstFrame);
        int nx = archive.Description.Shape.Nx;
        ForEachExtent(archive, firstFrame, firstRow, destination.Length / nx, (extent, offset, samples) =>
        {
            BlockFormat format = archive.FormatOf(extent);
            byte[] rented = ArrayPool<byte>.Shared.Rent(format.LengthBytes);
            Span<byte> stored = rented.AsSpan(0, format.LengthBytes);
            archive.Decode(extent, stored, _slots);
            RescaleKernels.ToFloat32(stored, format.SampleType, format.Rescale, samples.Slice(offset * nx, extent.RowCount * nx));
            ArrayPool<byte>.Shared.Return(rented);
        }, destination);
    }

    public void ReadStoredRows(int image, long firstRow, Span<byte> destination)
    {
        IArchive archive = OpenFor(image, out int firstFrame);
        int rowLengthBytes = archive.Description.Shape.Nx
            * archive.FormatOf(new BlockExtent(firstFrame, 1, 0, 1)).SampleType.LengthBytes();
        ForEachExtent(
            archive, firstFrame, firstRow, destination.Length / rowLengthBytes,
            (extent, offset, samples) => archive.Decode(extent, samples.Slice(offset * rowLengthBytes, extent.RowCount * rowLengthBytes), _slots),
            destination);
    }

    public void Dispose()
    {
        foreach (OpenMember member in _members.Values)
        {
            member.Dispose();
        }

        _members.Dispose();
        _whole?.Dispose();
        _slots.Dispose();
        File.Dispose();
    }

    private delegate void ExtentReader<T>(BlockExtent extent, int firstRow, Span<T> destination);

    /// <summary>Cuts a run of rows, counted through the sections, into extents of one section each.</summary>
    private static void ForEachExtent<T>(
        IArchive archive, int firstFrame, long firstRow, int rowCount, ExtentReader<T> read, Span<T> destination)
    {
        int ny = archive.Description.Shape.Ny;
        for (int done = 0; done < rowCount;)
        {
            (long section, long row) = Math.DivRem(firstRow + done, ny);
            int rows = (int)Math.Min(rowCount - done, ny - row);
            read(new BlockExtent(firstFrame + (int)section, 1, (int)row, rows), done, destination);
            done += rows;
        }
    }

    private Hdf5File Reader() => new(File, _archive.Superblock);

    /// <summary>The archive that holds an image; of a folder's members each thread keeps the last one open.</summary>
    private IArchive OpenFor(int image, out int firstFrame)
    {
        firstFrame = Content == ArchiveContent.Stack ? _numbers[image] : 0;
        return _whole ?? _members.Value!.Get(image, () => _formats.Open(_formats.DescribeMember(_description, _numbers[image])));
    }

    private StoredImage StoredOf(Eman2Image image, int index)
    {
        var header = new ImageHeader(image.HeaderHolder);
        FrameStatistics? statistics = header.Single("minimum") is float minimum && header.Single("maximum") is float maximum
            && header.Single("mean") is float mean && header.Single("sigma") is float sigma
            ? new FrameStatistics(minimum, maximum, mean, sigma)
            : null;
        double truncated = image.HeaderHolder.FindAttribute("EMAN.stored_truncated")?.AsNumber() ?? 0;

        // Records run through the sections of all images; only where all images have as many sections is their place known from here.
        int sections = image.Frames.Nz;
        FrameRecord[] records = _records.Length == (long)sections * ImageCount ? _records[(index * sections)..((index + 1) * sections)] : [];
        return new StoredImage(this, image.Frames.SampleType, image.Rescale, statistics, truncated is >= 0 and <= int.MaxValue ? (long)truncated : 0, records);
    }

    /// <summary>Attributes that go on as they are: all but the limits, and but the statistics where samples are truncated only now.</summary>
    private static ImmutableArray<Eman2Field> FieldsOf(Hdf5Object holder, bool isKept) =>
    [
        .. holder.Attributes()
            .OrderBy(attribute => !attribute.Name.StartsWith(Prefix, StringComparison.Ordinal)) // where both exist the prefixed one counts
            .Select(attribute => attribute.Name.StartsWith(Prefix, StringComparison.Ordinal) ? attribute : attribute with { Name = Prefix + attribute.Name })
            .DistinctBy(attribute => attribute.Name)
            .Where(attribute => attribute.Name is not ("EMAN.stored_rendermin" or "EMAN.stored_rendermax" or "EMAN.stored_renderbits" or "EMAN.stored_truncated")
                && (isKept || attribute.Name is not ("EMAN.minimum" or "EMAN.maximum" or "EMAN.mean" or "EMAN.sigma")))
            .Select(FieldOf),
    ];

    private static Eman2Field FieldOf(Hdf5.Attribute attribute)
    {
        Datatype type = attribute.Datatype;
        if (type.Class == DatatypeClass.String)
        {
            return new Eman2Field(attribute.Name, attribute.AsText(null!, default) ?? "");
        }

        if (type.Class == DatatypeClass.Compound && type.SizeBytes == FieldRecord.LengthBytes && attribute.Data.Length == FieldRecord.LengthBytes)
        {
            return new Eman2Field(attribute.Name, new FieldRecord(attribute.Data));
        }

        if (type.AsSampleType() is not SampleType sampleType || sampleType == SampleType.Float16 || attribute.Data.Length == 0)
        {
            throw new Hdf5FormatException($"its attribute {attribute.Name} is of a type that EMAN2 does not have, and would be lost");
        }

        byte[] values = attribute.Data.ToArray();
        if (type.IsBigEndian)
        {
            ByteOrder.Swap(values, type.SizeBytes);
        }

        return new Eman2Field(attribute.Name, new FieldNumbers(Enum.Parse<Native.Hdf5.Hdf5Type>(sampleType.ToString()), values));
    }

    /// <summary>The member that a thread has open.</summary>
    private sealed class OpenMember : IDisposable
    {
        private int _image = -1;
        private IArchive? _archive;

        public IArchive Get(int image, Func<IArchive> open)
        {
            if (_image != image || _archive is null)
            {
                _archive?.Dispose();
                _archive = null;
                _archive = open();
                _image = image;
            }

            return _archive;
        }

        public void Dispose() => _archive?.Dispose();
    }
}
