using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using Xunit;

namespace VirtualEmFs.Tests.Frames.Mrc;

public sealed class VirtualMrcTests
{
    private static readonly FrameShape s_shape = new(10, 20, 3);

    private static ArchiveDescription Description(ArchiveContent content) => new()
    {
        Format = "EMAN2 HDF5",
        Content = content,
        Shape = s_shape,
        Version = new SourceVersion(1, 2, 3, 4, 5),
        Files = ["/data/particles.hdf"],
        SampleType = SampleType.UInt8,
        Rescale = new Rescale(-2, 6, 5),
        Codec = "deflate",
        Grid = new BlockGrid(s_shape, 1, 8, 8),
        PixelSize = new AngstromVector(1.5f, 1.5f, 2f),
        Origin = new AngstromVector(7, 8, 9),
        Start = (-5, -10, -1),
        Statistics = new FrameStatistics(-3, 7, 1, 2),
        Labels = ["a label"],
    };

    private static MrcHeader HeaderOf(VirtualMrc file)
    {
        Assert.True(MrcHeader.TryParse(file.Header.Span, out var header, out string? reason), reason);
        return header!;
    }

    [Fact]
    public void Create_Stack_WritesImages()
    {
        var file = VirtualMrc.Create(Description(ArchiveContent.Stack));
        var header = HeaderOf(file);
        Assert.Equal(1024 + (10 * 20 * 3 * 4), file.LengthBytes);
        Assert.Equal(file.LengthBytes, header.FileLengthBytes);
        Assert.Equal((10, 20, 3, 2), (header.Nx, header.Ny, header.Nz, header.Mode));
        Assert.Equal((10, 20, 1), header.Sampling);
        Assert.Equal(new AngstromVector(15, 30, 2), header.CellLengths);
        Assert.Equal(0, header.SpaceGroup);
        Assert.Equal((-5, -10, -1), header.Start);
        Assert.Equal(new AngstromVector(7, 8, 9), header.Origin);
        Assert.Equal((20141, 1, 2, 3), (header.Version, header.Axes.Columns, header.Axes.Rows, header.Axes.Sections));
        Assert.Equal(["particles.hdf, 5 bits, by VirtualEmFs", "a label"], header.Labels);
    }

    [Fact]
    public void Create_Volume_WritesTheWholeCell()
    {
        var header = HeaderOf(VirtualMrc.Create(Description(ArchiveContent.Volume)));
        Assert.Equal((10, 20, 3), header.Sampling);
        Assert.Equal(new AngstromVector(15, 30, 6), header.CellLengths);
        Assert.Equal(1, header.SpaceGroup);
    }

    [Fact]
    public void Create_Aliases_SuitTheirNames()
    {
        var stackOfVolume = HeaderOf(VirtualMrc.Create(Description(ArchiveContent.Volume), MrcView.Stack));
        Assert.Equal((0, 1, 2f), (stackOfVolume.SpaceGroup, stackOfVolume.Sampling.Z, stackOfVolume.CellLengths.Z));
        var volumeOfStack = HeaderOf(VirtualMrc.Create(Description(ArchiveContent.Stack), MrcView.Volume));
        Assert.Equal((1, 3, 6f), (volumeOfStack.SpaceGroup, volumeOfStack.Sampling.Z, volumeOfStack.CellLengths.Z));
    }

    [Fact]
    public void Create_Statistics_AreTheArchivesOwnClippedToItsLimits()
    {
        var volume = Description(ArchiveContent.Volume);
        Assert.Equal(new FrameStatistics(-2, 6, 1, 2), HeaderOf(VirtualMrc.Create(volume)).Statistics);
        Assert.Equal(
            new FrameStatistics(-3, 7, 1, 2), HeaderOf(VirtualMrc.Create(Description(ArchiveContent.Stack))).Statistics);
        Assert.Equal(
            new FrameStatistics(-3, 7, 1, 2), HeaderOf(VirtualMrc.Create(volume with { Rescale = Rescale.None })).Statistics);
    }

