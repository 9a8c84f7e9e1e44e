using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary>Mistakes and stalls behind the mount reach programs as errors, and the user as words.</summary>
public sealed class FaultTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    /// <summary>An exception that left a callback would end the process, and every open file of every program with it.</summary>
    [Fact]
    public void Callback_ThatThrows_AnswersEioLogsOnceAndCounts()
    {
        using MountedProcess mount = MountedProcess.StartFaulty("throw:read", "--size", "1MiB", "--direct-io");
        for (int i = 0; i < 3; i++)
        {
            ProgramResult result = Programs.Run(s_deadline, "cat", [mount.PathOf("zeros-000.mrc")]);
            Assert.NotEqual(0, result.ExitCode);
            Assert.Contains("Input/output error", result.Error);
        }

        JsonElement status = mount.Status();
        Assert.Equal(status.GetProperty("requests").GetProperty("read").GetInt64(), status.GetProperty("exceptions").GetInt64());
        Assert.True(status.GetProperty("exceptions").GetInt64() >= 3);
        Assert.Contains("zeros-000.mrc", Programs.Check("ls", mount.MountPoint));
        Assert.Equal(0, mount.End()); // the log follows the mount by a moment
        Assert.Single(mount.Log.Split("Read failed with an exception")[1..]);
    }

    [Theory]
    [InlineData("lookup")]
    [InlineData("getattr")]
    [InlineData("opendir")]
    [InlineData("readdirplus")]
    [InlineData("open")]
    [InlineData("statfs")]
    [InlineData("release")]
    public void AnyCallback_ThatThrows_LeavesTheMountAlive(string operation)
    {
        using MountedProcess mount = MountedProcess.StartFaulty($"throw:{operation}", "--size", "1MiB");
        Programs.Run(s_deadline, "bash", ["-c", $"cd '{mount.MountPoint}'; ls -l .; ls absent; stat -f .; cat zeros-000.mrc | wc -c"]);

        // Nobody waits for a release.
        Assert.True(SpinWait.SpinUntil(() => mount.Status().GetProperty("exceptions").GetInt64() > 0, s_deadline), "nothing was thrown");
    }

    [Fact]
    public void Request_ThatHangs_IsLoggedShownAndEndsWithTheMount()
    {
        using MountedProcess mount = MountedProcess.StartFaulty("hang:read", "--size", "1MiB", "--stalled-after", "1s");
        using Process reader = Process.Start(
            new ProcessStartInfo("cat", [mount.PathOf("zeros-000.mrc")]) { RedirectStandardError = true, RedirectStandardOutput = true })!;

        mount.WaitForLog(": read of node 2 at byte 0", s_deadline); // on a busy machine others may have waited for a second before
        Assert.Matches("A request has waited for [0-9]+ s: read of node 2 at byte 0", mount.Log);
        JsonElement status = mount.Status();
        Assert.True(status.GetProperty("activeRequests").GetInt32() >= 1);
        Assert.True(status.GetProperty("oldestRequestSeconds").GetDouble() >= 1);
        Assert.Contains("zeros-000.mrc", Programs.Check("ls", mount.MountPoint));

        mount.Signal("TERM");
        mount.WaitForLog($"process {reader.Id} (cat)", s_deadline);
        mount.Signal("TERM");
        Assert.Equal(0, mount.WaitForExit(s_deadline));
        Assert.True(reader.WaitForExit(s_deadline), "the reader hangs after the mount has ended");
        Assert.NotEqual(0, reader.ExitCode);
    }
}
