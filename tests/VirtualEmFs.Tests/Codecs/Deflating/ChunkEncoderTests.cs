using System.IO.Compression;
using VirtualEmFs.Codecs.Deflating;
using VirtualEmFs.Native.Deflate;
using Xunit;

namespace VirtualEmFs.Tests.Codecs.Deflating;

/// <summary>
/// Every stream is read by two decoders that are not ours, zlib and libdeflate, which check its checksum too.
/// </summary>
public sealed class ChunkEncoderTests
{
    public static TheoryData<string, int> Chunks()
    {
        var data = new TheoryData<string, int>();
        foreach (string kind in s_kinds.Keys)
        {
            foreach (int elementLengthBytes in (int[])[1, 2, 4])
            {
                data.Add(kind, elementLengthBytes);
            }
        }

        return data;
    }

    private static readonly Dictionary<string, Func<Random, byte[]>> s_kinds = new()
    {
        ["empty"] = _ => [],
        ["four bytes"] = _ => [1, 2, 3, 4],
        ["all equal"] = _ => Filled(70_000, _ => 7),
        ["all zero"] = _ => new byte[1 << 20],
        ["two values"] = random => Filled(40_000, _ => (byte)random.Next(2)),
        ["every value"] = _ => Filled(256 * 300, i => (byte)(i & 255)),
        ["256 symbols once"] = _ => Filled(256, i => (byte)(i & 255)),
        ["incompressible"] = random => Filled(200_000, _ => (byte)random.Next(256)),
        ["4-bit noise"] = random => Filled(65_536, _ => Normal(random, 7.5, 1.9, 15)),
        ["5-bit noise"] = random => Filled(65_536 + 4, _ => Normal(random, 15.5, 3.9, 31)),
        ["6-bit noise"] = random => Filled(65_536, _ => Normal(random, 31.5, 7.8, 63)),
        ["8-bit noise"] = random => Filled(65_536, _ => Normal(random, 127, 30, 255)),
        ["masked noise"] = random => Filled(100_000, i => i / 700 % 3 == 0 ? Normal(random, 15.5, 3.9, 31) : (byte)16),
        ["short runs"] = random => Runs(random, 60_000, 9),
        ["runs around 258"] = random => Runs(random, 300_000, 600),
        ["steep counts"] = random => Filled(60_000, _ => (byte)Math.Min(30, -Math.Log2(1 - random.NextDouble()))),
        ["changing statistics"] = random => Filled(120_000, i => (byte)(random.Next(1 + (i >> 14)) * 9)),
        ["ramp"] = _ => Filled(90_000, i => (byte)(i / 3 & 255)),
        ["smooth rows"] = random => Filled(131_072, i => (byte)(100 + (60 * Math.Sin(i / 256 * 0.1) * Math.Cos(i % 256 * 0.05)) + random.Next(2))),
    };

    [Theory]
    [MemberData(nameof(Chunks))]
    public void Encode_AnyChunk_IsReadByZlibAndLibdeflate(string kind, int elementLengthBytes)
    {
        byte[] samples = s_kinds[kind](new Random(1));
        foreach (int level in (int[])[ChunkEncoder.AutomaticLevel, 0, 1, 6, 12])
        {
            byte[] stored = Encode(samples, elementLengthBytes, level);
            byte[] expected = Shuffled(samples, elementLengthBytes);

            Assert.Equal(expected, InflateByZlib(stored, expected.Length));
            Assert.Equal(expected, InflateByLibdeflate(stored, expected.Length));
        }
    }

    /// <summary>Odd lengths reach the tails of every kernel; a bit too many or too few ends in a decoder's error.</summary>
    [Fact]
    public void Encode_EveryShortLength_IsReadByLibdeflate()
    {
        var random = new Random(2);
        for (int length = 1; length < 700; length++)
        {
            byte[] samples = Filled(length, _ => (byte)random.Next(1 + (length % 40)));
            byte[] stored = Encode(samples, 1, ChunkEncoder.AutomaticLevel);
            Assert.Equal(samples, InflateByLibdeflate(stored, length));
        }
    }

    [Fact]
    public void Encode_RandomMixtures_IsReadByLibdeflate()
    {
        for (int seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            var samples = new byte[4 * random.Next(1, 40_000)];
            for (int at = 0; at < samples.Length;)
            {
                int length = Math.Min(samples.Length - at, random.Next(1, 1 + (1 << random.Next(15))));
                int levels = 1 << random.Next(9);
                byte constant = (byte)random.Next(levels);
                bool isRun = random.Next(3) == 0;
                foreach (ref byte sample in samples.AsSpan(at, length))
                {
                    sample = isRun ? constant : (byte)random.Next(levels);
                }

                at += length;
            }

            int elementLengthBytes = 1 << random.Next(3);
            byte[] stored = Encode(samples, elementLengthBytes, ChunkEncoder.AutomaticLevel);
            Assert.True(InflateByLibdeflate(stored, samples.Length).AsSpan().SequenceEqual(Shuffled(samples, elementLengthBytes)), $"seed {seed}");
        }
    }

    [Fact]
    public void Encode_Incompressible_IsHardlyLonger()
    {
        byte[] samples = s_kinds["incompressible"](new Random(3));
        Assert.InRange(Encode(samples, 1, ChunkEncoder.AutomaticLevel).Length, samples.Length, samples.Length + 80);
    }

