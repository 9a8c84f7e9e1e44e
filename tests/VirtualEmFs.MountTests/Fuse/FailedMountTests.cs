using System.Diagnostics;
using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary>Mounts that fail when the kernel has them already, or nearly: they leave no mount that answers nobody.</summary>
public sealed class FailedMountTests : IDisposable
{
    private const int Failure = 1, MountFailed = 15;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        foreach (string mountPoint in new[] { _folder.Path, _folder.PathOf("m") }.Where(MountedProcess.IsMounted))
        {
            Programs.Run(s_deadline, "fusermount3", ["-uz", mountPoint]);
        }

        _folder.Dispose();
    }

    [Fact]
    public void Mount_WhoseReadyLineCannotBePrinted_IsTakenDownAgain()
    {
        ProgramResult result = Programs.Run(s_deadline, "sh", ["-c", $"exec '{Programs.Emfs}' null '{_folder.Path}' > /dev/full"]);
        Assert.Equal((Failure, "emfs: standard output cannot be written: No space left on device\n"), (result.ExitCode, result.Error));
        Assert.False(MountedProcess.IsMounted(_folder.Path));
    }

    /// <summary>A user's session folder that is another user's, and one that is deeper than sockets may lie.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Mount_WithoutAPlaceForItsSocket_SaysSoAndMountsNothing(bool isTooDeep)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become other users");
        Assert.SkipUnless(File.GetUnixFileMode("/dev/fuse").HasFlag(UnixFileMode.OtherRead | UnixFileMode.OtherWrite), "only root may open /dev/fuse here");
        string mountPoint = Directory.CreateDirectory(_folder.PathOf("m")).FullName;
        string session = isTooDeep ? Directory.CreateDirectory(_folder.PathOf(new string('n', 100))).FullName : "/root";
        Programs.Check("chown", "-R", "nobody", _folder.Path);
        ProgramResult result = Programs.Run(
            s_deadline, "setpriv", ["--reuid=nobody", "--regid=65534", "--clear-groups", "env", $"XDG_RUNTIME_DIR={session}", Programs.Emfs, "null", mountPoint]);
        Assert.Equal((MountFailed, ""), (result.ExitCode, result.Output));
        Assert.Contains("the status socket", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.False(MountedProcess.IsMounted(mountPoint));
    }

    /// <summary>The first process is killed before the second one can tell it that the mount is there.</summary>
    [Fact]
    public void Background_MountWhoseStarterIsKilled_IsThereAndAnswers()
    {
        // The pipe's other end is closed at once, as that of a starter that was killed.
        using Process server = Process.Start(new ProcessStartInfo(
            "bash", ["-c", $"exec 5> >(exec sleep 0); wait $!; exec '{Programs.Emfs}' null '{_folder.Path}' --size 1MiB --background --ready-pipe 5"]))!;
        try
        {
            Assert.True(SpinWait.SpinUntil(() => server.HasExited || MountedProcess.IsMounted(_folder.Path), s_deadline));
            Assert.Equal(1 << 20, File.ReadAllBytes(_folder.PathOf("zeros-000.mrc")).Length);
            Programs.Check(Programs.Emfs, "status", _folder.Path);
            Programs.Check(Programs.Emfs, "unmount", _folder.Path);
            Assert.True(server.WaitForExit(s_deadline));
            Assert.Equal(0, server.ExitCode);
        }
        finally
        {
            if (!server.HasExited)
            {
                server.Kill();
            }
        }
    }
}
