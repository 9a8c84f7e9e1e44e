using VirtualEmFs.Mount.Fuse;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Fuse;

public sealed class MountTableTests
{
    [Fact]
    public void Parse_MountsOfAllKinds_GivesTypeDeviceSourceAndPlace()
    {
        IReadOnlyList<MountedFileSystem> mounts = MountTable.Parse("""
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            90 22 0:39 / /mnt/a\040b\134c ro,nosuid - fuse.emfs /data/my\040archives ro,user_id=1000,group_id=1000,default_permissions
            91 22 0:40 / /mnt/plain rw - tmpfs tmpfs rw

            """u8);

        Assert.Equal(3, mounts.Count);
        MountedFileSystem ours = mounts[1];
        Assert.Equal(@"/mnt/a b\c", ours.MountPoint);
        Assert.Equal("0:39", ours.Device);
        Assert.Equal("/data/my archives", ours.Source);
        Assert.True(ours.IsEmfs);
        Assert.False(ours.IsWritable);
        Assert.Equal(1000u, ours.UserId);
        Assert.False(mounts[0].IsEmfs);
        Assert.True(mounts[2].IsWritable);
        Assert.Equal(0u, mounts[2].UserId);
    }

    [Fact]
    public void Find_ProcFolder_IsMounted() => Assert.NotNull(MountTable.Find("/proc"));
}
