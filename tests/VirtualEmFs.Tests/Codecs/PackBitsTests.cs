using VirtualEmFs.Codecs;
using Xunit;

namespace VirtualEmFs.Tests.Codecs;

public sealed class PackBitsTests
{
    /// <summary>The example of TIFF 6.0, section 9.</summary>
    [Fact]
    public void Decode_ExampleOfTheSpecification_GivesItsBytes()
    {
        byte[] decoded = new byte[24];
        Assert.Null(PackBits.Decode(Convert.FromHexString("FEAA02800 02AFDAA0380002A22F7AA".Replace(" ", "")), decoded).Damage);
        Assert.Equal("AAAAAA80002AAAAAAAAA80002A22AAAAAAAAAAAAAAAAAAAA", Convert.ToHexString(decoded));
    }

    [Fact]
    public void Decode_NoOperation_IsSkipped()
    {
        byte[] decoded = new byte[2];
        Assert.Null(PackBits.Decode([0x80, 0xFF, 7], decoded).Damage);
        Assert.Equal<byte>([7, 7], decoded);
    }

    [Theory]
    [InlineData("")]
    [InlineData("FE")]
    [InlineData("05AABB")]
    public void Decode_DataThatEndEarly_AreDamaged(string stored) =>
        Assert.NotNull(PackBits.Decode(Convert.FromHexString(stored), new byte[6]).Damage);

    [Fact]
    public void Decode_RunBeyondDestination_IsCut()
    {
        byte[] decoded = new byte[3];
        Assert.Null(PackBits.Decode([0x81, 9], decoded).Damage);
        Assert.Equal<byte>([9, 9, 9], decoded);
    }
}
