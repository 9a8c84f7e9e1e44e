using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.Tests.Native.Libc;

public sealed class LinuxCommitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>What NFS needs must hold where the flag exists too.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RenameWithoutReplacing_ByFlagOrByHand_MovesFilesAndFoldersToFreeNamesOnly(bool byHand)
    {
        Func<string, string, int> rename = byHand ? LinuxCommit.RenameWithoutReplacingByHand : LinuxCommit.RenameWithoutReplacing;
        File.WriteAllText(_folder.PathOf("file"), "moved");
        File.WriteAllText(_folder.PathOf("taken"), "kept");
        Directory.CreateDirectory(_folder.PathOf("folder", "below"));
        Directory.CreateDirectory(_folder.PathOf("empty"));

        Assert.Equal(Errno.EEXIST, rename(_folder.PathOf("file"), _folder.PathOf("taken")));
        Assert.Equal("kept", File.ReadAllText(_folder.PathOf("taken")));
        Assert.Equal(0, rename(_folder.PathOf("file"), _folder.PathOf("free")));
        Assert.Equal("moved", File.ReadAllText(_folder.PathOf("free")));
        Assert.False(File.Exists(_folder.PathOf("file")));

        Assert.Equal(Errno.EEXIST, rename(_folder.PathOf("folder"), _folder.PathOf("empty")));
        Assert.Equal(0, rename(_folder.PathOf("folder"), _folder.PathOf("new")));
        Assert.True(Directory.Exists(_folder.PathOf("new", "below")));
        Assert.False(Directory.Exists(_folder.PathOf("folder")));

        Assert.Equal(Errno.EINVAL, rename(_folder.PathOf("new"), _folder.PathOf("new", "inside")));
        Assert.False(Directory.Exists(_folder.PathOf("new", "inside")));
        Assert.Equal(Errno.ENOENT, rename(_folder.PathOf("absent"), _folder.PathOf("other")));
    }

    [Fact]
    public void TryLock_HeldElsewhere_IsRefusedAtOnceUntilItIsUnlockedOrClosed()
    {
        string path = _folder.PathOf("owner");
        File.WriteAllText(path, "");
        Assert.Equal(0, LinuxFile.Open(path, LinuxFile.O_RDWR, out SafeFileHandle? first));
        Assert.Equal(0, LinuxFile.Open(path, LinuxFile.O_RDWR, out SafeFileHandle? second));
        using (second)
        {
            using (first)
            {
                Assert.Equal(0, LinuxFile.TryLock(first!));
                Assert.Equal(Errno.EAGAIN, LinuxFile.TryLock(second!));
                Assert.Equal(0, LinuxFile.Unlock(first!));
                Assert.Equal(0, LinuxFile.TryLock(second!));
                Assert.Equal(0, LinuxFile.Unlock(second!));
                Assert.Equal(0, LinuxFile.TryLock(first!));
            }

            // A program that another thread starts at this moment still has a copy of the descriptor.
            Assert.True(SpinWait.SpinUntil(() => LinuxFile.TryLock(second!) == 0, TimeSpan.FromMinutes(1)));
        }
    }
}
