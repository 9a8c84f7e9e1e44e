using VirtualEmFs.Mount.Fuse;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Fuse;

public sealed class FaultSeamTests
{
    [Fact]
    public void Strike_OtherOperation_DoesNothing() => Assert.False(FaultSeam.Parse("throw:read").Strike(FuseOperation.Lookup));

    [Fact]
    public void Strike_Throw_Throws() =>
        Assert.Throws<InvalidOperationException>(() => FaultSeam.Parse("throw:read").Strike(FuseOperation.Read));

    [Fact]
    public void Strike_Hang_AsksForNoAnswer() => Assert.True(FaultSeam.Parse("hang:getattr").Strike(FuseOperation.Getattr));

    [Theory]
    [InlineData("read")]
    [InlineData("throw:nothing")]
    [InlineData("eat:read")]
    public void Parse_AnythingElse_IsRefused(string text) => Assert.Throws<FormatException>(() => FaultSeam.Parse(text));
}
