using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace VirtualEmFs.MountTests.Commands;

/// <summary>How a writable mount begins and ends: who may own what, what an end leaves, and that the next mount goes on with it.</summary>
public sealed class WritableMountTests : IDisposable
{
    private const int Usage = 2, SourceUnusable = 10, Overlap = 13, Owned = 18, StagingUnusable = 19;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    private readonly WritingProject _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public void Mount_OfWhatAnotherMountOwns_IsRefusedWithItsName()
    {
        using MountedProcess mount = _project.Mount();
        string owner = $" belongs to another mount (process {mount.ProcessId} on ";
        string elsewhere = Directory.CreateDirectory(_project.PathOf("m2")).FullName;
        string otherSource = Directory.CreateDirectory(_project.PathOf("s2")).FullName;
        AssertRefused(Owned, $"the staging folder {_project.Staging}{owner}", otherSource, elsewhere, "--staging", _project.Staging);
        AssertRefused(Owned, $"the staging folder {_project.Staging}{owner}", _project.Source, elsewhere, "--staging", _project.Staging, "--take-over");
        AssertRefused(Owned, $"the source {_project.Source}{owner}", _project.Source, elsewhere, "--staging", _project.PathOf("d2"));
        using MountedProcess reading = _project.MountElsewhere();
        Assert.Empty(Directory.GetFileSystemEntries(reading.MountPoint));
        Assert.Throws<IOException>(() => File.WriteAllText(reading.PathOf("a"), ""));
    }

