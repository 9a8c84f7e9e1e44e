using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Hdf5.Eman2;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5.Eman2;

/// <summary>Archives that EMAN2 itself does not write: how they are described, and that every chunk index gives the right samples.</summary>
public sealed class Eman2Hdf5FormatTests(Eman2Variants variants) : IClassFixture<Eman2Variants>
{
    private static readonly ArchiveFormats s_formats = new();

    /// <summary>A misread index shows as samples of another place, or as fill.</summary>
    [Fact]
    public void Open_EveryReadableVariant_GivesTheSamplesOfH5py()
    {
        int readCount = 0;
        foreach (string path in variants.Paths)
        {
            ProbeResult result = s_formats.Probe(path);
            if (result.Description is not { Content: not ArchiveContent.Folder } description || variants.ExpectedOf(Path.GetFileNameWithoutExtension(path)) is not { } expected
                || description.Shape.LengthSamples != expected.Length)
            {
                continue;
            }

            using IArchive archive = s_formats.Open(description);
            for (int frame = 0; frame < description.Shape.FrameCount; frame++)
            {
                int length = (int)description.Shape.FrameLengthSamples;
                Assert.Equal(expected[(frame * length)..((frame + 1) * length)], DecodedArchive.Values(archive, frame));
            }

            readCount++;
        }

        Assert.Equal(29, readCount);
    }

