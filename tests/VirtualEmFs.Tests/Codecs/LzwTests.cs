using VirtualEmFs.Codecs;
using Xunit;

namespace VirtualEmFs.Tests.Codecs;

public sealed class LzwTests
{
    /// <summary>Long runs make strings that overlap their own copies; noise makes the table full; both must survive every width.</summary>
    [Theory]
    [InlineData(1, 0, false)]
    [InlineData(2, 1, false)]
    [InlineData(256, 1, false)]
    [InlineData(3, 7, true)]
    [InlineData(1, 9, true)]
    [InlineData(256, 100_000, true)]
    [InlineData(256, 100_000, false)]
    [InlineData(4, 300_000, false)]
    [InlineData(4, 300_000, true)]
    [InlineData(1, 8_000_000, false)]
    [InlineData(1, 8_000_000, true)]
    [InlineData(2, 70_001, false)]
    public void Decode_EncodedSamples_GivesThemBack(int symbols, int lengthBytes, bool isOldOrder)
    {
        byte[] samples = Samples(symbols, lengthBytes, seed: 11);
        byte[] decoded = new byte[lengthBytes];
        Assert.Null(Lzw.Decode(LzwEncoder.Encode(samples, isOldOrder), decoded).Damage);
        Assert.Equal(samples, decoded);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(17)]
    [InlineData(9_999)]
    public void Decode_ShorterDestination_StopsWhenFull(int lengthBytes)
    {
        byte[] samples = Samples(3, 10_000, seed: 12);
        byte[] decoded = new byte[lengthBytes + 8];
        Assert.Null(Lzw.Decode(LzwEncoder.Encode(samples, isOldOrder: false), decoded.AsSpan(0, lengthBytes)).Damage);
        Assert.Equal(samples.AsSpan(0, lengthBytes), decoded.AsSpan(0, lengthBytes));
        Assert.Equal(new byte[8], decoded[lengthBytes..]);
    }

    [Fact]
    public void Decode_TruncatedStream_IsDamaged()
    {
        byte[] stored = LzwEncoder.Encode(Samples(5, 10_000, seed: 13), isOldOrder: false);
        byte[] decoded = new byte[10_000];
        for (int lengthBytes = 0; lengthBytes < stored.Length - 2; lengthBytes += 7)
        {
            Assert.NotNull(Lzw.Decode(stored.AsSpan(0, lengthBytes), decoded).Damage);
        }
    }

    /// <summary>Codes are chosen by whoever wrote the file: whatever they are, nothing outside the destination changes.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Decode_RandomBytes_StaysInDestination(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 3000; round++)
        {
            byte[] stored = new byte[random.Next(400)];
            random.NextBytes(stored);
            if (stored.Length > 2)
            {
                // Begin with a clear code, or the decoder has nothing to go wrong with.
                (stored[0], stored[1]) = round % 2 == 0 ? ((byte)0x80, stored[1]) : ((byte)0, (byte)(stored[1] | 1));
            }

            byte[] decoded = new byte[random.Next(2000) + 16];
            Lzw.Decode(stored, decoded.AsSpan(8, decoded.Length - 16));
            Assert.True(decoded.AsSpan(0, 8).IndexOfAnyExcept((byte)0) < 0 && decoded.AsSpan(decoded.Length - 8).IndexOfAnyExcept((byte)0) < 0,
                $"seed {seed} round {round}");
        }
    }

    private static byte[] Samples(int symbols, int lengthBytes, int seed)
    {
        var random = new Random(seed);
        byte[] samples = new byte[lengthBytes];
        for (int i = 0; i < lengthBytes; i++)
        {
            samples[i] = (byte)random.Next(symbols);
        }

        return samples;
    }
}