    [Theory]
    [InlineData("4-bit noise", 1.03)]
    [InlineData("5-bit noise", 1.015)]
    [InlineData("6-bit noise", 1.015)]
    [InlineData("8-bit noise", 1.015)]
    public void Encode_Noise_ComesCloseToItsEntropyAndUnderZlib6(string kind, double bound)
    {
        byte[] samples = s_kinds[kind](new Random(4));
        int length = Encode(samples, 1, ChunkEncoder.AutomaticLevel).Length;

        Assert.True(length <= bound * EntropyBytes(samples), $"{length} bytes, entropy {EntropyBytes(samples):f0}");
        Assert.True(length <= DeflateByZlib(samples).Length);
    }

    [Theory]
    [InlineData("all equal", 6)]
    [InlineData("all zero", 6)]
    [InlineData("masked noise", 6)]
    [InlineData("runs around 258", 6)]
    [InlineData("smooth rows", 1)]
    public void Encode_Structure_IsNoLargerThanLibdeflate(string kind, int level)
    {
        byte[] samples = s_kinds[kind](new Random(5));
        using var compressor = new DeflateCompressor(level);
        var theirs = new byte[compressor.BoundBytes(samples.Length)];

        // A few bytes of headers and a single code more, where the whole chunk is one run.
        Assert.InRange(Encode(samples, 1, ChunkEncoder.AutomaticLevel).Length, 1, compressor.Compress(samples, theirs) + 40);
    }

    [Fact]
    public void Encode_SecondChunkOfAThread_AllocatesNothing()
    {
        byte[] samples = s_kinds["5-bit noise"](new Random(6));
        var destination = new byte[ChunkEncoder.BoundBytes(samples.Length)];
        ChunkEncoder.Encode(samples, 2, ChunkEncoder.AutomaticLevel, destination);

        long before = GC.GetAllocatedBytesForCurrentThread();
        ChunkEncoder.Encode(samples, 2, ChunkEncoder.AutomaticLevel, destination);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Encode_FromManyThreads_GivesTheSameBytes()
    {
        byte[] samples = s_kinds["masked noise"](new Random(7));
        byte[] expected = Encode(samples, 2, ChunkEncoder.AutomaticLevel);

        Parallel.For(0, 64, _ => Assert.Equal(expected, Encode(samples, 2, ChunkEncoder.AutomaticLevel)));
    }

    [Fact]
    public void Encode_ShortDestination_IsRefused() =>
        Assert.Throws<ArgumentException>(() => ChunkEncoder.Encode(new byte[100], 1, ChunkEncoder.AutomaticLevel, new byte[100]));

    private static byte[] Encode(byte[] samples, int elementLengthBytes, int level)
    {
        var destination = new byte[ChunkEncoder.BoundBytes(samples.Length) + 16];
        destination.AsSpan(ChunkEncoder.BoundBytes(samples.Length)).Fill(0xA5);
        int length = ChunkEncoder.Encode(samples, elementLengthBytes, level, destination.AsSpan(0, destination.Length - 16));
        Assert.All(destination[^16..], guard => Assert.Equal(0xA5, guard));
        return destination[..length];
    }

    private static byte[] InflateByZlib(byte[] stored, int length)
    {
        using var zlib = new ZLibStream(new MemoryStream(stored), CompressionMode.Decompress);
        var bytes = new byte[length];
        zlib.ReadExactly(bytes);
        Assert.Equal(-1, zlib.ReadByte());
        return bytes;
    }

    private static byte[] InflateByLibdeflate(byte[] stored, int length)
    {
        using var decompressor = new DeflateDecompressor();
        var bytes = new byte[length];
        Assert.Equal(InflateResult.Success, decompressor.Inflate(stored, bytes, out int actual));
        Assert.Equal(length, actual);
        return bytes;
    }

    private static byte[] DeflateByZlib(byte[] bytes)
    {
        using var stored = new MemoryStream();
        using (var zlib = new ZLibStream(stored, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(bytes);
        }

        return stored.ToArray();
    }

    private static byte[] Shuffled(byte[] samples, int elementLengthBytes)
    {
        int count = samples.Length / elementLengthBytes;
        return [.. Enumerable.Range(0, samples.Length).Select(i => samples[(i % count * elementLengthBytes) + (i / count)])];
    }

    private static double EntropyBytes(byte[] bytes) =>
        bytes.GroupBy(each => each).Sum(group => -group.Count() * Math.Log2((double)group.Count() / bytes.Length)) / 8;

    private static byte[] Filled(int length, Func<int, byte> sample) => [.. Enumerable.Range(0, length).Select(sample)];

    private static byte[] Runs(Random random, int length, int longest)
    {
        var bytes = new byte[length];
        for (int at = 0; at < length;)
        {
            int run = Math.Min(length - at, random.Next(1, longest));
            bytes.AsSpan(at, run).Fill((byte)random.Next(20));
            at += run;
        }

        return bytes;
    }

    private static byte Normal(Random random, double mean, double sigma, int highest)
    {
        double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return (byte)Math.Clamp(Math.Round(mean + (sigma * normal)), 0, highest);
    }
}
