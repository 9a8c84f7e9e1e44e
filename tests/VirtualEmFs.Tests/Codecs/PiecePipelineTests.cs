using System.Buffers.Binary;
using System.IO.Compression;
using VirtualEmFs.Codecs;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Codecs;

/// <summary>Stored bytes in hexadecimal are chunks that libhdf5 1.10.8 wrote.</summary>
public sealed class PiecePipelineTests
{
    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Fastest)]
    [InlineData(CompressionLevel.SmallestSize)]
    public void Decode_Deflate_GivesSamples(CompressionLevel level)
    {
        byte[] samples = Noise(32 * 1024);
        AssertDecodes(samples, Zlib(samples, level), new FilterStep(FilterKind.Deflate));
    }

    [Fact]
    public void Decode_ShuffleDeflateFletcher_UndoesAllInReverse()
    {
        byte[] samples = Noise(2 * 4097);
        byte[] stored = WithChecksum(Zlib(Shuffle(samples, 2)));
        AssertDecodes(samples, stored, new(FilterKind.Shuffle, [2]), new(FilterKind.Deflate), new(FilterKind.Fletcher32));
    }

    [Fact]
    public void Decode_FletcherBeforeDeflate_ChecksWhatWasInflated()
    {
        byte[] samples = Noise(1001);
        AssertDecodes(samples, Zlib(WithChecksum(samples)), new(FilterKind.Fletcher32), new(FilterKind.Deflate));
    }

    [Fact]
    public void Decode_ByteSwapAfterDeflate_GivesMachineOrder()
    {
        byte[] samples = Noise(4 * 100);
        byte[] swapped = [.. samples.Chunk(4).SelectMany(each => each.Reverse())];
        AssertDecodes(samples, Zlib(swapped), new(FilterKind.ByteSwap, [4]), new(FilterKind.Deflate));
        AssertDecodes(samples, swapped, new FilterStep(FilterKind.ByteSwap, [4]));
    }

    /// <summary>HDF5 skips an optional filter where it would not shrink the chunk, and says so in the chunk's mask.</summary>
    [Theory]
    [InlineData(0b00u)]
    [InlineData(0b01u)]
    [InlineData(0b10u)]
    [InlineData(0b11u)]
    public void Decode_FilterMask_SkipsThoseSteps(uint filterMask)
    {
        byte[] samples = Noise(2 * 512);
        byte[] stored = (filterMask & 1) == 0 ? Shuffle(samples, 2) : samples;
        stored = (filterMask & 2) == 0 ? Zlib(stored) : stored;
        byte[] target = new byte[samples.Length];
        var pipeline = new Pipeline([new(FilterKind.Shuffle, [2]), new(FilterKind.Deflate)]);
        Assert.Null(PiecePipeline.Decode(pipeline, filterMask, stored, target).Damage);
        Assert.Equal(samples, target);
    }

    [Fact]
    public void Decode_Identity_CopiesExactLengthOnly()
    {
        byte[] target = new byte[3];
        Assert.True(PiecePipeline.Decode(Pipeline.Identity, 0, [1, 2, 3], target).IsSound);
        Assert.Equal([1, 2, 3], target);
        Assert.False(PiecePipeline.Decode(Pipeline.Identity, 0, [1, 2], target).IsSound);
        Assert.False(PiecePipeline.Decode(Pipeline.Identity, 0, [1, 2, 3, 4], target).IsSound);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void Decode_DeflateOfAnotherLength_IsDamage(int difference)
    {
        byte[] stored = Zlib(Noise(1000 + difference));
        Assert.False(PiecePipeline.Decode(new Pipeline([new(FilterKind.Deflate)]), 0, stored, new byte[1000]).IsSound);
    }

    [Fact]
    public void Decode_BytesBehindTheDeflateStream_AreIgnored()
    {
        byte[] samples = Noise(1000);
        AssertDecodes(samples, [.. Zlib(samples), 1, 2, 3], new FilterStep(FilterKind.Deflate));
    }

    [Theory]
    [InlineData("010203fafbfcfffb05", true)]
    [InlineData("010203fafbfffc05fb", true)]
    [InlineData("010203fafbfcfffb04", false)]
    [InlineData("010203fafafcfffb05", false)]
    [InlineData("010203", false)]
    public void Decode_Fletcher32_AcceptsBothFormsOfTheRightChecksumOnly(string storedHex, bool isSound)
    {
        byte[] target = new byte[5];
        var outcome = PiecePipeline.Decode(
            new Pipeline([new(FilterKind.Fletcher32)]), 0, Convert.FromHexString(storedHex), target);
        Assert.Equal(isSound, outcome.IsSound);
        Assert.Equal(isSound ? Convert.FromHexString("010203fafb") : new byte[5], target);
    }

    [Fact]
    public void Decode_Fletcher32OverManyWords_MatchesHdf5()
    {
        byte[] words = [.. Enumerable.Range(0, 2000).SelectMany(i => BitConverter.GetBytes((ushort)i))];
        AssertDecodes(words, [.. words, .. Convert.FromHexString(Fletcher32Of2000Words)], new FilterStep(FilterKind.Fletcher32));
    }

    [Fact]
    public void Decode_NBit_GivesTheFilesOwnType()
    {
        ushort[] values = [0, 1, 4095, 2048, 1365, 77, 3];
        byte[] expected = [.. values.SelectMany(value => BitConverter.GetBytes((ushort)(value << 2)))];
        AssertDecodes(expected, Convert.FromHexString("000001fff80055504d0030"),
            new FilterStep(FilterKind.NBit, [8, 0, 7, 1, 2, 0, 12, 2]));
    }

    [Fact]
    public void Decode_NBitBigEndian_GivesTheFilesOwnType()
    {
        int[] values = [0, 1, -1, 200000, -200000, 5];
        byte[] expected = new byte[values.Length * 4];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(expected.AsSpan(4 * i), (values[i] & 0x7FFFF) << 5);
        }

        AssertDecodes(expected, Convert.FromHexString("0000000007ffffb0d409e580000140"),
            new FilterStep(FilterKind.NBit, [8, 0, 6, 1, 4, 1, 19, 5]));
    }

    [Theory]
    [InlineData("0700000008640000000000000000000000000000000005fff15fc0", "64006500a30009006e000900", new[] { 2, 0, 6, 0, 2, 0, 0, 1, 9, 0 })]
    [InlineData("09000000089cffffffffffffff0000000000000000003260e5b691b4", "ff9c006500a3fff7006e0009", new[] { 2, 0, 6, 0, 2, 1, 1, 1, 0, 0 })]
    [InlineData(
        "11000000080000f0c0000000000000000000000000110f8000053fdffffd1f68", "78149e3f0000f0c000005040000000008300c842",
        new[] { 0, 3, 5, 1, 4, 0, 0, 1, 0, 0 })]
    [InlineData(
        "0e000000080000000000001ec000000000000000000da400010cffffa7f8",
        "b047e17a14aef33f0000000000001ec00000000000000a4000000000000000000000000000005940", new[] { 0, 2, 5, 1, 8, 0, 0, 1, 0, 0 })]
    [InlineData("01000000080700000000000000000000000000000000", "070000000700000007000000070000000700000007000000", new[] { 2, 0, 6, 0, 4, 1, 0, 1, 0, 0 })]
    [InlineData("08000000080300000000000000000000000000000000ff8003", "00ff8003", new[] { 2, 0, 4, 0, 1, 0, 0, 1, 0, 0 })]
    public void Decode_ScaleOffset_MatchesHdf5(string storedHex, string expectedHex, int[] parameters)
    {
        AssertDecodes(Convert.FromHexString(expectedHex), Convert.FromHexString(storedHex),
            new FilterStep(FilterKind.ScaleOffset, [.. parameters]));
    }

    [Fact]
    public void FindUnsupported_UnknownSteps_NamesThem()
    {
        Assert.Null(PiecePipeline.FindUnsupported(Pipeline.Identity));
        Assert.NotNull(PiecePipeline.FindUnsupported(new Pipeline([new(FilterKind.Shuffle)])));
        Assert.NotNull(PiecePipeline.FindUnsupported(new Pipeline([.. Enumerable.Repeat(new FilterStep(FilterKind.Deflate), 33)])));
        Assert.NotNull(PiecePipeline.FindUnsupported(new Pipeline([new(FilterKind.ScaleOffset, [1, 2, 3])])));
        Assert.NotNull(PiecePipeline.FindUnsupported(new Pipeline([new(FilterKind.NBit, [8, 0, 7, 2, 2, 0, 12, 2])])));
    }

    /// <summary>Whatever the bytes are, the outcome is data or damage: no exception, and nothing written outside the destination.</summary>
    [Fact]
    public void Decode_MutatedPieces_NeverThrowsNorWritesOutside()
    {
        const int Seed = 20;
        var random = new Random(Seed);
        byte[] samples = Noise(2048);
        (byte[] Stored, Pipeline Pipeline)[] sources =
        [
            (WithChecksum(Zlib(Shuffle(samples, 2))),
                new Pipeline([new(FilterKind.Shuffle, [2]), new(FilterKind.Deflate), new(FilterKind.Fletcher32)])),
            (Zlib(samples), new Pipeline([new(FilterKind.Deflate)])),
            (Zlib(samples), new Pipeline([new(FilterKind.Deflate), new(FilterKind.Deflate)])),
            (samples, new Pipeline([new(FilterKind.ScaleOffset, [2, 0, 1024, 0, 2, 0, 0, 1, 9, 0])])),
            (samples, new Pipeline([new(FilterKind.ScaleOffset, [0, 3, 512, 1, 4, 0, 1, 1, 9, 0])])),
            (samples, new Pipeline([new(FilterKind.NBit, [8, 0, 1024, 1, 2, 0, 12, 2])])),
        ];
        byte[] guarded = new byte[samples.Length + 128];
        for (int round = 0; round < 6000; round++)
        {
            var (stored, pipeline) = sources[round % sources.Length];
            byte[] mutated = stored[..random.Next(stored.Length / 2, stored.Length + 1)];
            for (int i = random.Next(4); i >= 0; i--)
            {
                mutated[random.Next(Math.Min(mutated.Length, 1 << random.Next(1, 12)))] = (byte)random.Next(256);
            }

            Array.Fill(guarded, (byte)0xA5);
            PiecePipeline.Decode(pipeline, (uint)random.Next(8) & (uint)random.Next(8), mutated, guarded.AsSpan(64, samples.Length));
            Assert.True(guarded.AsSpan(0, 64).IndexOfAnyExcept((byte)0xA5) < 0, $"seed {Seed}, round {round}: wrote before");
            Assert.True(guarded.AsSpan(64 + samples.Length).IndexOfAnyExcept((byte)0xA5) < 0, $"seed {Seed}, round {round}: wrote behind");
        }
    }

    private const string Fletcher32Of2000Words = "80b65b81";

    private static void AssertDecodes(byte[] expected, byte[] stored, params FilterStep[] steps)
    {
        byte[] guarded = new byte[expected.Length + 2];
        var outcome = PiecePipeline.Decode(new Pipeline([.. steps]), 0, stored, guarded.AsSpan(1, expected.Length));
        Assert.Null(outcome.Damage);
        Assert.Equal(expected.Length, outcome.LengthBytes);
        Assert.Equal(expected, guarded[1..^1]);
        Assert.Equal(0, guarded[0] | guarded[^1]);
    }

    private static byte[] Noise(int lengthBytes)
    {
        var random = new Random(lengthBytes);
        byte[] noise = new byte[lengthBytes];
        for (int i = 0; i < noise.Length; i++)
        {
            noise[i] = (byte)(random.Next(8) + random.Next(8) + random.Next(8));
        }

        return noise;
    }

    private static byte[] Zlib(byte[] data, CompressionLevel level = CompressionLevel.Fastest)
    {
        using var target = new MemoryStream();
        using (var zlib = new ZLibStream(target, level))
        {
            zlib.Write(data);
        }

        return target.ToArray();
    }

    private static byte[] Shuffle(byte[] elements, int elementLengthBytes)
    {
        int count = elements.Length / elementLengthBytes;
        byte[] planes = (byte[])elements.Clone();
        for (int i = 0; i < count * elementLengthBytes; i++)
        {
            planes[(i % elementLengthBytes * count) + (i / elementLengthBytes)] = elements[i];
        }

        return planes;
    }

    private static byte[] WithChecksum(byte[] data) =>
        [.. data, .. BitConverter.GetBytes(VirtualEmFs.Codecs.Hdf5Filters.Fletcher32.Compute(data))];
}
