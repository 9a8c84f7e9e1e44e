using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Frames.Mrc;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Mrc;

public sealed class MrcImagesTests
{
    /// <summary>A volume taken for sections costs room; sections taken for a volume would share their limits.</summary>
    [Theory]
    [InlineData("a.mrc", 12, 1, 12, 1, 12)] // name silent, header says volume
    [InlineData("a.mrc", 12, 0, 12, 12, 0)]
    [InlineData("a.mrc", 12, 1, 1, 12, 0)] // MZ contradicts ISPG
    [InlineData("a.mrcs", 12, 1, 12, 12, 0)] // the name contradicts the header
    [InlineData("a.st", 12, 0, 1, 12, 0)]
    [InlineData("a.ali", 12, 0, 12, 12, 0)]
    [InlineData("a.rec", 12, 1, 12, 1, 12)]
    [InlineData("a.rec", 12, 0, 12, 12, 0)]
    [InlineData("A.MAP", 12, 1, 12, 1, 12)]
    [InlineData("a.ccp4", 12, 19, 12, 1, 12)]
    [InlineData("a.mrc", 12, 401, 4, 3, 4)] // three volumes of four sections
    [InlineData("a.mrc", 12, 401, 12, 1, 12)]
    [InlineData("a.mrc", 12, 401, 5, 12, 0)] // 5 does not divide 12
    [InlineData("a.mrc", 1, 1, 1, 1, 0)] // one section is an image
    public void Of_NameAndHeader_Decides(string name, int nz, int spaceGroup, int mz, int count, int sectionsPerVolume)
    {
        MrcHeader header = Header(nz, spaceGroup, mz);
        Assert.Equal(new MrcImages(count, sectionsPerVolume), MrcImages.Of(header, name, MrcThirdAxis.Automatic));
    }

    [Fact]
    public void Of_ByHand_FollowsTheHand()
    {
        Assert.Equal(new MrcImages(1, 12), MrcImages.Of(Header(12, 0, 1), "a.mrcs", MrcThirdAxis.Volume));
        Assert.Equal(new MrcImages(12, 0), MrcImages.Of(Header(12, 1, 12), "a.rec", MrcThirdAxis.Sections));
    }

    private static MrcHeader Header(int nz, int spaceGroup, int mz) =>
        new() { Nx = 8, Ny = 8, Nz = nz, Mode = 2, SpaceGroup = spaceGroup, Sampling = (8, 8, mz) };
}
