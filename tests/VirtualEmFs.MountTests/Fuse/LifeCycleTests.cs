using System.Diagnostics;
using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary>How a mount starts and ends: by signals, by unmount, killed, busy.</summary>
public sealed class LifeCycleTests
{
    private const int Busy = 16;
    private const int NotMounted = 17;
    private const int MountPointUnusable = 11;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("HUP")]
    public void Signal_OnAnIdleMount_UnmountsAndEnds(string signal)
    {
        using MountedProcess mount = MountedProcess.StartNull();
        mount.Signal(signal);
        Assert.Equal(0, mount.WaitForExit(s_deadline));
        Assert.False(MountedProcess.IsMounted(mount.MountPoint));
    }

    [Fact]
    public void Unmount_IdleMount_ReturnsWhenItsProcessHasLetGo()
    {
        using MountedProcess mount = MountedProcess.StartNull();
        Programs.Check(Programs.Emfs, "unmount", mount.MountPoint);
        Assert.False(MountedProcess.IsMounted(mount.MountPoint));
        Assert.Equal(0, mount.WaitForExit(s_deadline));
    }

    [Fact]
    public void Unmount_NoMount_SaysSo()
    {
        using var folder = new TemporaryFolder();
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["unmount", folder.Path]);
        Assert.Equal(NotMounted, result.ExitCode);
        Assert.Contains(folder.Path, result.Error);
    }

    [Fact]
    public void Unmount_BusyMount_NamesTheHolderAndStaysUsable()
    {
        using MountedProcess mount = MountedProcess.StartNull("--size", "1MiB");
        using Process holder = Process.Start(new ProcessStartInfo("sleep", "600") { WorkingDirectory = mount.MountPoint })!;
        try
        {
            ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["unmount", mount.MountPoint]);
            Assert.Equal(Busy, result.ExitCode);
            Assert.Contains($"process {holder.Id} (sleep) works in {mount.MountPoint}", result.Error);
            Programs.Check("cat", mount.PathOf("zeros-000.mrc"));
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }

        Programs.Check(Programs.Emfs, "unmount", mount.MountPoint);
    }

    [Fact]
    public void Signal_OnABusyMount_NamesTheHolderAndASecondOneDetaches()
    {
        using MountedProcess mount = MountedProcess.StartNull("--size", "1MiB");
        using Process holder = Process.Start(
            new ProcessStartInfo("bash", ["-c", $"exec 3< '{mount.PathOf("zeros-000.mrc")}'; echo open; exec sleep 600"]) { RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("open", holder.StandardOutput.ReadLine());
            mount.Signal("TERM");
            mount.WaitForLog("second signal", s_deadline);
            Assert.Contains($"process {holder.Id} (", mount.Log);
            Assert.Contains($"has {mount.PathOf("zeros-000.mrc")} open", mount.Log);
            Programs.Check("cat", mount.PathOf("zeros-000.mrc"));

            mount.Signal("TERM");
            Assert.Equal(0, mount.WaitForExit(s_deadline));
            Assert.False(MountedProcess.IsMounted(mount.MountPoint));
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }
    }

    [Fact]
    public void Kill_WhileReadersRun_GivesThemAnErrorAndTheNextMountWorks()
    {
        using var folder = new TemporaryFolder();
        using (MountedProcess killed = MountedProcess.StartNullOn(folder.Path, "--size", "1GiB", "--files", "4", "--direct-io"))
        {
            Process[] readers = [.. Enumerable.Range(0, 4).Select(i => Process.Start(new ProcessStartInfo(
                "bash", ["-c", $"while cat '{killed.PathOf($"zeros-00{i}.mrc")}' > /dev/null; do :; done; echo ended"]) { RedirectStandardOutput = true, RedirectStandardError = true })!)];
            WaitForReads(killed);
            killed.Signal("KILL");
            foreach (Process reader in readers)
            {
                Assert.True(reader.WaitForExit(s_deadline), "a reader hangs after the mount's process has died");
                Assert.Contains("ended", reader.StandardOutput.ReadToEnd());
                Assert.Contains("zeros-", reader.StandardError.ReadToEnd());
                reader.Dispose();
            }

            using MountedProcess next = MountedProcess.StartNullOn(folder.Path, "--size", "1MiB");
            Programs.Check("cat", next.PathOf("zeros-000.mrc"));
        }

        Assert.False(MountedProcess.IsMounted(folder.Path));
    }

    /// <summary>A process that is killed while it decodes leaves nothing that the next one would stumble over.</summary>
    [Fact]
    public void Kill_WhileArchivesAreDecoded_LeavesThemToTheNextMount()
    {
        using var folder = new TemporaryFolder();
        string source = Directory.CreateDirectory(folder.PathOf("source")).FullName, place = Directory.CreateDirectory(folder.PathOf("mount")).FullName;
        File.Copy(Directory.GetFiles(GoldenData.PathOf("real"), "*.hdf").Order().First(), folder.PathOf("source", "map.hdf"));
        Programs.Check(Programs.Emfs, "extract", folder.PathOf("source", "map.hdf"), "-o", folder.PathOf("map.mrc"));
        string mounted = Path.Combine(place, "map.mrc");
        using (MountedProcess killed = MountedProcess.StartOn(place, source, "--cache-size", "0"))
        {
            Process[] readers = [.. Enumerable.Range(0, 4).Select(_ => Process.Start(new ProcessStartInfo(
                "bash", ["-c", $"while dd 'if={mounted}' of=/dev/null bs=64K iflag=direct status=none; do :; done; echo ended"])
                { RedirectStandardOutput = true, RedirectStandardError = true })!)];
            WaitForReads(killed);
            killed.Signal("KILL");
            foreach (Process reader in readers)
            {
                Assert.True(reader.WaitForExit(s_deadline), "a reader hangs after the mount's process has died");
                Assert.Contains("ended", reader.StandardOutput.ReadToEnd());
                Assert.Contains("dd: ", reader.StandardError.ReadToEnd());
                reader.Dispose();
            }

            using MountedProcess next = MountedProcess.StartOn(place, source);
            Programs.Check("cmp", mounted, folder.PathOf("map.mrc"));
        }
    }

    /// <summary>Whoever reads the log may stop to, as a pager does; the mount goes on, and ends.</summary>
    [Fact]
    public void Mount_WhoseLogNobodyReads_GoesOnAndEnds()
    {
        const int Count = 3500; // of warnings: more than the logger's queue (2,500) and a pipe (64 KiB) hold
        using var folder = new TemporaryFolder();
        string source = Directory.CreateDirectory(folder.PathOf("source")).FullName, place = Directory.CreateDirectory(folder.PathOf("mount")).FullName;
        for (int i = 0; i < Count; i++)
        {
            File.WriteAllBytes(Path.Combine(source, $"{i:d5}{new string('n', 150)}.hdf"), [0x89, .. "HDF\r\n\u001a\n"u8, .. new byte[100]]);
        }

        using Process mount = Process.Start(
            new ProcessStartInfo(Programs.Emfs, ["mount", source, place]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            Assert.StartsWith("emfs: ", mount.StandardOutput.ReadLine());
            Assert.Equal(Count + 1, Programs.Run(s_deadline, "ls", ["-l", place]).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
            Assert.Equal(0, Programs.Run(s_deadline, Programs.Emfs, ["unmount", place]).ExitCode);
            Assert.True(mount.WaitForExit(s_deadline));
            Assert.Equal(0, mount.ExitCode);
        }
        finally
        {
            if (!mount.HasExited)
            {
                Programs.Run(s_deadline, "fusermount3", ["-uz", place]);
                mount.Kill();
            }
        }
    }

    [Fact]
    public void Mount_OnALiveMount_IsRefusedAndLeavesItAlone()
    {
        using MountedProcess mount = MountedProcess.StartNull("--size", "1MiB");
        ProgramResult second = Programs.Run(s_deadline, Programs.Emfs, ["null", mount.MountPoint]);
        Assert.Equal(MountPointUnusable, second.ExitCode);
        Assert.Contains("mounted by emfs already", second.Error);
        Programs.Check("cat", mount.PathOf("zeros-000.mrc"));
    }

    /// <summary>All of them find an empty folder, and one of them would hide another's mount.</summary>
    [Fact]
    public void Mount_SeveralAtOnceOnOneFolder_LeavesOne()
    {
        using var folder = new TemporaryFolder();
        try
        {
            for (int round = 0; round < 2; round++)
            {
                ProgramResult[] results = new ProgramResult[4];
                Parallel.For(0, results.Length, new ParallelOptions { MaxDegreeOfParallelism = results.Length }, i =>
                    results[i] = Programs.Run(s_deadline, Programs.Emfs, ["null", folder.Path, "--size", "1MiB", "--background"]));
                Assert.Equal([0, MountPointUnusable, MountPointUnusable, MountPointUnusable], results.Select(result => result.ExitCode).Order());
                Assert.All(results.Where(result => result.ExitCode != 0), result => Assert.Matches(
                    $"^emfs: (another emfs is mounting on {folder.Path} at this moment|{folder.Path} is mounted by emfs already; .*)\n$", result.Error));
                Assert.Single(File.ReadAllLines("/proc/self/mountinfo"), line => line.Contains($" {folder.Path} ", StringComparison.Ordinal));
                Programs.Check(Programs.Emfs, "unmount", folder.Path);
                Assert.False(MountedProcess.IsMounted(folder.Path));
            }
        }
        finally
        {
            for (int i = 0; i < 4 && MountedProcess.IsMounted(folder.Path); i++)
            {
                Programs.Run(s_deadline, "fusermount3", ["-uz", folder.Path]);
            }
        }
    }

    private static void WaitForReads(MountedProcess mount)
    {
        long started = Stopwatch.GetTimestamp();
        while (mount.Status().GetProperty("bytesRead").GetInt64() == 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < s_deadline, "no reader has read anything");
        }
    }
}
