using System.Text.Json;
using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>A folder mounted for writing, and a plain one: the same programs write to both, and what they wrote must be the same.</summary>
internal sealed class WrittenTwice : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(3);

    private readonly TemporaryFolder _folder = new();
    private readonly string[] _options;
    private MountedProcess _mount;

    /// <param name="delay">How long closed files are quiet before they are archived; "1h" is until <see cref="Flush"/>.</param>
    public WrittenTwice(string delay, params string[] options)
    {
        foreach (string name in new[] { "source", "mount", "plain" })
        {
            Directory.CreateDirectory(_folder.PathOf(name));
        }

        _options = ["--staging", _folder.PathOf("staging"), "--write-delay", delay, .. options];
        _mount = Mount();
    }

    public string Source => _folder.PathOf("source");

    public string Mounted => _folder.PathOf("mount");

    public string Plain => _folder.PathOf("plain");

    public MountedProcess Process => _mount;

    /// <summary>The totals of the mount that runs now: how often something was archived, or left as it was.</summary>
    public JsonElement Totals => Writing.GetProperty("totals");

    public JsonElement Writing => _mount.Writing();

    public long Archived => Totals.GetProperty("archivedFiles").GetInt64();

    /// <summary>Path of a file outside of both.</summary>
    public string PathOf(params string[] parts) => _folder.PathOf(parts);

    /// <summary>Lets other users reach both folders.</summary>
    public void LetOthersIn() => Programs.Check("chmod", "a+rx", _folder.Path);

    /// <summary>Does the same in both folders.</summary>
    public void Both(Action<string> work)
    {
        work(Plain);
        work(Mounted);
    }

    /// <summary>Runs a program in both folders.</summary>
    public void Run(string program, params string[] arguments) => Both(folder => Programs.CheckIn(folder, program, arguments));

    /// <summary>Runs lines of Python in both folders: h5py, mrcfile, numpy and os are imported.</summary>
    public void Python(string script) => Run(Programs.Python, "-c", $"import os, h5py, mrcfile, numpy\n{script}");

    /// <summary>Archives everything.</summary>
    public void Flush()
    {
        _mount.WaitForClosing();
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["flush", Mounted, "--wait"]);
        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        JsonElement writing = Writing;
        Assert.Equal((0, 0, 0), (Count(writing, "stagedFiles"), Count(writing, "parkedFiles"), Count(writing, "failingFiles")));
    }

    /// <summary>Compares both folders as they are now.</summary>
    /// <param name="options">Of compare_written.py.</param>
    public void AssertSame(params string[] options)
    {
        string script = Path.Combine(GoldenData.RepositoryRoot, "tests/python/compare_written.py");
        string count = Programs.Check(Programs.Python, [script, Plain, Mounted, Source, .. options]);
        Assert.True(int.Parse(count) > 0);
    }

    /// <summary>
    /// Compares both folders as they are now; then, to the bytes and the times that the mount shows now, what it shows once everything is
    /// archived, and after it was mounted anew.
    /// </summary>
    /// <param name="options">Of compare_written.py, for the first comparison.</param>
    /// <param name="raw">Files with MRC names that are none.</param>
    /// <returns>How many files the mount has archived until then.</returns>
    public long AssertSameToTheEnd(string[] options, params string[] raw)
    {
        AssertSame(options);
        Programs.Check("cp", "-a", Mounted + "/.", Plain);
        Flush();
        long archived = Archived;
        AssertSame(["--same-times", "--all-archived", .. raw]);
        Remount();
        AssertSame(["--same-times", "--all-archived", .. raw]);
        Assert.Equal(0, Archived);
        return archived;
    }

    public void Remount()
    {
        Unmount();
        _mount = Mount();
    }

    public void Unmount()
    {
        _mount.WaitForClosing();
        Programs.Check(Programs.Emfs, "unmount", Mounted);
        _mount.WaitForExit(s_deadline);
        _mount.Dispose();
    }

    public void Dispose()
    {
        _mount.Dispose();
        _folder.Dispose();
    }

    private static int Count(JsonElement writing, string name) => writing.GetProperty(name).GetInt32();

    private MountedProcess Mount() => MountedProcess.StartOn(Mounted, Source, _options);
}
