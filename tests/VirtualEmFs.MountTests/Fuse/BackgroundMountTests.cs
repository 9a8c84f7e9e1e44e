using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary>Mounts in the background: what their starter says, what they keep of it, and their log.</summary>
public sealed class BackgroundMountTests
{
    private const int MountPointUnusable = 11, MountFailed = 15;

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

    [Fact]
    public void Background_MountBehindTwoDashes_IsMounted()
    {
        using var folder = new TemporaryFolder();
        try
        {
            Assert.Contains($"is mounted on {folder.Path}", Programs.Check(Programs.Emfs, "null", "--background", "--", folder.Path), StringComparison.Ordinal);
        }
        finally
        {
            if (MountedProcess.IsMounted(folder.Path))
            {
                Programs.Check(Programs.Emfs, "unmount", folder.Path);
            }
        }
    }

    /// <summary>What an argument names is read by the process in the background.</summary>
    [Fact]
    public void Background_MountWithRulesOfAnotherProgram_ReadsThem()
    {
        using var folder = new TemporaryFolder();
        string source = Directory.CreateDirectory(folder.PathOf("s")).FullName, place = Directory.CreateDirectory(folder.PathOf("m")).FullName;
        const string rules = """{ "rules": [ { "glob": "*", "keepRaw": true } ] }""";
        try
        {
            Programs.Check(
                "bash", "-c", $"'{Programs.Emfs}' mount '{source}' '{place}' --staging '{folder.PathOf("d")}' --write-delay 1h --background --rules <(echo '{rules}')");
            File.WriteAllBytes(Path.Combine(place, "a.mrc"), Commands.WritingProject.Mrc(1));
            Programs.Check(Programs.Emfs, "flush", place, "--wait");
            Assert.Equal(["a.mrc"], Directory.GetFiles(source).Select(Path.GetFileName));
        }
        finally
        {
            if (MountedProcess.IsMounted(place))
            {
                Programs.Check(Programs.Emfs, "unmount", place);
            }
        }
    }

    /// <summary>The first refusal is the same, wherever the mount would be served.</summary>
    [Fact]
    public void Background_MountOnItsOwnSource_IsRefusedAsInTheForeground()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("file"), "");
        ProgramResult inForeground = Programs.Run(s_deadline, Programs.Emfs, ["mount", folder.Path, folder.Path]);
        ProgramResult inBackground = Programs.Run(s_deadline, Programs.Emfs, ["mount", folder.Path, folder.Path, "--background"]);
        Assert.NotEqual(0, inForeground.ExitCode);
        Assert.Equal((inForeground.ExitCode, inForeground.Error), (inBackground.ExitCode, inBackground.Error));
    }

    /// <summary>A script that holds a lock while it mounts has let go of it when it ends.</summary>
    [Fact]
    public void Background_Mount_KeepsNothingOpenOfItsCallers()
    {
        using var folder = new TemporaryFolder();
        string place = Directory.CreateDirectory(folder.PathOf("m")).FullName, held = folder.PathOf("lock");
        try
        {
            Programs.Check("bash", "-c", $"exec 7>> '{held}' 42< '{folder.Path}'; flock 7; '{Programs.Emfs}' null '{place}' --background");
            Programs.Check("flock", "-n", held, "true");
            string process = Programs.Check(Programs.Emfs, "status", place, "--json");
            string id = System.Text.Json.JsonDocument.Parse(process).RootElement.GetProperty("processId").ToString();
            Assert.DoesNotContain(folder.Path, Programs.Check("ls", "-l", $"/proc/{id}/fd"), StringComparison.Ordinal);
        }
        finally
        {
            if (MountedProcess.IsMounted(place))
            {
                Programs.Check(Programs.Emfs, "unmount", place);
            }
        }
    }

    /// <summary>What mount/emfs holds so that no build removes the program of a live mount, the process that serves it must hold.</summary>
    [Fact]
    public void Background_Mount_KeepsItsProgramInUse()
    {
        using var folder = new TemporaryFolder();
        string place = Directory.CreateDirectory(folder.PathOf("m")).FullName, program = folder.PathOf("program");
        try
        {
            Programs.Check("cp", "-r", Path.GetDirectoryName(Programs.Emfs)!, program);
            File.WriteAllText(Path.Combine(program, "built"), "");
            Programs.Check("bash", "-c", $"exec 8< '{program}/built'; flock -s 8; exec '{program}/emfs' null '{place}' --background");
            Assert.Equal(1, Programs.Run(s_deadline, "flock", ["-n", Path.Combine(program, "built"), "true"]).ExitCode);
            Programs.Check(Programs.Emfs, "unmount", place);
        }
        finally
        {
            if (MountedProcess.IsMounted(place))
            {
                Programs.Check(Programs.Emfs, "unmount", place);
            }
        }
    }

    /// <summary>fusermount3 speaks to standard error, which is the log.</summary>
    [Fact]
    public void Background_MountThatFusermountRefuses_NamesTheLog()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become other users");
        Assert.SkipUnless(File.GetUnixFileMode("/dev/fuse").HasFlag(UnixFileMode.OtherRead | UnixFileMode.OtherWrite), "only root may open /dev/fuse here");
        using var folder = new TemporaryFolder();
        string place = Directory.CreateDirectory(folder.PathOf("m")).FullName, session = Directory.CreateDirectory(folder.PathOf("session")).FullName;
        Programs.Check("chmod", "755", folder.Path);
        Programs.Check("chown", "nobody", session);
        ProgramResult result = Programs.Run(
            s_deadline, "setpriv", ["--reuid=nobody", "--regid=65534", "--clear-groups", "env", $"XDG_RUNTIME_DIR={session}", Programs.Emfs, "null", place, "--background"]);
        Assert.Equal((MountFailed, ""), (result.ExitCode, result.Output));
        string log = Assert.Single(Directory.GetFiles(Path.Combine(session, "emfs"), "*.log"));
        Assert.Equal($"emfs: {place} could not be mounted: fusermount3 says why at the end of {log}\n", result.Error);
        Assert.Contains("fusermount3: user has no write access to mountpoint", File.ReadAllText(log), StringComparison.Ordinal);
    }
}
