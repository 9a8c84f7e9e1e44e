using System.Runtime.InteropServices;
using System.Text.Json;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Hdf5;
using VirtualEmFs.Codecs;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5;

/// <summary>Chunks that the filters' own libraries wrote, decoded as those libraries decode them.</summary>
public sealed class FilterGoldenTests
{
    private const int HeaderLengthBytes = 1024;

    // LZF, LZ4 and bitshuffle.
    private static readonly int[] s_filters = [32000, 32004, 32008];

    public static TheoryData<string> Files() =>
        [.. Cases().Select(each => each.GetProperty("file").GetString()!)];

    [Theory]
    [MemberData(nameof(Files), DisableDiscoveryEnumeration = true)]
    public void Decode_ChunksOfAFile_GivesTheLibrarysSamples(string name)
    {
        JsonElement golden = Cases().Single(each => each.GetProperty("file").GetString() == name);
        byte[] expected = File.ReadAllBytes(GoldenData.PathOf("nexus", golden.GetProperty("expected").GetString()!))[HeaderLengthBytes..];
        using SourceFile source = SourceFile.Open(GoldenData.PathOf("nexus", name));
        using Hdf5File file = Hdf5File.TryOpen(source)!;
        var dataset = new Hdf5Dataset(file.Find(file.Root, golden.GetProperty("dataset").GetString()!.TrimStart('/'))!);
        Pipeline pipeline = FilterTable.PipelineOf(dataset);
        int[] chunk = [.. golden.GetProperty("chunks").EnumerateArray().Select(each => each.GetInt32())];
        SampleType type = dataset.Datatype.AsSampleType()!.Value;
        byte[] samples = new byte[chunk[1] * chunk[2] * type.LengthBytes()];
        float[] values = new float[chunk[1] * chunk[2]];
        int frameCount = 0;
        dataset.ForEachChunk((coordinates, in stored) =>
        {
            byte[] bytes = new byte[stored.LengthBytes];
            source.ReadExactly(stored.Address + file.Superblock.BaseOffset, bytes);
            Assert.Null(PiecePipeline.Decode(pipeline, stored.FilterMask, bytes, samples).Damage);
            RescaleKernels.ToFloat32(samples, type, Rescale.None, values);
            SparseSamples.AssertSame(
                MemoryMarshal.Cast<byte, float>(expected).Slice((int)coordinates[0] * values.Length, values.Length), values, $"{name} frame {coordinates[0]}");
            frameCount++;
        });
        Assert.Equal(golden.GetProperty("shape")[0].GetInt32(), frameCount);
    }

    [Fact]
    public void Files_WholeCollection_HasEveryMode() => Assert.True(!GoldenData.IsComplete || Files().Count == 23, $"{Files().Count} files");

    // One chunk to a frame.
    private static IEnumerable<JsonElement> Cases() => !Directory.Exists(GoldenData.PathOf("nexus")) ? [] : GoldenData.Cases("nexus").Where(each =>
        each.GetProperty("kind").GetString() == "plain" && each.TryGetProperty("filters", out JsonElement filters)
        && filters.EnumerateArray().Any(filter => s_filters.Contains(filter.GetProperty("id").GetInt32()))
        && each.GetProperty("chunks")[0].GetInt32() == 1);
}
