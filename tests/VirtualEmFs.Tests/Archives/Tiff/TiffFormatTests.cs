using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Eer;
using VirtualEmFs.Archives.Tiff;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Tiff;

/// <summary>What the golden files do not have: other descriptions, files that pass through, and lies.</summary>
public sealed class TiffFormatTests : IDisposable
{
    private static readonly byte[] s_samples = [1, 2, 3, 4, 5, 6];

    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Read_OnePage_IsAnImageWithItsLastRowFirst()
    {
        var frames = Read(new TiffBuilder().Page(3, 2, s_samples), out var description);
        Assert.Equal(ArchiveContent.Image, description.Content);
        Assert.Equal([4, 5, 6, 1, 2, 3], frames.Single());
        Assert.True(description.IsPixelSizeAssumed);
    }

    [Theory]
    [InlineData(3, 94_339_624u, 1u, "", 1.06f)]
    [InlineData(2, 254_000_000u, 1u, "", 1f)]
    [InlineData(1, 8u, 10u, "ImageJ=1.53\nimages=1\nunit=nm\n", 12.5f)]
    [InlineData(1, 2u, 1u, "ImageJ=1.53\nunit=\\u00B5m\n", 1f)]
    [InlineData(1, 5u, 4u, "ImageJ=1.53\nunit=Angstrom\n", 0.8f)]
    [InlineData(1, 1u, 1u, "<OME><Pixels PhysicalSizeX=\"0.134\" PhysicalSizeXUnit=\"nm\"/></OME>", 1.34f)]
    [InlineData(1, 1u, 1u, "<OME><Pixels PhysicalSizeX=\"0.0002\"/></OME>", 2f)]
    [InlineData(1, 1u, 1u, "SerialEM:\nPixelSpacing = 2.72\n", 2.72f)]
    [InlineData(2, 72u, 1u, "PixelSpacing = 1.5", 1.5f)]
    public void Probe_PixelSize_IsFoundWhereWritersPutIt(int unit, uint numerator, uint denominator, string description, float expected)
    {
        // 1 / 2 pixels per micrometre is 2 µm, beyond any microscope: such a size is not believed.
        Read(
            new TiffBuilder().Page(3, 2, s_samples, (296, (ushort)unit), (282, (numerator, denominator)), (270, description)),
            out var found);
        bool isBelieved = !description.Contains("u00B5m", StringComparison.Ordinal);
        Assert.Equal(isBelieved, !found.IsPixelSizeAssumed);
        Assert.Equal(expected, found.PixelSize.X, 1e-6f);
        Assert.Equal(found.PixelSize.X, found.PixelSize.Y);
    }

    /// <summary>ImageJ has no room for directories beyond 4 GiB: the planes follow the first without any.</summary>
    [Fact]
    public void Read_ImageJStackBeyondItsOffsets_HasAllPlanes()
    {
        byte[] planes = [.. s_samples, .. s_samples.Select(each => (byte)(each + 10)), .. s_samples.Select(each => (byte)(each + 20))];
        var builder = new TiffBuilder();
        uint offset = (uint)builder.Append(planes);
        builder.Page(3, 2, [], (273, offset), (279, 6u), (270, "ImageJ=1.53t\nimages=3\nslices=3\n"));

        var small = Read(builder, out var asRelion);
        Assert.Single(small);
        Assert.Equal(1, asRelion.Shape.FrameCount);

        var big = Read(builder, out _, imageJLimitBytes: 16);
        Assert.Equal(3, big.Count);
        Assert.Equal([24, 25, 26, 21, 22, 23], big[2]);
    }

