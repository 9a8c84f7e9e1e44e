using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Mount.Status;
using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Status;

/// <summary>Anyone may make a folder in /tmp, under the name that another user's mount would give it.</summary>
public sealed class RuntimeFolderTests : IDisposable
{
    private const UnixFileMode OnlyUser = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly uint s_userId = 61_000 + ((uint)Environment.ProcessId % 4000); // nobody's
    private static readonly MountedFileSystem s_mount = new("/mnt/m", "0:99", "fuse.emfs", "/mnt/s", $"rw,user_id={s_userId},group_id=0");

    private readonly TemporaryFolder _folder = new();

    public RuntimeFolderTests() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can make folders of other users");

    public void Dispose()
    {
        if (File.ResolveLinkTarget(Folder, returnFinalTarget: false) is not null)
        {
            File.Delete(Folder);
        }
        else if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }

        _folder.Dispose();
    }

    [Theory]
    [InlineData(true, "user", OnlyUser)]
    [InlineData(true, "root", OnlyUser)]
    [InlineData(false, "other", OnlyUser)]
    [InlineData(false, "user", OnlyUser | UnixFileMode.GroupWrite)]
    [InlineData(false, "root", OnlyUser | UnixFileMode.OtherWrite)]
    public void FindSocketPaths_TakesFoldersThatOnlyTheUserOrOneselfCanWriteTo(bool isTaken, string owner, UnixFileMode mode)
    {
        string socket = MakeSocket(Folder);
        File.SetUnixFileMode(Folder, mode);
        Assert.Equal(0, LinuxAttributes.SetOwner(Folder, owner == "user" ? s_userId : owner == "root" ? 0 : s_userId + 1, null));
        Assert.Equal(isTaken ? [socket] : [], RuntimeFolder.FindSocketPaths(s_mount));
    }

    [Fact]
    public void FindSocketPaths_FollowsNoLinks()
    {
        MakeSocket(_folder.PathOf("elsewhere"));
        Assert.Equal(0, LinuxAttributes.SetOwner(_folder.PathOf("elsewhere"), s_userId, null));
        File.CreateSymbolicLink(Folder, _folder.PathOf("elsewhere"));
        Assert.Empty(RuntimeFolder.FindSocketPaths(s_mount));
    }

    private static string Folder => $"/tmp/emfs-{s_userId}";

    /// <summary>A folder with a file of the socket's name.</summary>
    private static string MakeSocket(string folder)
    {
        Directory.CreateDirectory(folder, OnlyUser);
        string path = Path.Combine(folder, Path.GetFileName(RuntimeFolder.CreateSocketPath(s_mount.MountPoint)));
        File.WriteAllText(path, "");
        return path;
    }
}
