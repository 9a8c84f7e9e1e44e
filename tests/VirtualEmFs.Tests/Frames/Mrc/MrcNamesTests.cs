using VirtualEmFs.Frames.Mrc;
using Xunit;

namespace VirtualEmFs.Tests.Frames.Mrc;

public sealed class MrcNamesTests
{
    [Theory]
    [InlineData("a.mrc", MrcNameHint.None)]
    [InlineData("a.MRC", MrcNameHint.None)]
    [InlineData("a.mrcs", MrcNameHint.Stack)]
    [InlineData("a.Map", MrcNameHint.Volume)]
    [InlineData("a.ccp4", MrcNameHint.Volume)]
    [InlineData("a.st", MrcNameHint.Stack)]
    [InlineData("a.rec", MrcNameHint.Volume)]
    [InlineData("a.ali", MrcNameHint.Stack)]
    [InlineData("a.b.preali", MrcNameHint.Stack)]
    [InlineData("folder/TS.rec", MrcNameHint.Volume)]
    public void IsMrcName_EveryExtensionInAnyCase_IsTrue(string name, MrcNameHint hint)
    {
        Assert.True(MrcNames.IsMrcName(name));
        Assert.Equal(hint, MrcNames.HintOf(name));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".mrc")]
    [InlineData("folder/.mrc")]
    [InlineData("mrc")]
    [InlineData("a.mrc.hdf")]
    [InlineData("a.mrcx")]
    [InlineData("a.tst")]
    public void IsMrcName_OtherNames_IsFalse(string name) => Assert.False(MrcNames.IsMrcName(name));

    [Fact]
    public void Extensions_All_AreTheEightOfTheSpecification() =>
        Assert.Equal([".mrc", ".mrcs", ".map", ".ccp4", ".st", ".rec", ".ali", ".preali"], MrcNames.Extensions);
}
