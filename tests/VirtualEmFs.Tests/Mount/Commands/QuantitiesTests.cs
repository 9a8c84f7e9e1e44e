using VirtualEmFs.Mount.Commands;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Commands;

public sealed class QuantitiesTests
{
    [Theory]
    [InlineData("512MiB", 512.0 * 1024 * 1024)]
    [InlineData("1.5GiB", 1.5 * 1024 * 1024 * 1024)]
    [InlineData("2GB", 2e9)]
    [InlineData("64k", 65536)]
    [InlineData("4096", 4096)]
    [InlineData("0", 0)]
    public void ParseBytes_NumberAndUnit_IsTheirProduct(string text, double expected) => Assert.Equal(expected, Quantities.ParseBytes(text));

    [Theory]
    [InlineData("1s", 1)]
    [InlineData("250ms", 0.25)]
    [InlineData("10min", 600)]
    [InlineData("1.5", 1.5)]
    public void ParseSeconds_NumberAndUnit_IsTheirProduct(string text, double expected) => Assert.Equal(expected, Quantities.ParseSeconds(text));

    [Theory]
    [InlineData("")]
    [InlineData("-1GiB")]
    [InlineData("GiB")]
    [InlineData("1 2")]
    [InlineData("9999999999TiB")]
    public void ParseBytes_NoSize_IsNull(string text) => Assert.Null(Quantities.ParseBytes(text));
}
