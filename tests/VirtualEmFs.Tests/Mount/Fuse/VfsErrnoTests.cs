using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Fuse;

public sealed class VfsErrnoTests
{
    /// <summary>A status without a line in the table would reach programs as EIO, and look like damage.</summary>
    [Fact]
    public void EveryStatus_ToErrnoAndBack_IsItself()
    {
        foreach (VfsStatus status in Enum.GetValues<VfsStatus>())
        {
            VfsStatus back = VfsErrno.ToStatus(VfsErrno.Of(status));
            Assert.Equal(status, back);
        }
    }

    [Theory]
    [InlineData(Errno.ENFILE, VfsStatus.TooManyOpenFiles)]
    [InlineData(Errno.ELOOP, VfsStatus.NotFound)]
    [InlineData(Errno.ENODEV, VfsStatus.Corrupt)]
    public void ErrnoOfTheSource_WithoutAStatusOfItsOwn_BecomesTheNearest(int errno, VfsStatus expected) =>
        Assert.Equal(expected, VfsErrno.ToStatus(errno));
}
