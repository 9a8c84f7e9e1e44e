using System.Diagnostics;
using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary>A disk that fails below a writable mount, and answers that come too late.</summary>
public sealed class FailingDiskTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _source = new();

    public void Dispose() => _source.Dispose();

    [Fact]
    public void Write_OnAFullDisk_TellsTheProgramAndGoesOnAfterwards()
    {
        using MountedProcess mount = MountedProcess.StartMirror(_source.Path, "fail:ENOSPC:write:2:once");
        Assert.Equal("ok ENOSPC ok\n", MirrorFixture.PythonIn(mount.MountPoint, """
            f = os.open('f', os.O_CREAT | os.O_RDWR, 0o644)
            print(*(failure(os.pwrite, f, text, i) for i, text in enumerate((b'a', b'b', b'c'))))
            """));
        Assert.Equal("a\0c", File.ReadAllText(_source.PathOf("f")));
    }

    [Fact]
    public void Write_DiskFullHalfWay_IsShort()
    {
        using MountedProcess mount = MountedProcess.StartMirror(_source.Path, "short:write:1;fail:ENOSPC:write:2:once");
        Assert.Equal("5\n", MirrorFixture.PythonIn(mount.MountPoint, "print(os.write(os.open('f', os.O_CREAT | os.O_RDWR, 0o644), b'0123456789'))"));
        Assert.Equal("01234", File.ReadAllText(_source.PathOf("f")));
    }

    [Fact]
    public void EachFailure_BelowItsPrefix_ReachesTheProgram()
    {
        Directory.CreateDirectory(_source.PathOf("bad"));
        using MountedProcess mount = MountedProcess.StartMirror(
            _source.Path,
            $"fail:EIO:sync:1:always:{_source.PathOf("bad")};fail:EDQUOT:makefolder:1:always:{_source.PathOf("bad")};fail:EMFILE:open:2:always:{_source.PathOf("bad")}");
        Assert.Equal("EIO EIO EDQUOT EMFILE ok ok\n", MirrorFixture.PythonIn(mount.MountPoint, """
            f = os.open('bad/f', os.O_CREAT | os.O_RDWR, 0o644)
            g = os.open('g', os.O_CREAT | os.O_RDWR, 0o644)
            print(failure(os.fsync, f), failure(os.fsync, f), failure(os.mkdir, 'bad/d'), failure(os.open, 'bad/f', os.O_RDWR), end=' ')
            print(failure(os.fsync, g), failure(os.mkdir, 'd'))
            """));
    }

    [Fact]
    public void Kill_AtACall_EndsTheProcessAsACrashDoes()
    {
        using MountedProcess mount = MountedProcess.StartMirror(_source.Path, "kill:1");
        Assert.NotEqual(0, Programs.Run(s_deadline, "mkdir", [mount.PathOf("folder")]).ExitCode);
        Assert.Equal(128 + 9, mount.WaitForExit(s_deadline));
        Assert.False(Directory.Exists(_source.PathOf("folder")));
    }

    [Fact]
    public void Count_AtTheEnd_IsInItsFile()
    {
        using var folder = new TemporaryFolder();
        using (MountedProcess mount = MountedProcess.StartMirror(_source.Path, $"count:{folder.PathOf("calls")}"))
        {
            Programs.Check("mkdir", mount.PathOf("folder"));
        }

        Assert.True(long.Parse(File.ReadAllText(folder.PathOf("calls"))) >= 3); // a stat, the folder made, its owner set
    }

    /// <summary>Another host made the file between the kernel's look and its creation: O_TRUNC must empty it all the same.</summary>
    [Theory]
    [InlineData("os.O_TRUNC", "new")]
    [InlineData("0", "newger than new")]
    public void Create_OfAFileThatCameToBe_EmptiesItForTruncationOnly(string flag, string expected)
    {
        using MountedProcess mount = MountedProcess.StartMirror(_source.Path);
        using Process creating = StartPython(mount, $"os.write(os.open('slow', os.O_CREAT | os.O_WRONLY | {flag}, 0o644), b'new')");
        mount.WaitForLog("create slow", s_deadline);
        File.WriteAllText(_source.PathOf("slow"), "longer than new");
        File.WriteAllText(_source.PathOf("go"), "");

        Assert.True(creating.WaitForExit(s_deadline));
        Assert.Equal(expected, File.ReadAllText(_source.PathOf("slow")));
        mount.WaitForLog("\nrelease slow\n", s_deadline); // the last of it: the log follows the mount by a moment
        Assert.Equal(flag != "0", mount.Log.Contains("setattr slow open length=0\n", StringComparison.Ordinal));
    }

    /// <summary>The kernel has given up the request: it will neither release the handle nor forget the node.</summary>
    [Fact]
    public void Create_AnsweredAfterTheMountWasForced_GivesHandleAndNodeBack()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can force an unmount");
        using MountedProcess mount = MountedProcess.StartMirror(_source.Path);
        using Process waiting = StartPython(mount, "os.open('slow', os.O_CREAT | os.O_WRONLY, 0o644)");
        mount.WaitForLog("create slow", s_deadline);
        Programs.Run(s_deadline, "umount", ["-f", mount.MountPoint]); // busy, but every request ends
        Assert.True(waiting.WaitForExit(s_deadline));
        Assert.NotEqual(0, waiting.ExitCode);
        File.WriteAllText(_source.PathOf("go"), "");
        mount.WaitForLog("\nrelease slow\n", s_deadline);
        mount.WaitForLog("\ngone slow\n", s_deadline);
    }

    private static Process StartPython(MountedProcess mount, string program) => Process.Start(
        new ProcessStartInfo(Programs.Python, ["-c", "import os; " + program]) { WorkingDirectory = mount.MountPoint, RedirectStandardError = true })!;
}
