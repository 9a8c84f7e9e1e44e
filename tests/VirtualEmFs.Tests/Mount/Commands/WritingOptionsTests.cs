using VirtualEmFs.Mount.Commands;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Commands;

/// <summary>How long, or how much, of what was archived is kept.</summary>
public sealed class WritingOptionsTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("5m", 300)]
    [InlineData("5min", 300)]
    [InlineData("12h", 43_200)]
    [InlineData("1.5d", 129_600)]
    public void ParsePolicy_OfATime_IsAnAge(string text, double seconds) =>
        Assert.Equal(new OriginalsPolicy(TimeSpan.FromSeconds(seconds), null), WritingOptions.ParsePolicy(text));

    [Theory]
    [InlineData("500GB", 500_000_000_000)]
    [InlineData("2GiB", 2L << 30)]
    [InlineData("5M", 5L << 20)]
    [InlineData("1.5TB", 1_500_000_000_000)]
    public void ParsePolicy_OfASize_IsASize(string text, long lengthBytes) =>
        Assert.Equal(new OriginalsPolicy(null, lengthBytes), WritingOptions.ParsePolicy(text));

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("GB")]
    [InlineData("d")]
    [InlineData("-1d")]
    [InlineData("7 weeks")]
    [InlineData("1e30GB")]
    public void ParsePolicy_OfAnythingElse_IsNone(string text) => Assert.Null(WritingOptions.ParsePolicy(text));
}
