using VirtualEmFs.Codecs;
using Xunit;

namespace VirtualEmFs.Tests.Codecs;

public sealed class BitKernelsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(53)]
    public void UnpackNibbles_AnyLength_LowNibbleComesFirst(int lengthBytes)
    {
        byte[] packed = Noise(lengthBytes);
        byte[] samples = new byte[2 * lengthBytes];
        BitKernels.UnpackNibbles(packed, samples);
        Assert.Equal(packed.SelectMany(each => new[] { (byte)(each & 15), (byte)(each >> 4) }), samples);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(29)]
    public void ReverseBits_AnyLength_ReversesEachByte(int lengthBytes)
    {
        byte[] stored = [0x01, .. Noise(lengthBytes)];
        byte[] reversed = new byte[stored.Length];
        BitKernels.ReverseBits(stored, reversed);
        Assert.Equal(0x80, reversed[0]);
        for (int i = 0; i < stored.Length; i++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                Assert.Equal((stored[i] >> bit) & 1, (reversed[i] >> (7 - bit)) & 1);
            }
        }
    }

    private static byte[] Noise(int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        new Random(lengthBytes).NextBytes(bytes);
        return bytes;
    }
}
