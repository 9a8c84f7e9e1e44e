using Xunit;

namespace VirtualEmFs.MountTests.Commands;

/// <summary>What is said of writable mounts whose process does not answer, and what becomes of their staged files.</summary>
public sealed class SilentMountTests : IDisposable
{
    private const int Failure = 1;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    private readonly WritingProject _project = new();

    public void Dispose() => _project.Dispose();

    /// <summary>A logout may take the socket away; what is staged then waits for whoever unmounts, and neither goes unsaid.</summary>
    [Fact]
    public void Unmount_OfAMountWhoseSocketCannotBeFound_IsRefusedUnlessFilesMayStayStaged()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become other users");
        Assert.SkipUnless(File.GetUnixFileMode("/dev/fuse").HasFlag(UnixFileMode.OtherRead | UnixFileMode.OtherWrite), "only root may open /dev/fuse here");
        Programs.Check("chown", "-R", "nobody", _project.PathOf());
        string input = Path.Combine(_project.Source, "input"), there = Directory.CreateDirectory(_project.PathOf("there")).FullName;
        File.WriteAllBytes(input, WritingProject.Mrc(1));
        Programs.Check("chmod", "644", input);
        Programs.Check("chown", "nobody", there);
        string[] becoming = ["setpriv", "--reuid=nobody", $"--regid={Programs.Check("id", "-g", "nobody").Trim()}", "--clear-groups", "env", $"XDG_RUNTIME_DIR={there}"];
        string[] elsewhere = [.. becoming[1..^1], "--unset=XDG_RUNTIME_DIR", Programs.Emfs];
        using MountedProcess mount = MountedProcess.StartAs(becoming, _project.MountPoint, _project.Source, "--staging", _project.Staging, "--write-delay", "1h");
        Programs.Check(becoming[0], [.. becoming[1..], "cp", input, Path.Combine(_project.MountPoint, "a.mrc")]);

        string sentence = $"emfs: the process that serves {_project.MountPoint} does not answer: it has no status socket where this command looks for it";
        ProgramResult status = Programs.Run(s_deadline, becoming[0], [.. elsewhere, "status", _project.MountPoint]);
        Assert.Equal((Failure, ""), (status.ExitCode, status.Output));
        Assert.StartsWith(sentence, status.Error, StringComparison.Ordinal);
        ProgramResult refused = Programs.Run(s_deadline, becoming[0], [.. elsewhere, "unmount", _project.MountPoint]);
        Assert.Equal((Failure, ""), (refused.ExitCode, refused.Output));
        Assert.StartsWith(sentence, refused.Error, StringComparison.Ordinal);
        Assert.Contains("unmount --leave-staged", refused.Error, StringComparison.Ordinal);
        Assert.True(MountedProcess.IsMounted(_project.MountPoint));

