using System.Text.Json;
using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary>What any mount does, whatever tree is behind it.</summary>
public sealed class NullMountTests
{
    private const int FileLengthBytes = 5_000_001;

    /// <summary>Past the kernel's cache, each byte is asked for once; from the cache as often as the kernel drops it.</summary>
    [Theory]
    [InlineData(true, "--direct-io")]
    [InlineData(false)]
    public void Read_WholeFile_HasItsExactLengthAndBytes(bool asksOnce, params string[] options)
    {
        using MountedProcess mount = MountedProcess.StartNull(["--size", FileLengthBytes.ToString(), "--files", "2", .. options]);
        Assert.Equal($"{FileLengthBytes} {FileLengthBytes}", Programs.Check("stat", "-c", "%s %s", mount.PathOf("zeros-001.mrc")).Trim());
        Programs.Check("cmp", "-n", FileLengthBytes.ToString(), mount.PathOf("zeros-001.mrc"), "/dev/zero");
        Assert.InRange(mount.Status().GetProperty("bytesRead").GetInt64(), FileLengthBytes, asksOnce ? FileLengthBytes : long.MaxValue);
    }

    [Fact]
    public void List_ThousandsOfNames_GivesEachOnce()
    {
        using MountedProcess mount = MountedProcess.StartNull("--size", "1", "--files", "5000");
        string[] names = Programs.Check("ls", "-U", mount.MountPoint).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5000, names.Length);
        Assert.Equal(5000, names.Distinct().Count());
        Assert.Equal("5000", Programs.Check("bash", "-c", $"ls -l '{mount.MountPoint}' | grep -c '^-r--r--r-- 1 .* 1 .*zeros-'").Trim());
    }

    [Theory]
    [InlineData("touch new.mrc")]
    [InlineData("mkdir folder")]
    [InlineData("rm -f zeros-000.mrc")]
    [InlineData("mv zeros-000.mrc other.mrc")]
    [InlineData("ln zeros-000.mrc other.mrc")]
    [InlineData("ln -s zeros-000.mrc other.mrc")]
    [InlineData("truncate -s 0 zeros-000.mrc")]
    [InlineData("chmod 600 zeros-000.mrc")]
    [InlineData("echo x >> zeros-000.mrc")]
    [InlineData("fallocate -l 10 zeros-000.mrc")]
    [InlineData("python3 -c 'import os; os.setxattr(\"zeros-000.mrc\", \"user.x\", b\"y\")'")]
    public void Change_OnAReadOnlyMount_IsRefusedAsReadOnly(string command)
    {
        using MountedProcess mount = MountedProcess.StartNull("--size", "1MiB");
        ProgramResult result = Programs.Run(TimeSpan.FromSeconds(30), "bash", ["-c", command], mount.MountPoint);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("Read-only file system", result.Error);
        Assert.Equal("zeros-000.mrc", Programs.Check("ls", mount.MountPoint).Trim());
    }

    /// <summary>ls and cp ask for these at every file: the tree must not be bothered.</summary>
    [Fact]
    public void GetExtendedAttribute_OutsideUser_IsAnsweredWithoutTheNode()
    {
        using MountedProcess mount = MountedProcess.StartNull("--size", "1MiB");
        string answers = Programs.Check(Programs.Python, "-c", """
            import errno, os, sys
            for name in ('security.capability', 'security.selinux', 'trusted.x', 'system.nothing', 'user.absent'):
                try:
                    os.getxattr(sys.argv[1], name)
                    print(name, 'found')
                except OSError as e:
                    print(name, errno.errorcode[e.errno])
            print(os.listxattr(sys.argv[1]))
            """, mount.PathOf("zeros-000.mrc"));
        Assert.Equal(
            "security.capability ENODATA\nsecurity.selinux ENODATA\ntrusted.x ENODATA\nsystem.nothing ENOTSUP\nuser.absent ENODATA\n[]\n", answers);
    }

    [Fact]
    public void Seek_DataAndHole_AreThoseOfAFileWithoutHoles()
    {
        using MountedProcess mount = MountedProcess.StartNull("--size", "1MiB");
        string answers = Programs.Check(Programs.Python, "-c", """
            import errno, os, sys
            f = os.open(sys.argv[1], os.O_RDONLY)
            print(os.lseek(f, 1000, os.SEEK_DATA), os.lseek(f, 1000, os.SEEK_HOLE))
            try:
                os.lseek(f, 1 << 20, os.SEEK_DATA)
            except OSError as e:
                print(errno.errorcode[e.errno])
            """, mount.PathOf("zeros-000.mrc"));
        Assert.Equal("1000 1048576\nENXIO\n", answers);
    }

    [Fact]
    public void Read_SecondTime_ComesFromThePageCache()
    {
        using MountedProcess mount = MountedProcess.StartNull("--size", "8MiB");
        long BytesOfOneReading()
        {
            long before = mount.Status().GetProperty("bytesRead").GetInt64();
            Programs.Check("cat", mount.PathOf("zeros-000.mrc"));
            return mount.Status().GetProperty("bytesRead").GetInt64() - before;
        }

        Assert.InRange(BytesOfOneReading(), 8 << 20, long.MaxValue);

        // A kernel that reclaims memory may drop pages in between, and asks for these once more; where nothing were kept, all would be asked for each time.
        Assert.Contains(Enumerable.Range(0, 20).Select(_ => BytesOfOneReading()), static lengthBytes => lengthBytes < 1 << 20);
    }

    [Fact]
    public void Status_OfAMount_CountsRequestsByKindAndOutcome()
    {
        using MountedProcess mount = MountedProcess.StartNull("--size", "1MiB");
        Programs.Run(TimeSpan.FromSeconds(30), "cat", [mount.PathOf("absent")]);
        JsonElement status = mount.Status();
        Assert.Equal(mount.ProcessId, status.GetProperty("processId").GetInt32());
        Assert.Equal(mount.MountPoint, status.GetProperty("mountPoint").GetString());
        Assert.Equal(1, status.GetProperty("requests").GetProperty("lookup").GetInt64());
        Assert.Equal(1, status.GetProperty("failures").GetProperty("notfound").GetInt64());

        // The program goes on before the mount has noted that it was answered.
        Assert.True(SpinWait.SpinUntil(() => mount.Status().GetProperty("activeRequests").GetInt32() == 0, TimeSpan.FromMinutes(1)), "a request has no answer");
        Assert.Contains("lookup", Programs.Check(Programs.Emfs, "status", mount.MountPoint));
    }
}
