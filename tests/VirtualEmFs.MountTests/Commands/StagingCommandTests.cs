using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace VirtualEmFs.MountTests.Commands;

/// <summary>What users do about staged files: look, flush, retry, restore, recover; through real mounts.</summary>
public sealed class StagingCommandTests : IDisposable
{
    private const int Failure = 1, Usage = 2, Owned = 18, StagingUnusable = 19, Busy = 16;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    private readonly WritingProject _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public void Flush_WithWait_ReturnsWhenEverythingIsArchived()
    {
        using MountedProcess mount = _project.Mount();
        Directory.CreateDirectory(mount.PathOf("Micrographs"));
        string[] names = ["a.mrc", "Micrographs/b.mrc", "Micrographs/c.mrcs"];
        for (int i = 0; i < names.Length; i++)
        {
            File.WriteAllBytes(mount.PathOf(names[i]), WritingProject.Mrc(i));
        }

        JsonElement writing = WritingProject.Writing(mount);
        Assert.Equal((3, 0), (writing.GetProperty("stagedFiles").GetInt32(), writing.GetProperty("openFiles").GetInt32()));
        Assert.Equal(3 * WritingProject.Mrc(0).Length, writing.GetProperty("stagedBytes").GetInt64());
        Assert.Equal(["Micrographs"], _project.SourceNames);

        AssertSilent(WritingProject.Emfs("flush", mount.MountPoint, "--wait", mount.PathOf("Micrographs", "b.mrc")));
        Assert.Equal(["Micrographs/b.mrc.hdf"], Archives());
        AssertSilent(WritingProject.Emfs("flush", mount.MountPoint, "--wait", "Micrographs"));
        Assert.Equal(["Micrographs/b.mrc.hdf", "Micrographs/c.mrcs.hdf"], Archives());
        AssertSilent(WritingProject.Emfs("flush", mount.MountPoint, "--wait"));
        Assert.Equal(["Micrographs/b.mrc.hdf", "Micrographs/c.mrcs.hdf", "a.mrc.hdf"], Archives());

        writing = WritingProject.Writing(mount);
        Assert.Equal((0, 3L), (writing.GetProperty("stagedFiles").GetInt32(), writing.GetProperty("totals").GetProperty("archivedFiles").GetInt64()));
        long saved = names.Sum(name => new FileInfo(mount.PathOf(name)).Length - new FileInfo(Path.Combine(_project.Source, name + ".hdf")).Length);
        Assert.Equal(saved, writing.GetProperty("savedBytes").GetInt64());
        Assert.Equal(WritingProject.Mrc(0)[..1024], File.ReadAllBytes(mount.PathOf("a.mrc"))[..1024]);
        Assert.Equal(["Micrographs", "a.mrc"], Directory.GetFileSystemEntries(mount.MountPoint).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        string text = Programs.Check(Programs.Emfs, "status", mount.MountPoint);
        Assert.Contains("nothing in", text, StringComparison.Ordinal);
        Assert.Contains("3 files,", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Flush_WithoutWait_LetsTheMountGoOnByItself()
    {
        using MountedProcess mount = _project.Mount();
        File.WriteAllBytes(mount.PathOf("a.mrc"), WritingProject.Mrc(1));
        AssertSilent(WritingProject.Emfs("flush", mount.MountPoint));
        Assert.True(SpinWait.SpinUntil(() => Archives() is ["a.mrc.hdf"], s_deadline));
    }

    [Fact]
    public void Flush_OfAFileThatIsOpen_SaysThatItStays()
    {
        using MountedProcess mount = _project.Mount();
        File.WriteAllBytes(mount.PathOf("a.mrc"), WritingProject.Mrc(1));
        using (File.Open(mount.PathOf("b.mrc"), FileMode.CreateNew))
        {
            ProgramResult result = WritingProject.Emfs("flush", mount.MountPoint, "--wait");
            Assert.Equal((Failure, ""), (result.ExitCode, result.Output));
            Assert.StartsWith("emfs: b.mrc stays staged: ", result.Error);
            Assert.Equal(["a.mrc.hdf"], Archives());
        }
    }

    /// <summary>A disk that is full for hours must not stop the people who want to know why nothing goes on.</summary>
    [Theory]
    [InlineData("Ctrl-C ends the waiting, and nothing else", "flush", "--wait")]
    [InlineData("Ctrl-C leaves it mounted, and unmount --leave-staged keeps them staged for the next mount", "unmount")]
    public void Status_WhileACommandWaitsForAFullDisk_SaysWhatStandsInTheWay(string wayOut, string command, params string[] options)
    {
        using MountedProcess mount = _project.MountFailing($"fail:ENOSPC:rename:1:always:{_project.Source}/a.mrc.hdf");
        File.WriteAllBytes(mount.PathOf("a.mrc"), WritingProject.Mrc(1));
        using Process waiting = Process.Start(new ProcessStartInfo(Programs.Emfs, [command, mount.MountPoint, .. options]) { RedirectStandardError = true })!;
        Assert.Matches($"^emfs: 1 file cannot be archived at this moment, to be tried again: a.mrc: .*no space left.*; {wayOut}$", waiting.StandardError.ReadLine());
        JsonElement writing = WritingProject.Writing(mount);
        Assert.Equal("a.mrc", writing.GetProperty("failing")[0].GetProperty("path").GetString());
        Assert.Equal(1, writing.GetProperty("failingFiles").GetInt32());
        Assert.Contains("a.mrc", Programs.Check(Programs.Emfs, "status", mount.MountPoint), StringComparison.Ordinal);
        AssertSilent(WritingProject.Emfs("retry", mount.MountPoint, "a.mrc"));
        Assert.False(waiting.HasExited);
        waiting.Kill();
        waiting.WaitForExit();
        Assert.Equal(1, WritingProject.Writing(mount).GetProperty("stagedFiles").GetInt32());
        Assert.Equal(WritingProject.Mrc(1), File.ReadAllBytes(mount.PathOf("a.mrc")));
    }

    [Fact]
    public void Requests_ThatMakeNoSense_AreRefusedInOneSentence()
    {
        using MountedProcess reading = _project.MountElsewhere();
        AssertRefused(Failure, "was mounted without --staging: nothing is ever staged there", "flush", reading.MountPoint);
        AssertRefused(Failure, "was mounted without --staging: nothing is ever staged there", "retry", reading.MountPoint, "a.mrc");
        AssertRefused(Failure, "was mounted without --staging: it keeps no originals", "restore", reading.MountPoint);
        using MountedProcess mount = _project.Mount();
        AssertRefused(Failure, "absent.mrc is not staged", "retry", mount.MountPoint, "absent.mrc");
        AssertRefused(Usage, "/etc/passwd is not below", "retry", mount.MountPoint, "/etc/passwd");
        AssertRefused(Usage, "../a leads out of the source", "flush", mount.MountPoint, "../a");
        AssertRefused(Failure, "no original of a.mrc is kept in", "restore", mount.MountPoint, "a.mrc");
        AssertRefused(Usage, "name the file that is to go to raw.mrc", "restore", mount.MountPoint, "--to", "raw.mrc");
        AssertRefused(StagingUnusable, "is neither a mount of emfs nor a staging folder", "restore", _project.Source);
        AssertRefused(StagingUnusable, "is neither a mount of emfs nor a staging folder", "restore", _project.PathOf("absent"), "a.mrc");
        AssertRefused(Failure, "there is no absent.mrc in ", "flush", mount.MountPoint, "absent.mrc");
        AssertRefused(StagingUnusable, "cannot be read: No such file or directory", "recover", _project.PathOf("absent"), "--to", _project.PathOf("r"));
        AssertRefused(StagingUnusable, "is no staging folder of emfs", "recover", _project.Source, "--to", _project.PathOf("r"));
        File.WriteAllText(_project.PathOf("file"), "");
        AssertRefused(Usage, "file is a file; --to needs a folder", "recover", _project.Staging, "--to", _project.PathOf("file"));
        Assert.False(Path.Exists(_project.PathOf("r")));
    }

    [Fact]
    public void Mount_WithFaultsThatMakeNoSense_SaysSo()
    {
        string refusal = Assert.Throws<InvalidOperationException>(() => _project.MountFailing("bad")).Message;
        Assert.Contains("emfs: EMFS_TEST_DISK asks for 'bad': expected kill:CALL", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Recover_OfWhatAMountLeft_ExportsItAndTouchesNothing()
    {
        var contents = new Dictionary<string, byte[]> { ["a.mrc"] = WritingProject.Mrc(1), ["Deep/er/b.mrcs"] = WritingProject.Mrc(2), ["n\\ew\n.st"] = [1, 2, 3] };
        using (MountedProcess mount = _project.Mount())
        {
            File.WriteAllBytes(_project.PathOf("s", "plain.mrc"), WritingProject.Mrc(3));
            Directory.CreateDirectory(mount.PathOf("Deep", "er"));
            foreach ((string name, byte[] content) in contents)
            {
                File.WriteAllBytes(mount.PathOf(name), content);
            }

            File.SetUnixFileMode(mount.PathOf("a.mrc"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
            File.SetLastWriteTimeUtc(mount.PathOf("a.mrc"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
            using (FileStream plain = File.OpenWrite(mount.PathOf("plain.mrc")))
            {
                plain.WriteByte(1);
            }

            AssertRefused(Owned, "belongs to another mount (process ", "recover", _project.Staging, "--to", _project.PathOf("r"));
            Assert.Equal(0, WritingProject.Emfs("recover", _project.Staging, "--to", _project.PathOf("forced"), "--force").ExitCode);
            Assert.Equal(contents["a.mrc"], File.ReadAllBytes(_project.PathOf("forced", "a.mrc")));
            mount.Signal("KILL");
            mount.WaitForExit(s_deadline);
        }

        string[] before = Directory.GetFiles(_project.Staging, "*", SearchOption.AllDirectories);
        ProgramResult result = WritingProject.Emfs("recover", _project.Staging, "--to", _project.PathOf("r"));
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains($"plain.mrc lies in the source, as {_project.Source}/plain.mrc\n", result.Output, StringComparison.Ordinal);
        Assert.Contains($"\n3 files ({(2 * contents["a.mrc"].Length + 3) / 1000.0:F1} kB) exported to {_project.PathOf("r")}; {_project.Staging} is as it was\n", result.Output, StringComparison.Ordinal);
        foreach ((string name, byte[] content) in contents)
        {
            Assert.Equal(content, File.ReadAllBytes(_project.PathOf("r", name)));
        }

        Assert.Equal(3, Directory.GetFiles(_project.PathOf("r"), "*", SearchOption.AllDirectories).Length);
        Assert.Equal(
            (UnixFileMode.UserRead | UnixFileMode.GroupRead, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc)),
            (File.GetUnixFileMode(_project.PathOf("r", "a.mrc")), File.GetLastWriteTimeUtc(_project.PathOf("r", "a.mrc"))));
        Assert.Equal(before, Directory.GetFiles(_project.Staging, "*", SearchOption.AllDirectories));

        File.WriteAllText(_project.PathOf("r", "a.mrc.other"), "");
        File.Delete(_project.PathOf("r", "Deep", "er", "b.mrcs"));
        result = WritingProject.Emfs("recover", _project.Staging, "--to", _project.PathOf("r"));
        Assert.Equal(Failure, result.ExitCode);
        Assert.Contains($"emfs recover: {_project.PathOf("r", "a.mrc")} exists already and was left as it is", result.Error, StringComparison.Ordinal);
        Assert.Equal(contents["Deep/er/b.mrcs"], File.ReadAllBytes(_project.PathOf("r", "Deep", "er", "b.mrcs")));
    }

    [Fact]
    public void Recover_WithADamagedJournal_NamesWhatItCannotName()
    {
        using (MountedProcess mount = _project.Mount())
        {
            File.WriteAllBytes(mount.PathOf("a.mrc"), WritingProject.Mrc(1));
            File.WriteAllBytes(mount.PathOf("b.mrc"), WritingProject.Mrc(2));
            File.WriteAllBytes(mount.PathOf("c.mrc"), WritingProject.Mrc(3));
        }

        string journal = _project.PathOf("d", "journal");
        byte[] bytes = File.ReadAllBytes(journal);
        bytes[bytes.AsSpan().IndexOf("b.mrc"u8)] = (byte)'x';
        File.WriteAllBytes(journal, bytes);
        ProgramResult result = WritingProject.Emfs("recover", _project.Staging, "--to", _project.PathOf("r"));
        Assert.Equal(Failure, result.ExitCode);
        Assert.Contains($"{journal} is damaged", result.Error, StringComparison.Ordinal);
        Assert.Contains("/d/files/2 has no name any more", result.Output, StringComparison.Ordinal);

        File.WriteAllText(journal, "garbage");
        result = WritingProject.Emfs("recover", _project.Staging, "--to", _project.PathOf("r2"));
        Assert.Equal(Failure, result.ExitCode);
        Assert.Equal(3, result.Output.Split("has no name any more").Length - 1);
    }

    [Fact]
    public void Restore_OfAnOriginalThatWasKept_BringsItsBytesBack()
    {
        byte[] content = WritingProject.Mrc(1);
        using MountedProcess mount = _project.Mount("--keep-originals", "1d");
        File.WriteAllBytes(mount.PathOf("a.mrc"), content);
        File.SetLastWriteTimeUtc(mount.PathOf("a.mrc"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        AssertSilent(WritingProject.Emfs("flush", mount.MountPoint, "--wait"));
        Assert.NotEqual(content, File.ReadAllBytes(mount.PathOf("a.mrc")));
        Assert.StartsWith($"a.mrc ({content.Length / 1000.0:F1} kB), archived ", Programs.Check(Programs.Emfs, "restore", mount.MountPoint));

        Assert.Equal(0, WritingProject.Emfs("restore", mount.MountPoint, mount.PathOf("a.mrc"), "--to", _project.PathOf("raw.mrc")).ExitCode);
        Assert.Equal(content, File.ReadAllBytes(_project.PathOf("raw.mrc")));
        Assert.Equal(new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc), File.GetLastWriteTimeUtc(_project.PathOf("raw.mrc")));
        AssertRefused(Failure, "raw.mrc exists already; it was left as it is", "restore", _project.Staging, "a.mrc", "--to", _project.PathOf("raw.mrc"));

        // Written since: the original is not the archive's any more.
        File.WriteAllBytes(mount.PathOf("a.mrc"), WritingProject.Mrc(2));
        AssertRefused(Busy, "a.mrc has been written since and is staged at this moment", "restore", mount.MountPoint, "a.mrc");
        AssertSilent(WritingProject.Emfs("flush", mount.MountPoint, "--wait"));
        Assert.Equal(0, WritingProject.Emfs("restore", mount.MountPoint, "a.mrc").ExitCode);
        Assert.Equal(["a.mrc"], _project.SourceNames);
        Assert.Equal(WritingProject.Mrc(2), File.ReadAllBytes(_project.PathOf("s", "a.mrc")));
        AssertRefused(Failure, "s/a.mrc exists already; it was left as it is", "restore", _project.Staging, "a.mrc");

        File.Delete(_project.PathOf("s", "a.mrc"));
        File.WriteAllText(_project.PathOf("s", "a.mrc.hdf"), "another program's");
        AssertRefused(Failure, "a.mrc.hdf was made of another file than the original that is kept, so both stay", "restore", _project.Staging, "a.mrc");
        Assert.Equal(["a.mrc.hdf"], _project.SourceNames);
    }

    private static void AssertSilent(ProgramResult result) => Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));

    private static void AssertRefused(int exitCode, string sentence, params string[] arguments)
    {
        ProgramResult result = WritingProject.Emfs(arguments);
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private string[] Archives() =>
        [.. Directory.GetFiles(_project.Source, "*.hdf", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_project.Source, path)).Where(path => !path.StartsWith(".emfs", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
