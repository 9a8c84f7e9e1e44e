using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary>Mounts in the background: what their starter says, what they keep of it, and their log.</summary>
public sealed class BackgroundMountTests
{
    private const int MountPointUnusable = 11;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public void Background_Mount_ReturnsWhenReadyAndOutlivesItsStarter()
    {
        using var folder = new TemporaryFolder();
        try
        {
            // Its output is read to the end: the process in the background must not keep the pipe.
            string line = Programs.Check(Programs.Emfs, "null", folder.Path, "--size", "1MiB", "--background");
            Assert.Contains($"is mounted on {folder.Path}", line);
            Programs.Check("cat", Path.Combine(folder.Path, "zeros-000.mrc"));
            Assert.Contains(folder.Path, Programs.Check(Programs.Emfs, "status", folder.Path, "--json"));
            Programs.Check(Programs.Emfs, "unmount", folder.Path);
            Assert.False(MountedProcess.IsMounted(folder.Path));
        }
        finally
        {
            if (MountedProcess.IsMounted(folder.Path))
            {
                Programs.Run(s_deadline, "fusermount3", ["-uz", folder.Path]);
            }
        }
    }

    /// <summary>A script that is told of a failure would not use the mount, nor end it.</summary>
    [Fact]
    public void Background_MountThatCannotBeReported_SaysSoWhereErrorsGo()
    {
        using var folder = new TemporaryFolder();
        try
        {
            ProgramResult result = Programs.Run(
                s_deadline, "sh", ["-c", $"exec '{Programs.Emfs}' null '{folder.Path}' --size 1MiB --background > /dev/full"]);
            Assert.Equal(0, result.ExitCode);
            Assert.Contains($"is mounted on {folder.Path}", result.Error);
        }
        finally
        {
            if (MountedProcess.IsMounted(folder.Path))
            {
                Programs.Check(Programs.Emfs, "unmount", folder.Path);
            }
        }
    }

    [Fact]
    public void Background_MountThatFails_ReturnsItsCodeAndSentence()
    {
        using var folder = new TemporaryFolder();
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["null", folder.PathOf("absent"), "--background"]);
        Assert.Equal(MountPointUnusable, result.ExitCode);
        Assert.Contains("does not exist", result.Error);
        Assert.Empty(result.Output);
    }

    /// <summary>The log is named after the mount point: one who asks for a second mount there must leave the first one's alone.</summary>
    [Fact]
    public void Background_MountThatIsRefused_LeavesTheLogOfTheLiveOne()
    {
        using var folder = new TemporaryFolder();
        try
        {
            string ready = Programs.Check(Programs.Emfs, "null", folder.Path, "--size", "1MiB", "--background", "--log-level", "debug");
            string log = ready[(ready.IndexOf("its log is ", StringComparison.Ordinal) + "its log is ".Length)..].Trim();
            string before = File.ReadAllText(log);
            Assert.Contains("Protocol 7.", before, StringComparison.Ordinal);
            ProgramResult second = Programs.Run(s_deadline, Programs.Emfs, ["null", folder.Path, "--background"]);
            Assert.Equal((MountPointUnusable, ""), (second.ExitCode, second.Output));
            Assert.StartsWith($"emfs: {folder.Path} is mounted by emfs already", second.Error, StringComparison.Ordinal);
            Assert.StartsWith(before, File.ReadAllText(log), StringComparison.Ordinal);
        }
        finally
        {
            if (MountedProcess.IsMounted(folder.Path))
            {
                Programs.Check(Programs.Emfs, "unmount", folder.Path);
            }
        }
    }
}
