using System.Runtime.InteropServices;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using Xunit;

namespace VirtualEmFs.Tests.Frames.Kernels;

public sealed class HalfSamplesTests
{
    /// <summary>Every float16 there is, the NaN of all kinds too, in one run and alone.</summary>
    [Fact]
    public void FromSingle_EveryHalf_ComesBack()
    {
        ushort[] halves = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        var singles = new float[halves.Length];
        RescaleKernels.ToFloat32(MemoryMarshal.AsBytes<ushort>(halves), SampleType.Float16, Rescale.None, singles);

        var back = new ushort[halves.Length];
        HalfSamples.FromSingle(singles, MemoryMarshal.AsBytes(back.AsSpan()));
        Assert.Equal(halves, back);

        for (int i = 0; i < halves.Length; i++)
        {
            HalfSamples.FromSingle(singles.AsSpan(i, 1), MemoryMarshal.AsBytes(back.AsSpan(0, 1)));
            Assert.Equal(halves[i], back[0]);
        }
    }

    /// <summary>Between the halves: nearest even. NaN whose bits float16 has no room for stays NaN.</summary>
    [Theory]
    [InlineData(0x3F801000u, 0x3C00)]
    [InlineData(0x3F803000u, 0x3C02)]
    [InlineData(0x7F7FFFFFu, 0x7C00)]
    [InlineData(0x7F800001u, 0x7E00)]
    [InlineData(0xFF800001u, 0xFE00)]
    [InlineData(0xFFC07FFFu, 0xFE03)]
    public void FromSingle_OtherBits_RoundOnce(uint bits, int expected)
    {
        var half = new ushort[1];
        HalfSamples.FromSingle([BitConverter.UInt32BitsToSingle(bits)], MemoryMarshal.AsBytes(half.AsSpan()));
        Assert.Equal(expected, half[0]);
    }
}
