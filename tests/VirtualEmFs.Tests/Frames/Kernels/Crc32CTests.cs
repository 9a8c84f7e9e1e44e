using VirtualEmFs.Frames.Kernels;
using Xunit;

namespace VirtualEmFs.Tests.Frames.Kernels;

public sealed class Crc32CTests
{
    /// <summary>The check value that every catalogue of CRCs gives for this polynomial.</summary>
    [Fact]
    public void Append_NineDigits_GivesTheCheckValue() => Assert.Equal(0xE3069283u, Crc32C.Append(0, "123456789"u8));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 7)]
    [InlineData(5, 1)]
    [InlineData(64, 4096)]
    [InlineData(1000, 70001)]
    public void Combine_TwoRuns_EqualsTheRunOfBoth(int firstLength, int secondLength)
    {
        var bytes = new byte[firstLength + secondLength];
        new Random(5).NextBytes(bytes);
        uint first = Crc32C.Append(0, bytes.AsSpan(0, firstLength)), second = Crc32C.Append(0, bytes.AsSpan(firstLength));
        Assert.Equal(Crc32C.Append(0, bytes), Crc32C.Combine(first, second, secondLength));
        Assert.Equal(Crc32C.Append(0, bytes), Crc32C.Append(first, bytes.AsSpan(firstLength)));
    }
}
