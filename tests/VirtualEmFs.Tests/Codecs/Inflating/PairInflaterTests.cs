using System.IO.Compression;
using System.Runtime.InteropServices;
using VirtualEmFs.Codecs.Deflating;
using VirtualEmFs.Codecs.Inflating;
using VirtualEmFs.Native.Deflate;
using Xunit;

namespace VirtualEmFs.Tests.Codecs.Inflating;

/// <summary>
/// The lanes against libdeflate: what they accept must be what libdeflate makes of it. What they refuse is libdeflate's to decide, so
/// refusing is never wrong, only slow; the tests that must be fast say so.
/// </summary>
public sealed partial class PairInflaterTests
{
    private const int ChunkLengthBytes = 8 * 4096;

    public PairInflaterTests() => Assert.SkipUnless(PairInflater.IsSupported, "this processor lacks the bit operations of the lanes");

    /// <summary>Streams as micrographs have them take the fast way, not the fallback.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Run_NoiseFromZlib_IsDecodedByTheLanes(int bits)
    {
        byte[][] chunks = [.. Enumerable.Range(0, 7).Select(seed => Noise(bits, seed, ChunkLengthBytes + (seed * 1001)))];
        byte[][] streams = [.. chunks.Select(chunk => Libz.Compress(chunk, level: 1))];
        int[] lengths = Inflate(streams, [.. chunks.Select(chunk => chunk.Length)], out byte[][] decoded);
        for (int i = 0; i < chunks.Length; i++)
        {
            Assert.Equal(chunks[i].Length, lengths[i]);
            Assert.Equal(chunks[i], decoded[i]);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Run_NoiseFromOurEncoder_IsDecodedByTheLanes(int bits)
    {
        byte[][] chunks = [.. Enumerable.Range(0, 5).Select(seed => Noise(bits, seed, ChunkLengthBytes))];
        byte[][] streams = [.. chunks.Select(EncodeOurs)];
        int[] lengths = Inflate(streams, [.. chunks.Select(chunk => chunk.Length)], out byte[][] decoded);
        Assert.All(lengths, length => Assert.Equal(ChunkLengthBytes, length));
        Assert.Equal(chunks, decoded);
    }

    /// <summary>Every level and strategy, every kind of data, lengths from nothing to several blocks, two unlike streams side by side.</summary>
    [Fact]
    public void Run_StreamsOfAllKinds_DecodesWhatItDoesNotRefuse()
    {
        const int Seed = 11;
        var random = new Random(Seed);
        int accepted = 0, total = 0;
        for (int round = 0; round < 250; round++)
        {
            byte[][] chunks = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => AnyData(random))];
            byte[][] streams = [.. chunks.Select(chunk => AnyStream(random, chunk))];
            int[] lengths = Inflate(streams, [.. chunks.Select(chunk => chunk.Length)], out byte[][] decoded);
            for (int i = 0; i < chunks.Length; i++)
            {
                total++;
                if (lengths[i] >= 0)
                {
                    accepted++;
                    Assert.True(chunks[i].Length == lengths[i] && chunks[i].AsSpan().SequenceEqual(decoded[i]), $"seed {Seed}, round {round}, stream {i}");
                }
            }
        }

        Assert.InRange(accepted, total / 4, total);
    }