    [Fact]
    public void Mount_AfterAnUnmountWithNothingStaged_FindsNoTrace()
    {
        using (MountedProcess mount = _project.Mount())
        {
            File.WriteAllBytes(mount.PathOf("a.mrc"), WritingProject.Mrc(1));
            ProgramResult unmounted = WritingProject.Unmount(mount);
            Assert.Equal((0, "", ""), (unmounted.ExitCode, unmounted.Output, unmounted.Error));
            Assert.Equal(["a.mrc.hdf"], _project.SourceNames);
            Assert.False(File.Exists(_project.PathOf("d", "owner")));
            Assert.Equal(["staged", "tmp"], Directory.GetFileSystemEntries(_project.PathOf("s", ".emfs")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
            Assert.Empty(Directory.GetFileSystemEntries(_project.PathOf("s", ".emfs", "staged")));
            Assert.Equal(0, mount.WaitForExit(s_deadline));
        }

        // The very next moment: whoever waits for unmount may mount again.
        using MountedProcess next = _project.Mount();
        Assert.Equal(["a.mrc"], Directory.GetFileSystemEntries(next.MountPoint).Select(Path.GetFileName));
    }

    /// <summary>The folder that a disk is usually mounted on is a source as well, and an empty one: what is staged must not be archived into it.</summary>
    [Fact]
    public void Mount_WhereTheSourceOfStagedFilesIsNot_IsRefused()
    {
        using (MountedProcess mount = _project.Mount())
        {
            File.WriteAllBytes(mount.PathOf("a.mrc"), WritingProject.Mrc(1));
            Assert.Equal(0, WritingProject.Unmount(mount, "--leave-staged").ExitCode);
            mount.WaitForExit(s_deadline);
        }

        Directory.Move(_project.Source, _project.PathOf("disk"));
        Directory.CreateDirectory(_project.Source);
        AssertRefused(
            SourceUnusable, $"1 file of {_project.Source} is staged in {_project.Staging}, but that folder has no .emfs any more: mount its disk first",
            _project.Source, _project.MountPoint, "--staging", _project.Staging);
        Assert.Empty(Directory.GetFileSystemEntries(_project.Source));
        Directory.CreateDirectory(_project.PathOf("s", ".emfs"));
        using MountedProcess next = _project.Mount();
        Assert.Equal(WritingProject.Mrc(1), File.ReadAllBytes(next.PathOf("a.mrc")));
    }

    /// <summary>What one mount leaves in a source that a group shares must not keep the others of the group out.</summary>
    [Fact]
    public void Mount_OfAGroupsSource_BelongsToEachOfItsUsersInTurn()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become other users");
        Assert.SkipUnless(File.GetUnixFileMode("/dev/fuse").HasFlag(UnixFileMode.OtherRead | UnixFileMode.OtherWrite), "only root may open /dev/fuse here");
        const string group = "4321";
        Programs.Check("chmod", "755", _project.PathOf());
        Programs.Check("chmod", "775", _project.Source);
        Programs.Check("chgrp", group, _project.Source);
        string input = _project.PathOf("input.mrc");
        File.WriteAllBytes(input, WritingProject.Mrc(1));
        string? colleague = null;
        foreach (string user in (string[])["root", "nobody", "daemon"])
        {
            string own = Directory.CreateDirectory(_project.PathOf(user)).FullName;
            string mountPoint = Directory.CreateDirectory(Path.Combine(own, "m")).FullName;
            Programs.Check("chown", "-R", user, own);
            string[] becoming = ["setpriv", $"--reuid={user}", $"--regid={Programs.Check("id", "-g", user).Trim()}", $"--groups={group}", "env", $"XDG_RUNTIME_DIR={own}"];
            using MountedProcess mount = MountedProcess.StartAs(becoming, mountPoint, _project.Source, "--staging", Path.Combine(own, "d"), "--write-delay", "1h");
            Assert.Empty(Directory.GetFileSystemEntries(_project.PathOf("s", ".emfs", "tmp")));
            Programs.Check(becoming[0], [.. becoming[1..], "cp", input, Path.Combine(mountPoint, $"{user}.mrc")]);
            if (colleague is not null)
            {
                // One file that the group may write gets the bytes that it has, the other one more.
                string same = Path.Combine(mountPoint, $"{colleague}.mrc"), longer = Path.Combine(mountPoint, "shared.mrc");
                Programs.Check(becoming[0], [.. becoming[1..], "dd", $"if={input}", $"of={same}", "conv=notrunc"]);
                Programs.Check(becoming[0], [.. becoming[1..], "dd", $"if={input}", $"of={longer}", "conv=notrunc", "oflag=append"]);
            }
            else
            {
                File.Copy(input, Path.Combine(mountPoint, "shared.mrc"));
            }

            Assert.True(
                SpinWait.SpinUntil(() => Programs.Check(becoming[0], [.. becoming[1..], Programs.Emfs, "status", mountPoint, "--json"]).Contains("\"openFiles\":0", StringComparison.Ordinal), s_deadline));
            Programs.Check(becoming[0], [.. becoming[1..], Programs.Emfs, "flush", mountPoint, "--wait"]);
            File.WriteAllText(_project.PathOf("s", ".emfs", "tmp", "1-1.hdf"), "left by a kill");
            Assert.Equal($"root {group} 775", Programs.Check("stat", "-c", "%U %g %a", _project.PathOf("s", ".emfs", "tmp")).Trim());
            colleague = user;
            foreach (string name in _project.SourceNames)
            {
                Programs.Check("chgrp", group, Path.Combine(_project.Source, name));
                Programs.Check("chmod", "664", Path.Combine(_project.Source, name));
            }
        }

        Assert.Equal(["daemon.mrc.hdf", "nobody.mrc.hdf", "root.mrc.hdf", "shared.mrc"], _project.SourceNames); // longer than its header says, the last stays raw
        Assert.Equal(3 * WritingProject.Mrc(1).Length, new FileInfo(Path.Combine(_project.Source, "shared.mrc")).Length);
    }

    [Theory]
    [InlineData("--leave-staged")]
    [InlineData("TERM")]
    [InlineData("KILL")]
    public void Mount_AfterAnEndThatLeftFilesStaged_GoesOnWithThem(string end)
    {
        byte[] content = WritingProject.Mrc(1);
        using (MountedProcess mount = _project.Mount())
        {
            File.WriteAllBytes(mount.PathOf("a.mrc"), content);
            if (end == "--leave-staged")
            {
                ProgramResult unmounted = WritingProject.Unmount(mount, end);
                Assert.Equal((0, ""), (unmounted.ExitCode, unmounted.Output));
                Assert.Equal(
                    $"emfs: still staged in {_project.Staging}: 1 file ({content.Length / 1000.0:F1} kB), archived by the next emfs mount {_project.Source} {mount.MountPoint} --staging {_project.Staging}, and without a mount exported by: emfs recover {_project.Staging} --to FOLDER\n",
                    unmounted.Error);
            }
            else
            {
                // The list of names is written within a second.
                string lists = _project.PathOf("s", ".emfs", "staged");
                Assert.True(SpinWait.SpinUntil(() => Directory.Exists(lists) && Directory.GetFiles(lists).Length > 0, s_deadline));
                if (end == "TERM")
                {
                    mount.End();
                }
                else
                {
                    mount.Signal(end);
                }
            }

            mount.WaitForExit(s_deadline);
        }

        Assert.Empty(_project.SourceNames);
        Assert.Equal(end != "KILL", JsonDocument.Parse(File.ReadAllText(_project.PathOf("d", "owner"))).RootElement.GetProperty("hasEnded").GetBoolean());
        using (MountedProcess reading = _project.MountElsewhere())
        {
            IOException refusal = Assert.Throws<IOException>(() => File.ReadAllBytes(reading.PathOf("a.mrc")));
            Assert.Contains("Input/output error", refusal.Message, StringComparison.Ordinal);
            Assert.Contains($" in {_project.Staging} and not archived yet", reading.Status().GetProperty("tree").GetProperty("errors").ToString(), StringComparison.Ordinal);
        }

        using MountedProcess next = _project.Mount();
        Assert.Equal(content, File.ReadAllBytes(next.PathOf("a.mrc")));
        Assert.Equal(0, WritingProject.Flush(next).ExitCode);
        Assert.Equal(["a.mrc.hdf"], _project.SourceNames);
    }

    [Fact]
    public void Mount_AfterOneOnAnotherHost_IsLeftToTheUser()
    {
        string[] owners = [_project.PathOf("d", "owner"), _project.PathOf("s", ".emfs", "owner")];
        using (MountedProcess mount = _project.Mount())
        {
            File.WriteAllBytes(mount.PathOf("a.mrc"), WritingProject.Mrc(1));
            mount.Signal("KILL");
            mount.WaitForExit(s_deadline);
        }

        foreach (string owner in owners)
        {
            JsonNode content = JsonNode.Parse(File.ReadAllText(owner))!;
            (content["host"], content["bootId"]) = ("elsewhere", "another");
            File.WriteAllText(owner, content.ToString());
            AssertRefused(
                Owned, $"when elsewhere is known dead, say --take-over or delete {owner}", _project.Source, _project.MountPoint, "--staging", _project.Staging);
            File.Move(owner, owner + ".aside"); // the other one speaks, too
        }

        foreach (string owner in owners)
        {
            File.Move(owner + ".aside", owner, overwrite: true);
        }

        using MountedProcess next = _project.Mount("--take-over");
        Assert.Equal(WritingProject.Mrc(1), File.ReadAllBytes(next.PathOf("a.mrc")));
    }

    /// <summary>Another staging folder takes over the source, and keeps the names of the first away from its programs.</summary>
    [Fact]
    public void Mount_WithAnotherStagingFolder_ShowsWhatTheFirstHasAsUnreadable()
    {
        using (MountedProcess mount = _project.Mount())
        {
            File.WriteAllBytes(mount.PathOf("a.mrc"), WritingProject.Mrc(1));
        }

        using MountedProcess other = _project.MountElsewhere("--staging", _project.PathOf("d2"), "--write-delay", "1h");
        Assert.Throws<IOException>(() => File.ReadAllBytes(other.PathOf("a.mrc")));
        Assert.Throws<IOException>(() => File.WriteAllBytes(other.PathOf("a.mrc"), []));
        File.WriteAllBytes(other.PathOf("b.mrc"), WritingProject.Mrc(2));
        Assert.Equal(0, WritingProject.Unmount(other).ExitCode);
        Assert.Equal(["b.mrc.hdf"], _project.SourceNames);
        using MountedProcess first = _project.Mount();
        Assert.Equal(WritingProject.Mrc(1), File.ReadAllBytes(first.PathOf("a.mrc")));
    }

    [Fact]
    public void Mount_WithADryRun_ArchivesNothingAndSaysWhatItWould()
    {
        using MountedProcess mount = _project.Mount("--dry-run", "--profile", "paper");
        byte[] content = WritingProject.Mrc(1);
        File.WriteAllBytes(mount.PathOf("a.mrc"), content);
        Assert.Equal(0, WritingProject.Flush(mount).ExitCode);
        Assert.Equal(["a.mrc"], _project.SourceNames);
        Assert.Equal(content, File.ReadAllBytes(_project.PathOf("s", "a.mrc")));
        JsonElement forecast = Assert.Single(WritingProject.Writing(mount).GetProperty("forecasts").EnumerateArray());
        Assert.Equal(("a.mrc", 5), (forecast.GetProperty("path").GetString(), forecast.GetProperty("result").GetProperty("bits").GetInt32()));
        Assert.Contains("5 bits", Programs.Check(Programs.Emfs, "status", mount.MountPoint), StringComparison.Ordinal);
    }

    [Fact]
    public void Mount_WithRules_ArchivesByThem()
    {
        File.WriteAllText(_project.PathOf("rules.json"), """{ "rules": [ { "glob": "raw/*", "keepRaw": true }, { "glob": "*.st", "bits": 7, "delay": 0 } ] }""");
        using MountedProcess mount = _project.Mount("--rules", _project.PathOf("rules.json"));
        Directory.CreateDirectory(mount.PathOf("raw"));
        File.WriteAllBytes(mount.PathOf("raw", "a.mrc"), WritingProject.Mrc(1));
        File.WriteAllBytes(mount.PathOf("b.st"), WritingProject.Mrc(2));
        Assert.True(SpinWait.SpinUntil(() => _project.SourceNames is ["b.st.hdf", "raw"], s_deadline)); // its own delay
        Assert.Equal(0, WritingProject.Flush(mount).ExitCode);
        Assert.Equal(WritingProject.Mrc(1), File.ReadAllBytes(_project.PathOf("s", "raw", "a.mrc")));
        Assert.Contains("\"bits\": 7", Programs.Check(Programs.Emfs, "info", "--json", _project.PathOf("s", "b.st.hdf")), StringComparison.Ordinal);
    }

    [Fact]
    public void Mount_ThatCannotWork_IsRefusedInOneSentence()
    {
        File.WriteAllText(_project.PathOf("rules.json"), "[\n{ \"glob\": \"*\", \"bits\": 99 }\n]");
        AssertRefused(Usage, "rules.json, line 2: ", _project.Source, _project.MountPoint, "--staging", _project.Staging, "--rules", _project.PathOf("rules.json"));
        AssertRefused(Usage, "--write-delay needs --staging: without it the mount is read-only", _project.Source, _project.MountPoint, "--write-delay", "1s");
        AssertRefused(Usage, "--profile needs --staging", _project.Source, _project.MountPoint, "--profile", "paper");
        AssertRefused(Usage, "--dry-run needs --staging", _project.Source, _project.MountPoint, "--dry-run");
        AssertRefused(Usage, "--rules and --profile exclude each other", _project.Source, _project.MountPoint, "--staging", _project.Staging, "--profile", "paper", "--rules", "x");
        AssertRefused(Usage, "--staging and --immutable exclude each other", _project.Source, _project.MountPoint, "--staging", _project.Staging, "--immutable");
        AssertRefused(Usage, "--staging and --float32 exclude each other", _project.Source, _project.MountPoint, "--staging", _project.Staging, "--float32");
        AssertRefused(Usage, "'7' is neither a time such as 12h or 7d nor a size such as 500GB (--keep-originals)", _project.Source, _project.MountPoint, "--staging", _project.Staging, "--keep-originals", "7");
        AssertRefused(Overlap, "the source", _project.Source, _project.MountPoint, "--staging", _project.PathOf("s", "d"));
        AssertRefused(Overlap, "the mount point", _project.Source, _project.MountPoint, "--staging", _project.PathOf("m", "d"));
        File.WriteAllText(_project.PathOf("file"), "");
        AssertRefused(StagingUnusable, "the staging folder", _project.Source, _project.MountPoint, "--staging", _project.PathOf("file"));
        using MountedProcess reading = _project.MountElsewhere();
        string other = Directory.CreateDirectory(_project.PathOf("s2")).FullName;
        Directory.CreateDirectory(_project.PathOf("s", "folder"));
        AssertRefused(Overlap, "lies on a mount of emfs", other, _project.MountPoint, "--staging", reading.PathOf("folder"));
        Assert.False(Path.Exists(_project.Staging));
        Assert.Equal(["folder"], _project.SourceNames);
    }

    private static void AssertRefused(int exitCode, string sentence, params string[] arguments)
    {
        ProgramResult result = WritingProject.Emfs(["mount", .. arguments]);
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
