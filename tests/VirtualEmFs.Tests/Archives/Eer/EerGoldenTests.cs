using System.Runtime.InteropServices;
using System.Text.Json;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Eer;
using VirtualEmFs.Archives.Tiff;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Eer;

/// <summary>RELION's own rendering of EER files, electron for electron.</summary>
public sealed class EerGoldenTests
{
    // Five internal frames of 2048 x 2048, one strip each.
    private static readonly string s_small = GoldenData.PathOf("relion", "eer/f4i_65002_2k/f4i_65002_2k.eer");

    public static TheoryData<string, int, int, string> Renderings()
    {
        var renderings = new TheoryData<string, int, int, string>();
        foreach (var golden in GoldenData.Cases("relion").Where(each => each.GetProperty("category").GetString() == "eer"))
        {
            foreach (var expected in golden.GetProperty("expected").EnumerateArray())
            {
                if (expected.TryGetProperty("upsampling", out var upsampling) && upsampling.GetInt32() <= 2
                    && expected.TryGetProperty("frames", out _))
                {
                    renderings.Add(
                        golden.GetProperty("input").GetProperty("file").GetString()!, expected.GetProperty("grouping").GetInt32(),
                        upsampling.GetInt32(), expected.GetProperty("file").GetString()!);
                }
            }
        }

        return renderings;
    }

    [Theory]
    [MemberData(nameof(Renderings))]
    public void Read_GoldenEer_GivesRelionsCounts(string file, int grouping, int upsampling, string expectedFile)
    {
        string path = GoldenData.PathOf("relion", file);
        var expected = NumpyArray.Read(GoldenData.PathOf("relion", expectedFile));
        var golden = GoldenData.Cases("relion").SelectMany(Expectations).Single(each => each.GetProperty("file").GetString() == expectedFile);
        int frameCount = 0;
        var description = ArchiveFrames.Read(FormatOf(path, grouping, upsampling), path, (frame, samples) =>
        {
            frameCount++;

            // relion_convert_to_tiff loses a last group of one internal frame; RELION's motion correction has it.
            if (frame < golden.GetProperty("frames").GetInt32())
            {
                int side = golden.GetProperty("size").GetInt32();
                SparseSamples.AssertSame(SparseSamples.FrameOf(expected, frame, side, side), samples, $"{expectedFile} frame {frame}");
            }
        });

        Assert.Equal(golden.GetProperty("frames").GetInt32() + (grouping == 1 ? 1 : 0), frameCount);
        Assert.Equal(1f / upsampling, description.PixelSize.X);
        Assert.Equal(EerFormat.GainNote, description.Gain);
        Assert.True(description.Labels.All(label => label.Length <= 80));
    }

    [Fact]
    public void Probe_FramesLeftOver_SaysSo()
    {
        var description = ArchiveFrames.Probe(FormatOf(s_small, 2, 1), s_small).Description!;
        Assert.Equal(2, description.Shape.FrameCount);
        Assert.Contains(description.Remarks, remark => remark.Contains("the last 1 are left out", StringComparison.Ordinal));
    }

    [Fact]
    public void Probe_FewerFramesThanOneGroup_NamesTheOption()
    {
        var result = ArchiveFrames.Probe(FormatOf(s_small, 40, 1), s_small);
        Assert.Equal(ProbeOutcome.NoImages, result.Outcome);
        Assert.Contains("--eer-grouping 5", result.Reason!, StringComparison.Ordinal);
    }

    [Fact]
    public void Probe_AnyFile_ReadsNoElectrons()
    {
        using var file = SourceFile.Open(s_small);
        FormatOf(s_small, 2, 1).Probe(file, s_small);
        Assert.InRange(file.ReadBytes, 1, file.LengthBytes / 4);
    }

    /// <summary>A frame that read other groups, too, would cost as much as the whole movie.</summary>
    [Fact]
    public void Decode_OneFrame_ReadsOnlyItsGroup()
    {
        var format = FormatOf(s_small, 1, 1);
        var description = ArchiveFrames.Probe(format, s_small).Description!;
        var file = SourceFile.Open(s_small);
        using var archive = new MappedArchive(description, format.OpenMap([file], description), [file]);
        using var slots = new DecodeSlots(1);
        var extent = description.Grid.ExtentOf(1);
        archive.Decode(extent, new byte[archive.FormatOf(extent).LengthBytes], slots);
        Assert.InRange(file.ReadBytes, 1, file.LengthBytes / 5);
        Assert.Equal(1, archive.DecodedPieceCount);
    }

    [Fact]
    public void Decode_GroupOfMoreThan255Frames_CountsIn16Bits()
    {
        using var file = SourceFile.Open(s_small);
        var frames = EerFile.TryRead(TiffReader.TryOpen(file)!, file)!;
        var many = frames with { Frames = [.. Enumerable.Repeat(frames.Frames[0], 300)] };
        var format = new EerFormat(new FormatOptions { EerGrouping = 300 });
        var description = format.Describe(file, s_small, many).Description!;
        Assert.Equal(SampleType.UInt16, description.SampleType);
        using var archive = ArchiveFrames.Open(format, description);
        using var slots = new DecodeSlots(1);
        byte[] counts = new byte[2 * 2048 * 2048];
        archive.Decode(description.Grid.ExtentOf(0), counts, slots);
        Assert.Equal([0, 300], MemoryMarshal.Cast<byte, ushort>(counts).ToArray().Distinct().Order().Select(each => (int)each));
    }

    /// <summary>A sum that the camera puts before its frames is no frame; a reader that took it would show a file without images.</summary>
    [Fact]
    public void Probe_SumBeforeTheFrames_SkipsIt()
    {
        byte[] bytes = File.ReadAllBytes(s_small);
        using (var file = SourceFile.Open(s_small))
        {
            var directory = TiffReader.TryOpen(file)!.ReadDirectory(TiffReader.TryOpen(file)!.FirstDirectory);
            var entries = bytes.AsSpan((int)directory.FileOffset, 400);
            int compression = entries.IndexOf(new byte[] { 0x03, 0x01, 0x03, 0x00 }); // tag 259, SHORT
            entries[compression + 12] = 1;
            entries[compression + 13] = 0;
        }

        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, bytes);
            Assert.Equal(4, ArchiveFrames.Probe(FormatOf(path, 1, 1), path).Description!.Shape.FrameCount);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static IEnumerable<JsonElement> Expectations(JsonElement golden) =>
        golden.GetProperty("category").GetString() == "eer" ? golden.GetProperty("expected").EnumerateArray() : [];

    private static IArchiveFormat FormatOf(string path, int grouping, int upsampling)
    {
        var eer = new EerFormat(new FormatOptions { EerGrouping = grouping, EerUpsampling = upsampling });
        return path.EndsWith(".ecc", StringComparison.Ordinal) ? eer : new TiffFormat(eer);
    }
}