    [Theory]
    [InlineData("no_images", ProbeOutcome.NoImages, "no images")]
    [InlineData("no_count", ProbeOutcome.NoImages, "no images")]
    [InlineData("other", ProbeOutcome.NoImages, "no images")]
    [InlineData("count_of_billions", ProbeOutcome.Broken, "2147483647 images")]
    [InlineData("all_missing", ProbeOutcome.Broken, "none of its images")]
    [InlineData("unknown_filter", ProbeOutcome.Broken, "number 40000 is not supported")]
    [InlineData("too_many_samples", ProbeOutcome.Broken, "no room")]
    [InlineData("chunk_too_large", ProbeOutcome.Broken, "400000000 samples")]
    public void Probe_OfNoArchive_SaysWhy(string name, ProbeOutcome outcome, string reason)
    {
        ProbeResult result = s_formats.Probe(variants.PathOf(name));
        Assert.Equal(outcome, result.Outcome);
        Assert.Contains(reason, result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Probe_OfImagesOfTwoSizes_DescribesAFolder()
    {
        ArchiveDescription folder = Describe("two_sizes");
        Assert.Equal(ArchiveContent.Folder, folder.Content);
        Assert.Equal([0, 1], folder.Members);
        ArchiveDescription second = s_formats.DescribeMember(folder, 1);
        Assert.Equal((ArchiveContent.Image, 1), (second.Content, second.Member!.Value));
        Assert.Equal(new FrameShape(10, 12, 1), second.Shape);
        using IArchive archive = s_formats.Open(second);
        Assert.Equal(variants.ExpectedOf("two_sizes")![120..], DecodedArchive.Values(archive, 0));
        Assert.Equal(2, Assert.Throws<ArchiveException>(() => s_formats.DescribeMember(folder, 2)).FrameIndex);
    }

    [Fact]
    public void Probe_OfImageAndVolume_DescribesAFolder()
    {
        ArchiveDescription folder = Describe("image_and_volume");
        Assert.Equal(ArchiveContent.Folder, folder.Content);
        Assert.Equal(ArchiveContent.Volume, s_formats.DescribeMember(folder, 1).Content);
    }

    /// <summary>An image between the probed ones differs: only its own frame fails.</summary>
    [Fact]
    public void Open_StackWithOneOtherSize_FailsInThatFrameAlone()
    {
        ArchiveDescription stack = Describe("late_difference");
        Assert.Equal(new FrameShape(9, 8, 200), stack.Shape);
        Assert.Empty(stack.Damage);
        using IArchive archive = s_formats.Open(stack);
        var error = Assert.Throws<ArchiveException>(() => DecodedArchive.Values(archive, 100));
        Assert.Equal(100, error.FrameIndex);
        Assert.Contains("9 × 9", error.Reason, StringComparison.Ordinal);
        Assert.Equal(variants.ExpectedOf("late_difference")![(99 * 72)..(100 * 72)], DecodedArchive.Values(archive, 99));
    }

    [Fact]
    public void Probe_OfImplausiblePixelSize_AssumesOne()
    {
        ArchiveDescription description = Describe("pixel_size_out_of_range");
        Assert.True(description.IsPixelSizeAssumed);
        Assert.Equal(new AngstromVector(1, 1, 1.5f), description.PixelSize);
        Assert.Equal(new AngstromVector(3, -4, 5), description.Origin);
        Assert.Equal((-6, -5, 0), description.Start);
    }

    [Fact]
    public void Probe_OfStackWithStatistics_JoinsThem()
    {
        FrameStatistics joined = Describe("statistics_of_a_stack").Statistics!.Value;

        // Two images of 120 samples: means 20 and 30, sigmas 3 and 4 (n − 1).
        double squares = (119 * 9) + (119 * 16) + (120 * 25 * 2);
        Assert.Equal((-5f, 250f, 25f), (joined.Minimum, joined.Maximum, joined.Mean));
        Assert.Equal(Math.Sqrt(squares / 239), joined.Sigma, 1e-6);
    }

    [Fact]
    public void Probe_OfOwnArchive_FindsThePreservedHeader()
    {
        ArchiveDescription description = Describe("preserved_header");
        Assert.Equal(1, description.MrcMode);
        Assert.Equal(1536, description.PreservedHeader.Length);
        Assert.Equal((byte)(100 * 7 % 251), description.PreservedHeader.Span[100]);
    }

    [Fact]
    public void Probe_OfTruncatedArchive_ReportsDamage()
    {
        using var folder = new TemporaryFolder();
        string path = folder.PathOf("cut.hdf");
        byte[] bytes = File.ReadAllBytes(variants.PathOf("dense_stack"));
        File.WriteAllBytes(path, bytes[..^100]);
        ProbeResult result = s_formats.Probe(path);
        Assert.Contains(result.Description!.Damage, damage => damage.Reason.Contains("last 100 bytes", StringComparison.Ordinal));
    }

    [Fact]
    public void Open_AfterTheFileChanged_Throws()
    {
        using var folder = new TemporaryFolder();
        string path = folder.PathOf("a.hdf");
        File.Copy(variants.PathOf("compact"), path);
        ArchiveDescription description = s_formats.Probe(path).Description!;
        using IArchive archive = s_formats.Open(description);
        File.AppendAllText(path, "x");
        Assert.Throws<ArchiveChangedException>(() => s_formats.Open(description));
        Assert.Throws<ArchiveChangedException>(() => DecodedArchive.Values(archive, 0));
    }

    [Fact]
    public void Open_WithoutFormatState_ProbesAgain()
    {
        using IArchive archive = s_formats.Open(Describe("fixed_array") with { FormatState = null });
        Assert.Equal(variants.ExpectedOf("fixed_array"), DecodedArchive.Values(archive, 0));
    }

    [Fact]
    public void Probe_OfMissingFile_IsBroken() =>
        Assert.Equal(ProbeOutcome.Broken, s_formats.Probe(variants.PathOf("not there")).Outcome);

    /// <summary>Every pread of a probe is a wait on a network disk.</summary>
    [Theory]
    [InlineData("fixed_array", 1)]
    [InlineData("btree_v1_of_levels", 1)]
    [InlineData("dense_stack", 10)]
    public void Probe_OfSmallArchive_TakesFewReads(string name, int mostReads)
    {
        using SourceFile file = SourceFile.Open(variants.PathOf(name));
        Assert.Equal(ProbeOutcome.Archive, new Eman2Hdf5Format().Probe(file, file.Path).Outcome);
        Assert.InRange(file.ReadCount, 1, mostReads);
    }

    /// <summary>Each layout is read once, however many ask; a stack's are read image by image.</summary>
    [Fact]
    public void LayoutOf_AskedAgain_ReadsNothing()
    {
        var format = new Eman2Hdf5Format();
        using SourceFile file = SourceFile.Open(variants.PathOf("dense_stack"));
        FrameMap map = format.OpenMap([file], format.Probe(file, file.Path).Description!);
        FrameLayout layout = map.LayoutOf(7);
        Assert.Equal((7, 1, 2), (layout.FirstFrame, layout.FrameCount, layout.Pieces.Length));
        long reads = file.ReadCount;
        Assert.Same(layout, map.LayoutOf(7));
        Assert.Equal(reads, file.ReadCount);
    }

    private ArchiveDescription Describe(string name) => s_formats.Probe(variants.PathOf(name)).Description!;
}