    /// <summary>
    /// Damaged streams: the lanes refuse, or give what libdeflate gives. Guards before and behind the destination show any write outside it.
    /// </summary>
    [Fact]
    public void Run_MutatedStreams_NeverDisagreesWithLibdeflate()
    {
        const int Seed = 12;
        var random = new Random(Seed);
        using var libdeflate = new DeflateDecompressor();
        byte[][] sources =
        [
            .. Enumerable.Range(0, 24).Select(i =>
            {
                byte[] data = i % 4 == 3 ? AnyData(random) : Noise(3 + (i % 4), i, 700 + (i * 80));
                return AnyStream(random, data);
            }),
        ];
        byte[] expected = new byte[4096];
        for (int round = 0; round < 10_000; round++)
        {
            byte[][] streams = [Mutate(random, sources[random.Next(sources.Length)]), Mutate(random, sources[random.Next(sources.Length)])];
            int[] targetLengths = [random.Next(1, 4096), random.Next(1, 4096)];
            int[] lengths = Inflate(streams, targetLengths, out byte[][] decoded);
            for (int i = 0; i < streams.Length; i++)
            {
                if (lengths[i] >= 0)
                {
                    var result = libdeflate.Inflate(streams[i], expected.AsSpan(0, targetLengths[i]), out int expectedLength);
                    Assert.True(
                        result == InflateResult.Success && expectedLength == lengths[i]
                        && expected.AsSpan(0, expectedLength).SequenceEqual(decoded[i].AsSpan(0, expectedLength)),
                        $"seed {Seed}, round {round}, stream {i}: libdeflate says {result}");
                }
            }
        }
    }

