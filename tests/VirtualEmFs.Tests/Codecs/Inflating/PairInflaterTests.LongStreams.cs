using System.Runtime.InteropServices;
using VirtualEmFs.Native.Deflate;
using Xunit;

namespace VirtualEmFs.Tests.Codecs.Inflating;

/// <summary>Streams of more than 1 MiB, as strips of whole frames are: their tables join literals with the matches behind them.</summary>
public sealed partial class PairInflaterTests
{
    private const int LongLengthBytes = (1 << 20) + 4711;

    /// <summary>16-bit samples, of which one byte is noise and the other nearly always the same: literals and short matches by turns.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(9)]
    public void Run_LongStreamsOfSamples_AreDecodedByTheLanes(int level)
    {
        byte[][] frames = [.. Enumerable.Range(0, 3).Select(seed => Samples(seed, LongLengthBytes + (seed * 101)))];
        int[] lengths = Inflate(
            [.. frames.Select(frame => Libz.Compress(frame, level))], [.. frames.Select(frame => frame.Length)], out byte[][] decoded);
        Assert.Equal(frames.Select(frame => frame.Length), lengths);
        Assert.Equal(frames, decoded);
    }

    /// <summary>What would have been refused at the beginning is decoded when it comes late: libdeflate would have to begin anew.</summary>
    [Fact]
    public void Run_LongStreamThatChanges_IsDecodedToItsEnd()
    {
        byte[] frame = Samples(4, 2 * LongLengthBytes);
        frame.AsSpan(LongLengthBytes, 100_000).Clear();
        new Random(5).NextBytes(frame.AsSpan(LongLengthBytes + 200_000, 300_000));
        Noise(5, 6, 100_000).CopyTo(frame, LongLengthBytes + 600_000);

        int[] lengths = Inflate([Libz.Compress(frame, 6)], [frame.Length], out byte[][] decoded);
        Assert.Equal([frame.Length], lengths);
        Assert.Equal(frame, decoded[0]);
    }

    /// <summary>Streams in a long destination, most of them short and damaged: guards stand around the destination.</summary>
    [Fact]
    public void Run_MutatedStreamsInLongDestinations_NeverDisagreesWithLibdeflate()
    {
        const int Seed = 13;
        var random = new Random(Seed);
        using var libdeflate = new DeflateDecompressor();
        byte[][] sources = [.. Enumerable.Range(0, 12).Select(i => Libz.Compress(Samples(i, i < 10 ? 200 << i : LongLengthBytes), 1 + (i % 9)))];
        byte[] expected = new byte[2 * LongLengthBytes];
        for (int round = 0; round < 400; round++)
        {
            byte[] source = sources[random.Next(sources.Length)];
            byte[] stream = random.Next(8) == 0 ? source : Mutate(random, source);
            int targetLength = LongLengthBytes + random.Next(-40, 40);
            int length = Inflate([stream], [targetLength], out byte[][] decoded)[0];
            if (length >= 0)
            {
                var result = libdeflate.Inflate(stream, expected.AsSpan(0, targetLength), out int expectedLength);
                Assert.True(
                    result == InflateResult.Success && expectedLength == length && expected.AsSpan(0, length).SequenceEqual(decoded[0].AsSpan(0, length)),
                    $"seed {Seed}, round {round}: libdeflate says {result}");
            }
        }
    }

    private static byte[] Samples(int seed, int lengthBytes)
    {
        var random = new Random(seed);
        ushort[] samples = new ushort[(lengthBytes + 1) / 2];
        for (int i = 0; i < samples.Length; i++)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            samples[i] = (ushort)(600 + (40 * normal));
        }

        return MemoryMarshal.AsBytes<ushort>(samples)[..lengthBytes].ToArray();
    }
}
