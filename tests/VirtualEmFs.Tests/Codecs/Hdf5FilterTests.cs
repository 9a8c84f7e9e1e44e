using System.Buffers.Binary;
using VirtualEmFs.Codecs;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Codecs;

/// <summary>LZF, LZ4 and bitshuffle as HDF5's filters hold them: chunks made by hand, whole, cut short and changed.</summary>
public sealed class Hdf5FilterTests
{
    private static readonly FilterStep s_lzf = new(FilterKind.Lzf), s_lz4 = new(FilterKind.Lz4);

    /// <summary>Literals "ABC"; a copy of 3 from 3 back; a long copy that repeats one byte; a literal.</summary>
    [Fact]
    public void Decode_Lzf_CopiesAndRepeats()
    {
        byte[] stored = [2, 65, 66, 67, 0x20, 2, 0xE0, 3, 0, 0, 68];
        Assert.Equal([.. "ABCABC"u8, .. Enumerable.Repeat((byte)'C', 12), (byte)'D'], Decoded(s_lzf, stored, 19));
    }

    /// <summary>Two blocks of LZ4 (token, literals; the second with a match), and one that LZ4 did not shrink.</summary>
    [Fact]
    public void Decode_Lz4_TakesBlocksOneAfterTheOther()
    {
        byte[] first = [0x16, 7, 1, 0, 0x50, 7, 7, 7, 7, 7];   // 7, then 10 more of it; five literals
        byte[] second = [0xF0, 1, .. Enumerable.Range(0, 16).Select(each => (byte)each)];
        byte[] third = [1, 2, 3, 4, 5, 6, 7, 8];
        byte[] stored = [.. Header(40, 16), .. Block(first), .. Block(second), .. Block(third)];
        Assert.Equal([.. Enumerable.Repeat((byte)7, 16), .. Enumerable.Range(0, 16).Select(each => (byte)each), .. third], Decoded(s_lz4, stored, 40));
    }

    /// <summary>61 elements in blocks of 16: three whole ones, one of 8, and 5 elements as they are.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(3)]
    public void Decode_Bitshuffle_PutsEveryBitInItsPlace(int elementLengthBytes)
    {
        byte[] samples = new byte[61 * elementLengthBytes];
        new Random(5).NextBytes(samples);
        byte[] plain = [.. Blocks(samples, elementLengthBytes, 16).SelectMany(each => each), .. samples[(56 * elementLengthBytes)..]];
        Assert.Equal(samples, Decoded(new FilterStep(FilterKind.Bitshuffle, [0, 4, elementLengthBytes, 16, 0]), plain, samples.Length));

        byte[] packed =
        [
            .. Header(samples.Length, 16 * elementLengthBytes), .. Blocks(samples, elementLengthBytes, 16).SelectMany(each => Block(Literals(each))),
            .. samples[(56 * elementLengthBytes)..],
        ];
        var step = new FilterStep(FilterKind.Bitshuffle, [0, 4, elementLengthBytes, 0, 2]);
        Assert.Equal(samples, Decoded(step, packed, samples.Length));
        for (int cut = 0; cut < packed.Length; cut++)
        {
            Assert.False(PiecePipeline.Decode(new Pipeline([step]), 0, packed.AsSpan(0, cut), new byte[samples.Length]).IsSound, $"{cut} bytes");
        }
    }

    [Fact]
    public void FindUnsupported_UnknownCompressionBehindBitshuffle_SaysSo()
    {
        Assert.Contains("behind bitshuffle", PiecePipeline.FindUnsupported(new Pipeline([new(FilterKind.Bitshuffle, [0, 4, 2, 0, 9])])), StringComparison.Ordinal);
        Assert.Contains("length of an element", PiecePipeline.FindUnsupported(new Pipeline([new(FilterKind.Bitshuffle, [0, 4])])), StringComparison.Ordinal);
    }