    /// <summary>Mutations that keep the checksum right would be accepted if the codes were read wrongly: header bits are tried one by one.</summary>
    [Fact]
    public void Run_EveryBitOfTheHeaderFlipped_NeverDisagreesWithLibdeflate()
    {
        using var libdeflate = new DeflateDecompressor();
        byte[] data = Noise(5, 1, 1500);
        byte[] expected = new byte[data.Length];
        foreach (byte[] source in (byte[][])[Libz.Compress(data, 1), Libz.Compress(data, 9), EncodeOurs(data)])
        {
            for (int bit = 0; bit < 8 * 90; bit++)
            {
                byte[] stream = (byte[])source.Clone();
                stream[bit / 8] ^= (byte)(1 << (bit % 8));
                int length = Inflate([stream], [data.Length], out byte[][] decoded)[0];
                if (length >= 0)
                {
                    Assert.Equal(InflateResult.Success, libdeflate.Inflate(stream, expected, out int expectedLength));
                    Assert.Equal(expectedLength, length);
                    Assert.Equal(expected, decoded[0]);
                }
            }
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void Run_DestinationOfAnotherLength_TellsTheLengthOrRefuses(int difference)
    {
        byte[] data = Noise(5, 1, 20_000);
        int length = Inflate([Libz.Compress(data, 1)], [data.Length + difference], out _)[0];
        Assert.Equal(difference < 0 ? -1 : data.Length, length);
    }

    [Fact]
    public void Run_TruncatedStreams_AreRefused()
    {
        byte[] data = Noise(5, 1, 3000);
        byte[] stream = Libz.Compress(data, 1);
        for (int length = 0; length < stream.Length; length++)
        {
            Assert.Equal(-1, Inflate([stream[..length]], [data.Length], out _)[0]);
        }
    }

    // Streams and destinations between guards; the lengths that the lanes report.
    private static int[] Inflate(byte[][] streams, int[] targetLengths, out byte[][] decoded)
    {
        const int Guard = 64;
        using var lanes = new PairInflater();
        byte[][] sources = [.. streams.Select(stream => Pin(stream, 0))];
        byte[][] targets = [.. targetLengths.Select(length => Pin(new byte[length], Guard))];
        var queue = new Queue(sources, targets, Guard);
        lanes.Run(ref queue);
        foreach (byte[] target in targets)
        {
            Assert.True(target.AsSpan(0, Guard).IndexOfAnyExcept((byte)0xA5) < 0, "wrote before the destination");
            Assert.True(target.AsSpan(target.Length - Guard).IndexOfAnyExcept((byte)0xA5) < 0, "wrote behind the destination");
        }

        decoded = [.. targets.Select(target => target[Guard..^Guard])];
        return queue.Lengths;

        static byte[] Pin(byte[] bytes, int guard)
        {
            byte[] pinned = GC.AllocateUninitializedArray<byte>(bytes.Length + (2 * guard), pinned: true);
            pinned.AsSpan().Fill(0xA5);
            bytes.CopyTo(pinned, guard);
            return pinned;
        }
    }

    private static byte[] Noise(int bits, int seed, int lengthBytes)
    {
        var random = new Random(seed);
        int highest = (1 << bits) - 1;
        byte[] noise = new byte[lengthBytes];
        for (int i = 0; i < noise.Length; i++)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            noise[i] = (byte)Math.Clamp(Math.Round((highest / 2.0) + (normal * highest / 8)), 0, highest);
        }

        return noise;
    }

    private static byte[] AnyData(Random random)
    {
        int lengthBytes = 1 << random.Next(0, 17);
        lengthBytes = Math.Max(0, lengthBytes + random.Next(-9, 9));
        byte[] data = Noise(random.Next(1, 9), random.Next(), lengthBytes);
        switch (random.Next(5))
        {
            case 0 when lengthBytes > 0:
                data.AsSpan(random.Next(lengthBytes)).Clear();
                break;
            case 1:
                for (int i = 0; i < data.Length; i++)
                {
                    data[i] = (byte)(i / (1 + (i % 7)) & 0xFF);
                }

                break;
            case 2:
                for (int i = 40; i < data.Length; i++)
                {
                    data[i] = random.Next(3) == 0 ? data[i - 1 - random.Next(Math.Min(i, 40))] : data[i - 1];
                }

                break;
        }

        return data;
    }

    private static byte[] AnyStream(Random random, byte[] data)
    {
        switch (random.Next(8))
        {
            case 0:
                using (var libdeflate = new DeflateCompressor(random.Next(0, 13)))
                {
                    byte[] target = new byte[libdeflate.BoundBytes(data.Length)];
                    return target[..libdeflate.Compress(data, target)];
                }

            case 1 when data.Length > 0:
                return EncodeOurs(data);
            case 2 or 3:
                return Libz.Compress(data, random.Next(0, 10));
            default:
                return Compress(data, random.Next(0, 10), (ZLibCompressionStrategy)random.Next(0, 5));
        }
    }

    private static byte[] EncodeOurs(byte[] data)
    {
        byte[] target = new byte[ChunkEncoder.BoundBytes(data.Length)];
        return target[..ChunkEncoder.Encode(data, 1, ChunkEncoder.AutomaticLevel, target)];
    }

    private static byte[] Compress(byte[] data, int level, ZLibCompressionStrategy strategy = ZLibCompressionStrategy.Default)
    {
        using var target = new MemoryStream();
        using (var zlib = new ZLibStream(target, new ZLibCompressionOptions { CompressionLevel = level, CompressionStrategy = strategy }))
        {
            zlib.Write(data);
        }

        return target.ToArray();
    }

    private static byte[] Mutate(Random random, byte[] source)
    {
        byte[] stream = random.Next(4) == 0 ? source[..random.Next(source.Length)] : (byte[])source.Clone();
        for (int i = random.Next(3); i >= 0 && stream.Length > 0; i--)
        {
            // Half of the mutations hit the codes at the beginning.
            int at = random.Next(random.Next(2) == 0 ? Math.Min(stream.Length, 90) : stream.Length);
            stream[at] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)(stream[at] ^ (1 << random.Next(8)));
        }

        return stream;
    }

    private unsafe struct Queue(byte[][] sources, byte[][] targets, int guard) : IInflateQueue
    {
        private int _next;

        public int[] Lengths { get; } = [.. Enumerable.Repeat(int.MinValue, sources.Length)];

        public bool TryNext(out int index, out byte* source, out int sourceLengthBytes, out byte* target, out int targetLengthBytes)
        {
            index = _next++;
            sourceLengthBytes = targetLengthBytes = 0;
            source = target = null;
            if (index >= sources.Length)
            {
                return false;
            }

            // SAFETY: all of these arrays were allocated pinned.
            source = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(sources[index], 0);
            sourceLengthBytes = sources[index].Length;
            target = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(targets[index], guard);
            targetLengthBytes = targets[index].Length - (2 * guard);
            return true;
        }

        public readonly void Complete(int index, int lengthBytes)
        {
            Assert.Equal(int.MinValue, Lengths[index]);
            Lengths[index] = lengthBytes;
        }
    }
}
