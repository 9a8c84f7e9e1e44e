using System.Runtime.InteropServices;
using System.Text.Json;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Eer;
using VirtualEmFs.Archives.Tiff;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Tiff;

/// <summary>
/// RELION's own reading of TIFF files, sample for sample. A row order, a predictor or a byte order that is wrong shows as
/// float values that differ.
/// </summary>
public sealed class TiffGoldenTests
{
    private static readonly TiffFormat s_format = new(new EerFormat(FormatOptions.Default));

    public static TheoryData<string> Files()
    {
        var files = new TheoryData<string>();
        foreach (var each in GoldenData.Cases("relion").Where(each => IsTiff(each)))
        {
            files.Add(each.GetProperty("name").GetString()!);
        }

        return files;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Read_GoldenTiff_GivesRelionsSamples(string name)
    {
        var golden = GoldenData.Cases("relion").Single(each => each.GetProperty("name").GetString() == name);
        string path = GoldenData.PathOf("relion", PathOf(golden));
        var expectedPart = golden.GetProperty("expected");
        var expected = NumpyArray.Read(GoldenData.PathOf("relion", expectedPart.GetProperty("file").GetString()!));
        int[] shape = expectedPart.TryGetProperty("full_shape", out var full) ? full.Deserialize<int[]>()! : expected.Shape;

        int frameCount = 0;
        var description = ArchiveFrames.Read(s_format, path, (frame, samples) =>
        {
            frameCount++;
            float[] expectedSamples = shape == expected.Shape
                ? MemoryMarshal.Cast<byte, float>(expected.Data.AsSpan(frame * samples.Length * 4, samples.Length * 4)).ToArray()
                : SparseSamples.FrameOf(expected, frame, shape[2], shape[1]);
            SparseSamples.AssertSame(expectedSamples, samples, $"{name} frame {frame}");
        });

        Assert.Equal(shape[0], frameCount);
        Assert.Equal(new FrameShape(shape[2], shape[1], shape[0]), description.Shape);
        Assert.Empty(description.Damage);
        if (golden.TryGetProperty("relion_angpix", out var pixelSize) && pixelSize.GetDouble() is > 0.01 and < 1000 and not 1)
        {
            Assert.Equal(pixelSize.GetDouble(), description.PixelSize.X, 1e-5);
        }
    }

    public static TheoryData<string> ConvertedMovies() =>
        [.. Directory.GetFiles(GoldenData.PathOf("relion", "gain"), "m*.tif", SearchOption.AllDirectories)
            .Select(path => Path.ChangeExtension(Path.GetRelativePath(GoldenData.PathOf("relion"), path), null))];

    [Theory]
    [MemberData(nameof(ConvertedMovies))]
    public void Read_TiffOfGainConversion_GivesRelionsSamples(string name)
    {
        var expected = NumpyArray.Read(GoldenData.PathOf("relion", name + ".expected.npy.gz"));
        int frameCount = 0;
        ArchiveFrames.Read(s_format, GoldenData.PathOf("relion", name + ".tif"), (frame, samples) =>
        {
            frameCount++;
            var expectedSamples = MemoryMarshal.Cast<byte, float>(expected.Data.AsSpan(frame * samples.Length * 4, samples.Length * 4));
            SparseSamples.AssertSame(expectedSamples.ToArray(), samples, $"{name} frame {frame}");
        });
        Assert.Equal(expected.Shape[0], frameCount);
    }

    [Fact]
    public void Files_WholeCollection_HasAllTiffCases() =>
        Assert.True(!GoldenData.IsComplete || Files().Count == 65, $"{Files().Count} cases");

    private static bool IsTiff(JsonElement golden) =>
        golden.GetProperty("category").GetString() is "tiff" or "convert" && File.Exists(GoldenData.PathOf("relion", PathOf(golden)));

    private static string PathOf(JsonElement golden) =>
        golden.GetProperty(golden.TryGetProperty("tiff", out _) ? "tiff" : "input").GetProperty("file").GetString()!;
}
