using System.Collections.Immutable;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Archives.Compression;

/// <summary>An MRC file as images or volumes to be compressed.</summary>
internal sealed class MrcCompressionInput : ICompressionInput
{
    private const float SmallestPixelSize = 0.01f, LargestPixelSize = 1000;

    private readonly MrcInput _mrc;
    private readonly MrcImages _images;

    /// <param name="name">The name that says what programs take the file for.</param>
    public MrcCompressionInput(MrcInput mrc, ReadOnlySpan<char> name, MrcThirdAxis thirdAxis)
    {
        _mrc = mrc;
        _images = MrcImages.Of(mrc.Header, name, thirdAxis);
    }

    public SourceFile File => _mrc.File;

    public ArchiveContent Content => _images switch
    {
        { AreVolumes: true, Count: > 1 } => ArchiveContent.Folder,
        { AreVolumes: true } => ArchiveContent.Volume,
        { Count: > 1 } => ArchiveContent.Stack,
        _ => ArchiveContent.Image,
    };

    public int ImageCount => _images.Count;

    public (int? Mode, ReadOnlyMemory<byte> Header) Mrc => (_mrc.Header.Mode, _mrc.HeaderBytes);

    public ImmutableArray<Eman2Field> GroupFields => [];

    public InputImage Describe(int image)
    {
        MrcHeader header = _mrc.Header;
        return new InputImage(
            header.Nx, header.Ny, _images.SectionsPerVolume, PixelSizeOf(header), header.Origin, image == 0 ? FieldsOf(header) : []);
    }

    public void ReadRows(int image, long firstRow, Span<float> destination) =>
        _mrc.ReadRows(((long)image * _images.SectionsPerImage * _mrc.Shape.Ny) + firstRow, destination);

    public void ReadStoredRows(int image, long firstRow, Span<byte> destination) =>
        throw new NotSupportedException("an MRC file holds no integers of an archive");

    public void Dispose() => _mrc.Dispose();

    /// <summary>Cell over sampling, along columns, rows and sections; 1 where that is not plausible.</summary>
    private static AngstromVector PixelSizeOf(MrcHeader header)
    {
        ReadOnlySpan<float> sizes =
        [
            PixelSize(header.CellLengths.X, header.Sampling.X),
            PixelSize(header.CellLengths.Y, header.Sampling.Y),
            PixelSize(header.CellLengths.Z, header.Sampling.Z),
        ];
        (int columns, int rows, int sections) = header.Axes;
        bool arePermuted = columns is >= 1 and <= 3 && rows is >= 1 and <= 3 && sections is >= 1 and <= 3
            && columns != rows && rows != sections && columns != sections;
        return arePermuted
            ? new AngstromVector(sizes[columns - 1], sizes[rows - 1], sizes[sections - 1])
            : new AngstromVector(sizes[0], sizes[1], sizes[2]);
    }

    private static float PixelSize(float cellLength, int sampling)
    {
        float size = sampling > 0 ? cellLength / sampling : 0;
        return size is >= SmallestPixelSize and <= LargestPixelSize ? size : 1;
    }

    /// <summary>What EMAN2 keeps of an MRC header, under its names: from these it rebuilds the header when it writes MRC again.</summary>
    private static ImmutableArray<Eman2Field> FieldsOf(MrcHeader header) =>
    [
        new("EMAN.MRC.nx", header.Nx), new("EMAN.MRC.ny", header.Ny), new("EMAN.MRC.nz", header.Nz), new("EMAN.MRC.mode", header.Mode),
        new("EMAN.MRC.nxstart", header.Start.X), new("EMAN.MRC.nystart", header.Start.Y), new("EMAN.MRC.nzstart", header.Start.Z),
        new("EMAN.MRC.mx", header.Sampling.X), new("EMAN.MRC.my", header.Sampling.Y), new("EMAN.MRC.mz", header.Sampling.Z),
        new("EMAN.MRC.xlen", header.CellLengths.X), new("EMAN.MRC.ylen", header.CellLengths.Y), new("EMAN.MRC.zlen", header.CellLengths.Z),
        new("EMAN.MRC.alpha", header.CellAngles.Alpha), new("EMAN.MRC.beta", header.CellAngles.Beta), new("EMAN.MRC.gamma", header.CellAngles.Gamma),
        new("EMAN.MRC.mapc", header.Axes.Columns), new("EMAN.MRC.mapr", header.Axes.Rows), new("EMAN.MRC.maps", header.Axes.Sections),
        new("EMAN.MRC.minimum", header.Statistics.Minimum), new("EMAN.MRC.maximum", header.Statistics.Maximum),
        new("EMAN.MRC.mean", header.Statistics.Mean), new("EMAN.MRC.rms", header.Statistics.Sigma),
        new("EMAN.MRC.ispg", header.SpaceGroup), new("EMAN.MRC.nsymbt", header.ExtendedHeaderLengthBytes), new("EMAN.MRC.nversion", header.Version),
        new("EMAN.MRC.nlabels", header.Labels.Length),
        .. header.Labels.Select((label, index) => new Eman2Field($"EMAN.MRC.label{index}", label.Split('\0')[0])),
    ];
}