    [Fact]
    public void Probe_ImageJStackThatEndsEarly_IsDamaged()
    {
        var builder = new TiffBuilder().Page(3, 2, s_samples, (270, "ImageJ=1.53t\nimages=100\n"));
        File.WriteAllBytes(_path, builder.ToArray());
        var description = ArchiveFrames.Probe(FormatOf(16), _path).Description!;
        Assert.Contains("100 planes", Assert.Single(description.Damage).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(277, 3, "colour")]
    [InlineData(259, 7, "JPEG")]
    [InlineData(259, 4, "CCITT")]
    [InlineData(258, 1, "1 bits")]
    [InlineData(339, 6, "format 6")]
    public void Probe_OtherImages_PassThroughWithTheReason(int tag, int value, string reason)
    {
        File.WriteAllBytes(_path, new TiffBuilder().Page(3, 2, s_samples, (tag, (ushort)value)).ToArray());
        var result = ArchiveFrames.Probe(FormatOf(), _path);
        Assert.Equal(ProbeOutcome.NoImages, result.Outcome);
        Assert.Contains(reason, result.Reason!, StringComparison.Ordinal);
    }

    [Fact]
    public void Probe_PagesOfDifferentSizes_PassThrough()
    {
        File.WriteAllBytes(_path, new TiffBuilder().Page(3, 2, s_samples).Page(2, 3, s_samples).ToArray());
        Assert.Equal(ProbeOutcome.NoImages, ArchiveFrames.Probe(FormatOf(), _path).Outcome);
    }

    [Fact]
    public void Probe_DirectoriesInALoop_IsBroken()
    {
        File.WriteAllBytes(_path, new TiffBuilder().Page(3, 2, s_samples).Page(3, 2, s_samples).Loop().ToArray());
        var result = ArchiveFrames.Probe(FormatOf(), _path);
        Assert.Equal(ProbeOutcome.Broken, result.Outcome);
        Assert.Contains("without end", result.Reason!, StringComparison.Ordinal);
    }

    /// <summary>Sizes that multiply to terabytes must cost neither memory nor time.</summary>
    [Theory]
    [InlineData(278, 0u)]
    [InlineData(256, 0u)]
    [InlineData(256, 0xFFFFFFFFu)]
    public void Probe_ImpossibleSizes_AreBroken(int tag, uint value)
    {
        File.WriteAllBytes(_path, new TiffBuilder().Page(3, 2, s_samples, (259, (ushort)5), (tag, value)).ToArray());
        Assert.Equal(ProbeOutcome.Broken, ArchiveFrames.Probe(FormatOf(), _path).Outcome);
    }

    /// <summary>Six bytes of LZW are no 30,000 x 30,000 pixels; nothing of that size may be allocated to find out.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(32773)]
    [InlineData(50000)]
    [InlineData(34925)]
    public void Probe_CompressionBomb_IsDamaged(int compression)
    {
        File.WriteAllBytes(_path, new TiffBuilder().Page(30_000, 30_000, s_samples, (259, (ushort)compression)).ToArray());
        long before = GC.GetAllocatedBytesForCurrentThread();
        var description = ArchiveFrames.Probe(FormatOf(), _path).Description!;
        Assert.Contains("cannot hold its samples", Assert.Single(description.Damage).Reason, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        using var archive = ArchiveFrames.Open(FormatOf(), description);
        Assert.Throws<ArchiveException>(() => archive.FormatOf(description.Grid.ExtentOf(0)));
    }

    [Fact]
    public void Read_PageOutsideTheFile_LeavesTheOthers()
    {
        var builder = new TiffBuilder().Page(3, 2, s_samples).Page(3, 2, s_samples, (273, 1u << 30)).Page(3, 2, s_samples);
        File.WriteAllBytes(_path, builder.ToArray());
        var description = ArchiveFrames.Probe(FormatOf(), _path).Description!;
        Assert.Equal(1, Assert.Single(description.Damage).FrameIndex);
        using var archive = ArchiveFrames.Open(FormatOf(), description);
        using var slots = new DecodeSlots(1);
        byte[] rows = new byte[6];
        long last = description.Grid.BlockCount - 1;
        archive.Decode(description.Grid.ExtentOf(last), rows, slots);
        Assert.Equal<byte>([4, 5, 6, 1, 2, 3], rows);
        var exception = Assert.Throws<ArchiveException>(() => archive.FormatOf(new BlockExtent(1, 1, 0, 2)));
        Assert.Equal(1, exception.FrameIndex);
    }

    /// <summary>Strips may share bytes; each is read for itself.</summary>
    [Fact]
    public void Read_StripsThatOverlap_GiveTheSameBytesTwice()
    {
        var builder = new TiffBuilder();
        uint offset = (uint)builder.Append(s_samples);
        builder.Page(3, 2, [], (273, new[] { offset, offset + 1 }), (278, 1u), (279, new[] { 3u, 3u }));
        Assert.Equal([2, 3, 4, 1, 2, 3], Read(builder, out _).Single());
    }

    /// <summary>Some writers leave the length out or write zero; libtiff computes it for what is not compressed.</summary>
    [Fact]
    public void Read_SingleStripWithoutItsLength_IsRead() =>
        Assert.Equal([4, 5, 6, 1, 2, 3], Read(new TiffBuilder().Page(3, 2, s_samples, (279, 0u)), out _).Single());

    private static TiffFormat FormatOf(long imageJLimitBytes = 1L << 32) => new(new EerFormat(FormatOptions.Default), imageJLimitBytes);

    private List<float[]> Read(TiffBuilder builder, out ArchiveDescription description, long imageJLimitBytes = 1L << 32)
    {
        File.WriteAllBytes(_path, builder.ToArray());
        var frames = new List<float[]>();
        description = ArchiveFrames.Read(FormatOf(imageJLimitBytes), _path, (_, samples) => frames.Add(samples));
        return frames;
    }
}