    [Fact]
    public void Create_StatisticsMissingAbsurdOrStrict_AreUndetermined()
    {
        var undetermined = new FrameStatistics(0, -1, -2, -1);
        var volume = Description(ArchiveContent.Volume);
        Assert.Equal(undetermined, HeaderOf(VirtualMrc.Create(volume, useStrictStatistics: true)).Statistics);
        Assert.Equal(undetermined, HeaderOf(VirtualMrc.Create(volume with { Statistics = null })).Statistics);
        var absurd = volume with { Statistics = new FrameStatistics(0, float.NaN, 0, 1) };
        Assert.Equal(undetermined, HeaderOf(VirtualMrc.Create(absurd)).Statistics);
        Assert.True(HeaderOf(VirtualMrc.Create(absurd)).IsStatisticsUndetermined);
    }

    [Fact]
    public void Create_LongArchiveName_KeepsItsEndAndTheBits()
    {
        var description = Description(ArchiveContent.Volume) with { Files = ["/d/" + new string('n', 200) + "_half1.mrc.hdf"] };
        string label = HeaderOf(VirtualMrc.Create(description)).Labels[0];
        Assert.True(label.Length <= 80);
        Assert.EndsWith("_half1.mrc.hdf, 5 bits, by VirtualEmFs", label);
    }

    private static ArchiveDescription WithPreserved(int mode, bool isBigEndian, ArchiveContent content = ArchiveContent.Stack)
    {
        byte[] bytes = new byte[1024 + 88];
        new MrcHeader
        {
            Nx = 10,
            Ny = 20,
            Nz = 3,
            Mode = mode,
            Sampling = (10, 20, 3),
            CellLengths = new AngstromVector(10, 20, 4.5f),
            ExtendedHeaderLengthBytes = 88,
            ExtendedHeaderType = "FEI1",
        }.Write(bytes);
        if (isBigEndian)
        {
            for (int word = 1; word <= 56; word++)
            {
                bytes.AsSpan((word - 1) * 4, 4).Reverse();
            }
        }

        bytes.AsSpan(1024).Fill(0x5a);
        return Description(content) with { PreservedHeader = bytes, MrcMode = mode };
    }

    [Theory]
    [InlineData(2, false, 4)]
    [InlineData(1, false, 2)]
    [InlineData(6, true, 2)]
    [InlineData(0, false, 1)]
    public void Create_PreservedHeader_ReadsBackByteForByteInItsOwnModeAndSize(int mode, bool isBigEndian, int sampleLengthBytes)
    {
        var description = WithPreserved(mode, isBigEndian);
        var file = VirtualMrc.Create(description, useStrictStatistics: true);
        Assert.Equal(description.PreservedHeader.ToArray(), file.Header.ToArray());
        Assert.Equal(1024 + 88 + (600 * sampleLengthBytes), file.LengthBytes);
        Assert.Equal(file.LengthBytes, VirtualMrc.LengthOf(description));
        Assert.Equal(isBigEndian, file.Map.Format.IsBigEndian);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Create_AliasOfAPreservedHeader_ChangesOnlyTheThirdAxis(bool isBigEndian)
    {
        var description = WithPreserved(2, isBigEndian);
        byte[] own = description.PreservedHeader.ToArray();
        byte[] alias = VirtualMrc.Create(description, MrcView.Volume).Header.ToArray();
        Assert.True(MrcHeader.TryParse(alias, out var header, out _));
        Assert.Equal((1, 3, 4.5f), (header!.SpaceGroup, header.Sampling.Z, header.CellLengths.Z));
        int[] changed = [.. Enumerable.Range(0, own.Length).Where(i => own[i] != alias[i]).Select(i => (i / 4) + 1).Distinct()];
        Assert.Equal([23], changed);
        Assert.Equal(own, VirtualMrc.Create(description, MrcView.Stack).Header.ToArray());
    }

    /// <summary>A header that contradicts the frames would make size and header disagree: programs would read past the data.</summary>
    [Fact]
    public void Create_PreservedHeaderThatLies_IsReplaced()
    {
        var description = WithPreserved(1, false);
        ArchiveDescription[] lying =
        [
            description with { Shape = new FrameShape(10, 20, 4) },
            description with { PreservedHeader = description.PreservedHeader[..1100] },
            description with { MrcMode = 2 },
            description with { PreservedHeader = new byte[1024] },
        ];
        Assert.All(lying, lie =>
        {
            var file = VirtualMrc.Create(lie);
            Assert.Equal(1024, file.Header.Length);
            Assert.Equal(1024 + (lie.Shape.LengthSamples * 4), file.LengthBytes);
            Assert.Equal(file.LengthBytes, VirtualMrc.LengthOf(lie));
            Assert.Equal(2, HeaderOf(file).Mode);
        });
    }
}