        ProgramResult left = Programs.Run(s_deadline, becoming[0], [.. elsewhere, "unmount", _project.MountPoint, "--leave-staged"]);
        Assert.Equal((0, ""), (left.ExitCode, left.Output));
        Assert.Equal(
            $"emfs: its process did not answer, so that files may still be staged in {_project.Staging}: they are archived by the next emfs mount {_project.Source} {_project.MountPoint} --staging {_project.Staging}, and without a mount exported by: emfs recover {_project.Staging} --to FOLDER\n",
            left.Error);
        Assert.False(MountedProcess.IsMounted(_project.MountPoint));
        Assert.Equal(0, mount.WaitForExit(s_deadline));
        Assert.Equal(WritingProject.Mrc(1), File.ReadAllBytes(Assert.Single(Directory.GetFiles(_project.PathOf("d", "files")))));
    }

    /// <summary>A mount that is dead holds nothing back.</summary>
    [Fact]
    public void Unmount_OfADeadMount_ClearsIt()
    {
        using MountedProcess mount = _project.Mount();
        File.WriteAllBytes(mount.PathOf("a.mrc"), WritingProject.Mrc(1));
        mount.Kill();
        ProgramResult status = WritingProject.Emfs("status", mount.MountPoint);
        Assert.Equal((Failure, $"emfs: no process answers for {mount.MountPoint}: it has died; clear it with: emfs unmount {mount.MountPoint}\n"), (status.ExitCode, status.Error));
        ProgramResult unmounted = WritingProject.Emfs("unmount", mount.MountPoint);
        Assert.Equal((0, "", ""), (unmounted.ExitCode, unmounted.Output, unmounted.Error));
        Assert.False(MountedProcess.IsMounted(mount.MountPoint));
    }

    /// <summary>The kernel lets nobody but its user ask such a mount, not root either.</summary>
    [Fact]
    public void Unmount_OfAnotherUsersDeadMount_ClearsItForRoot()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become other users");
        Assert.SkipUnless(File.GetUnixFileMode("/dev/fuse").HasFlag(UnixFileMode.OtherRead | UnixFileMode.OtherWrite), "only root may open /dev/fuse here");
        string session = Directory.CreateDirectory(_project.PathOf("session")).FullName;
        Programs.Check("chown", "-R", "nobody", _project.PathOf());
        string[] becoming = ["setpriv", "--reuid=nobody", $"--regid={Programs.Check("id", "-g", "nobody").Trim()}", "--clear-groups", "env", $"XDG_RUNTIME_DIR={session}"];
        using MountedProcess mount = MountedProcess.StartAs(becoming, _project.MountPoint, _project.Source, "--staging", _project.Staging);
        ProgramResult refused = WritingProject.Emfs("unmount", _project.MountPoint);
        Assert.Equal(Failure, refused.ExitCode); // alive, and not to be asked by root
        mount.Kill();
        ProgramResult status = WritingProject.Emfs("status", _project.MountPoint);
        Assert.Equal((Failure, $"emfs: no process answers for {_project.MountPoint}: it has died; clear it with: emfs unmount {_project.MountPoint}\n"), (status.ExitCode, status.Error));
        ProgramResult unmounted = WritingProject.Emfs("unmount", _project.MountPoint);
        Assert.Equal((0, "", ""), (unmounted.ExitCode, unmounted.Output, unmounted.Error));
        Assert.False(MountedProcess.IsMounted(_project.MountPoint));
    }

    /// <summary>With the last session of its user goes the folder that the socket is in.</summary>
    [Fact]
    public void Mount_WhoseSocketIsRemoved_MakesItAgain()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become other users");
        Assert.SkipUnless(File.GetUnixFileMode("/dev/fuse").HasFlag(UnixFileMode.OtherRead | UnixFileMode.OtherWrite), "only root may open /dev/fuse here");
        string session = Directory.CreateDirectory(_project.PathOf("session")).FullName;
        Programs.Check("chown", "-R", "nobody", _project.PathOf());
        string[] becoming = ["setpriv", "--reuid=nobody", $"--regid={Programs.Check("id", "-g", "nobody").Trim()}", "--clear-groups", "env", $"XDG_RUNTIME_DIR={session}"];
        using MountedProcess mount = MountedProcess.StartAs(becoming, _project.MountPoint, _project.Source);
        string[] status = [.. becoming[1..], Programs.Emfs, "status", _project.MountPoint];
        Assert.Equal(0, Programs.Run(s_deadline, becoming[0], status).ExitCode);
        Directory.Delete(Path.Combine(session, "emfs"), recursive: true);
        Assert.True(SpinWait.SpinUntil(() => Programs.Run(s_deadline, becoming[0], status).ExitCode == 0, s_deadline));
        Directory.Delete(session, recursive: true);
        Assert.True(SpinWait.SpinUntil(() => Programs.Run(s_deadline, becoming[0], status).ExitCode == 0, s_deadline));
        Programs.Check(becoming[0], [.. becoming[1..], Programs.Emfs, "unmount", _project.MountPoint]);
        Assert.Equal(0, mount.WaitForExit(s_deadline));
    }
}