    /// <summary>Whatever the bytes are: an answer, and no write outside the destination.</summary>
    [Fact]
    public void Decode_MutatedChunks_AnswersOrFails()
    {
        byte[] samples = [.. Enumerable.Range(0, 512).Select(each => (byte)(each / 64))];
        (FilterStep Step, byte[] Stored)[] sound =
        [
            (s_lzf, [.. Enumerable.Range(0, 8).SelectMany(each => (byte[])[0, (byte)each, 0xE0, 54, 0])]),
            (s_lz4, [.. Header(512, 256), .. Block(Literals(samples[..256])), .. Block(Literals(samples[256..]))]),
            (new(FilterKind.Bitshuffle, [0, 4, 2, 0, 2]), [.. Header(512, 256), .. Blocks(samples, 2, 128).SelectMany(each => Block(Literals(each)))]),
            (new(FilterKind.Bitshuffle, [0, 4, 2, 64, 0]), [.. Blocks(samples, 2, 64).SelectMany(each => each)]),
        ];
        var random = new Random(6);
        byte[] guarded = new byte[512 + 64];
        int soundCount = 0;
        const int Rounds = 20_000;
        for (int round = 0; round < Rounds; round++)
        {
            (FilterStep step, byte[] stored) = sound[round % sound.Length];
            byte[] broken = [.. stored];
            for (int change = random.Next(1, 3); change > 0; change--)
            {
                broken[random.Next(3) == 0 ? random.Next(broken.Length) : random.Next(24)] = (byte)random.Next(256);
            }

            Array.Fill(guarded, (byte)0xA5);
            int lengthBytes = random.Next(4) == 0 ? random.Next(broken.Length) : broken.Length;
            soundCount += PiecePipeline.Decode(new Pipeline([step]), 0, broken.AsSpan(0, lengthBytes), guarded.AsSpan(32, 512)).IsSound ? 1 : 0;
            Assert.False(guarded.AsSpan(0, 32).ContainsAnyExcept((byte)0xA5) || guarded.AsSpan(544).ContainsAnyExcept((byte)0xA5), $"round {round}");
        }

        Assert.InRange(soundCount, Rounds / 20, Rounds * 19 / 20);
    }

    private static byte[] Decoded(FilterStep step, byte[] stored, int lengthBytes)
    {
        byte[] samples = new byte[lengthBytes];
        Assert.Null(PiecePipeline.Decode(new Pipeline([step]), 0, stored, samples).Damage);
        return samples;
    }

    private static byte[] Header(long lengthBytes, int blockLengthBytes)
    {
        byte[] header = new byte[12];
        BinaryPrimitives.WriteInt64BigEndian(header, lengthBytes);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(8), blockLengthBytes);
        return header;
    }

    private static byte[] Block(byte[] stored)
    {
        byte[] block = [0, 0, 0, 0, .. stored];
        BinaryPrimitives.WriteInt32BigEndian(block, stored.Length);
        return block;
    }

    /// <summary>An LZ4 block of literals alone.</summary>
    private static byte[] Literals(byte[] bytes) => bytes.Length < 15
        ? [(byte)(bytes.Length << 4), .. bytes]
        : [0xF0, .. Enumerable.Repeat((byte)255, (bytes.Length - 15) / 255), (byte)((bytes.Length - 15) % 255), .. bytes];

    /// <summary>Bit planes of each block, bit by bit, as the format's description has them.</summary>
    private static IEnumerable<byte[]> Blocks(byte[] samples, int elementLengthBytes, int blockElements)
    {
        int elementCount = samples.Length / elementLengthBytes / 8 * 8;
        for (int first = 0; first < elementCount; first += blockElements)
        {
            int count = Math.Min(blockElements, elementCount - first);
            byte[] planes = new byte[count * elementLengthBytes];
            for (int element = 0; element < count; element++)
            {
                for (int bit = 0; bit < 8 * elementLengthBytes; bit++)
                {
                    int value = (samples[((first + element) * elementLengthBytes) + (bit / 8)] >> (bit % 8)) & 1;
                    planes[(bit * count / 8) + (element / 8)] |= (byte)(value << (element % 8));
                }
            }

            yield return planes;
        }
    }
}
