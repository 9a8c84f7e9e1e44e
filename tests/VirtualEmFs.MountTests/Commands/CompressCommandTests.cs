using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace VirtualEmFs.MountTests.Commands;

/// <summary><c>emfs compress</c>, its rules, and the ways back, as a shell runs them.</summary>
public sealed class CompressCommandTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    public CompressCommandTests() => Programs.Check(Programs.Python, "-c", """
        import numpy as np, struct, sys
        def mrc(name, samples, mode, ispg=0):
            nz, ny, nx = samples.shape
            h = struct.pack('<10i', nx, ny, nz, mode, 0, 0, 0, nx, ny, nz if ispg else 1) + struct.pack('<6f', nx, ny, nz, 90, 90, 90)
            h += struct.pack('<3i3f2i', 1, 2, 3, samples.min(), samples.max(), samples.mean(), ispg, 0)
            open(sys.argv[1] + '/' + name, 'wb').write((h.ljust(208, b'\0') + b'MAP \x44\x44\0\0').ljust(1024, b'\0') + samples.tobytes())
        noise = np.random.default_rng(1).standard_normal((3, 80, 90)).astype('<f4')
        mrc('micrograph.mrc', noise[:1], 2)
        mrc('volume.rec', noise, 2, 1)
        mrc('tilt.st', (noise * 100).astype('<i2'), 1)
        noise[0, 0, 0] = np.nan
        mrc('nan.mrc', noise[:1], 2)
        """, _folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Compress_ANamedFile_GivesItsStemAndKeepsTheTime()
    {
        string input = _folder.PathOf("micrograph.mrc");
        File.SetLastWriteTimeUtc(input, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        Programs.Check(Programs.Emfs, "compress", "--bits", "5", input);
        Assert.Equal(File.GetLastWriteTimeUtc(input), File.GetLastWriteTimeUtc(_folder.PathOf("micrograph.hdf")));
    }

    [Fact]
    public void Compress_AFolder_KeepsStructureAndFullNames()
    {
        Directory.CreateDirectory(_folder.PathOf("project", "day1"));
        File.Move(_folder.PathOf("tilt.st"), _folder.PathOf("project", "day1", "tilt.st"));
        File.Move(_folder.PathOf("volume.rec"), _folder.PathOf("project", "volume.rec"));
        Programs.Check(Programs.Emfs, "compress", "-r", _folder.PathOf("project"), "--outpath", _folder.PathOf("out"));
        Assert.True(File.Exists(_folder.PathOf("out", "day1", "tilt.st.hdf")));
        Assert.True(File.Exists(_folder.PathOf("out", "volume.rec.hdf")));
    }

    [Fact]
    public void Compress_AFolderWithOneThatCannotBeRead_NamesThatAndDoesTheRest()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become another user");
        Directory.CreateDirectory(_folder.PathOf("project", "other"));
        File.Move(_folder.PathOf("micrograph.mrc"), _folder.PathOf("project", "micrograph.mrc"));
        Programs.Check("chmod", "755", _folder.Path);
        Programs.Check("chmod", "700", _folder.PathOf("project", "other"));
        Programs.Check("chown", "nobody", _folder.PathOf("project"), _folder.PathOf("project", "micrograph.mrc"));
        ProgramResult result = Programs.Run(
            s_deadline, "setpriv", ["--reuid=nobody", "--regid=65534", "--clear-groups", Programs.Emfs, "compress", "-r", _folder.PathOf("project")], "/");
        Assert.Equal((1, $"emfs compress: {_folder.PathOf("project", "other")}: cannot be opened: Permission denied\n"), (result.ExitCode, result.Error));
        Assert.True(File.Exists(_folder.PathOf("project", "micrograph.mrc.hdf")));
    }

    /// <summary>Expected: minimum and maximum as stored, from h5py.</summary>
    [Theory]
    [InlineData("out.hdf:5:-1:1", 5, -1f, 1f)]
    [InlineData("out.hdf:8:-1:1", 8, -1f, 1f)]
    public void Compress_WithNumbersBehindTheOutput_TakesThemForLimits(string output, int bits, float low, float high)
    {
        Programs.Check(Programs.Emfs, "compress", _folder.PathOf("micrograph.mrc"), "-o", _folder.PathOf(output));
        float[] stored = Stored("out.hdf");
        float step = (high - low) / (1 << bits);
        Assert.Equal(bits, stored[2]);
        Assert.InRange(stored[0], low - (2 * step), low);
        Assert.InRange(stored[1], high, high + (2 * step));
    }

    [Theory]
    [InlineData("--sigrange", "2,3")]
    [InlineData("-o", "micrograph.hdf:10:2s:3s")]
    [InlineData("-o", "micrograph.hdf:10:-2s:3s")]
    public void Compress_WithSigmas_CountsThemFromTheMean(string option, string value)
    {
        Programs.Check(Programs.Emfs, "compress", _folder.PathOf("micrograph.mrc"), option, option == "-o" ? _folder.PathOf(value) : value);
        float[] stored = Stored("micrograph.hdf");
        Assert.InRange(stored[0], -2.1f, -1.9f);
        Assert.InRange(stored[1], 2.9f, 3.1f);
    }

    [Theory]
    [InlineData("there is no option '--bit'", "--bit", "5")]
    [InlineData("name the files to compress", "--bits", "5", null)]
    [InlineData("17 bits cannot be stored", "--bits", "17")]
    [InlineData("'five' is not a whole number", "--bits", "five")]
    [InlineData("is not two numbers", "--range", "1")]
    [InlineData("the range 2,1 is not a range", "--range", "2,1")]
    [InlineData("exclude each other", "--nooutliers", "--sigrange", "3,3")]
    [InlineData("'12' is not a whole number from 0 to 9", "--compresslevel", "12")]
    [InlineData("the file of rules /nowhere/rules.json cannot be read", "--rules", "/nowhere/rules.json")]
    public void Compress_WithAMistakeInTheCommandLine_SaysItInOneSentenceAndDoesNothing(string sentence, params string?[] options)
    {
        string[] files = options[^1] is null ? [] : [_folder.PathOf("micrograph.mrc")];
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["compress", .. options.OfType<string>(), .. files]);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.hdf"));
    }

    /// <summary>A bare -v before the files takes none of them; with a number it is e2compress's.</summary>
    [Theory]
    [InlineData("-v", null)]
    [InlineData("-v", "1")]
    public void Compress_Verbose_PrintsALineForEachFile(string option, string? level)
    {
        string[] options = level is null ? [option] : [option, level];
        string output = Programs.Check(Programs.Emfs, ["compress", .. options, _folder.PathOf("tilt.st"), "--outpath", _folder.PathOf("out")]);
        Assert.Contains("tilt.st -> ", output, StringComparison.Ordinal);
        Assert.Contains("1 file compressed", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Compress_WhereOneFileFails_DoesTheOthersAndNamesIt()
    {
        ProgramResult result = Programs.Run(
            s_deadline, Programs.Emfs, ["compress", "--bits", "5", _folder.PathOf("nan.mrc"), _folder.PathOf("missing.mrc"), _folder.PathOf("micrograph.mrc")]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("1 file compressed", result.Output, StringComparison.Ordinal);
        Assert.Contains("2 failed", result.Output, StringComparison.Ordinal);
        Assert.Contains($"{_folder.PathOf("nan.mrc")}: 1 of 7200 samples are NaN or infinite", result.Error, StringComparison.Ordinal);
        Assert.Contains($"{_folder.PathOf("missing.mrc")}: cannot be opened: No such file or directory", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.PathOf("nan.hdf")));
        Programs.Check(Programs.Emfs, "compress", "--bits", "5", "--nonfinite", "lossless", _folder.PathOf("nan.mrc"));
    }

    [Fact]
    public void Compress_TwoFilesWithOneArchive_IsRefusedBeforeWorkStarts()
    {
        File.Copy(_folder.PathOf("tilt.st"), _folder.PathOf("tilt.mrc"));
        ProgramResult result = Programs.Run(
            s_deadline, Programs.Emfs, ["compress", _folder.PathOf("micrograph.mrc"), _folder.PathOf("tilt.st"), _folder.PathOf("tilt.mrc")]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("would both become", result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.hdf"));
    }

    /// <summary>The archive takes the place of its original under another spelling of its path: deleting the original deletes both.</summary>
    [Fact]
    public void Compress_AnArchiveInItsOwnPlace_IsNeverDeletedAsTheOriginal()
    {
        Directory.CreateDirectory(_folder.PathOf("real"));
        Directory.CreateSymbolicLink(_folder.PathOf("link"), "real");
        string archive = _folder.PathOf("real", "volume.hdf");
        Programs.Check(Programs.Emfs, "compress", _folder.PathOf("volume.rec"), "-o", archive);
        Programs.Check(Programs.Emfs, "compress", archive, "--outpath", _folder.PathOf("link"), "--force", "--delete-originals");
        Programs.Check(Programs.Emfs, "verify", archive);
    }

    /// <summary>A rename would put a file in the place of /dev/null.</summary>
    [Theory]
    [InlineData("pipe", "is not a regular file, and is not replaced")]
    [InlineData("folder", "is a folder; name a file in it")]
    public void Compress_ToWhatIsNoFile_LeavesItWhoeverForcesIt(string target, string sentence)
    {
        Programs.Check("mkfifo", _folder.PathOf("pipe"));
        Directory.CreateDirectory(_folder.PathOf("folder"));
        ProgramResult result = Programs.Run(
            s_deadline, Programs.Emfs, ["compress", _folder.PathOf("micrograph.mrc"), "--force", "-o", _folder.PathOf(target)]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"{_folder.PathOf(target)}: {sentence}", result.Error, StringComparison.Ordinal);
        Programs.Check("test", "-p", _folder.PathOf("pipe"));
    }

    [Fact]
    public void Compress_WhereTheArchiveExists_LeavesItUnlessForced()
    {
        string input = _folder.PathOf("micrograph.mrc"), output = _folder.PathOf("micrograph.hdf");
        File.WriteAllText(output, "mine");
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["compress", input]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("exists already", result.Error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(output));
        Programs.Check(Programs.Emfs, "compress", "--force", input);
        Programs.Check(Programs.Emfs, "verify", output);
    }

    [Fact]
    public void Compress_OnlyUnfinished_SkipsWhatIsDone()
    {
        Programs.Check(Programs.Emfs, "compress", _folder.PathOf("tilt.st"));
        File.Delete(_folder.PathOf("nan.mrc"));
        using var report = JsonDocument.Parse(Programs.Check(
            Programs.Emfs, "compress", "--only-unfinished", "--json", _folder.PathOf("tilt.st"), _folder.PathOf("micrograph.mrc")));
        Assert.Equal(["finished", "compressed"], report.RootElement.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("status").GetString()));
        Assert.Equal((1, 1, 0), (Total("compressed"), Total("skipped"), Total("failed")));
        Assert.Equal(10, report.RootElement.GetProperty("files")[1].GetProperty("report").GetProperty("bits").GetProperty("most").GetInt32());

        int Total(string name) => report.RootElement.GetProperty("totals").GetProperty(name).GetInt32();
    }

    [Fact]
    public void Compress_DeleteOriginals_DeletesThoseThatSucceeded()
    {
        Programs.Run(s_deadline, Programs.Emfs, ["compress", "--bits", "8", "--delete-originals", _folder.PathOf("nan.mrc"), _folder.PathOf("volume.rec")]);
        Assert.True(File.Exists(_folder.PathOf("nan.mrc")));
        Assert.False(File.Exists(_folder.PathOf("volume.rec")));
        Programs.Check(Programs.Emfs, "verify", _folder.PathOf("volume.hdf"));
    }

    [Fact]
    public void Compress_DryRun_TellsAndWritesNothing()
    {
        string[] before = Directory.GetFileSystemEntries(_folder.Path);
        string output = Programs.Check(Programs.Emfs, "compress", "--dry-run", _folder.PathOf("volume.rec"), "--outpath", _folder.PathOf("new"));
        Assert.Matches("12 bits, .* about .*step .* sigma, rms error", output);
        Assert.Equal(before, Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("volume", 1)]
    [InlineData("sections", 3)]
    public void Compress_As_DecidesTheThirdAxis(string axis, int images)
    {
        Programs.Check(Programs.Emfs, "compress", "--as", axis, _folder.PathOf("volume.rec"));
        Assert.Equal($"{images}\n", Programs.Check(
            Programs.Python, "-c", "import h5py, sys; print(len(h5py.File(sys.argv[1])['MDF/images']))", _folder.PathOf("volume.hdf")));
    }

    [Fact]
    public void Compress_Interrupted_LeavesNothing()
    {
        // Images of zeros, of which the disk has none: an hour's work, so that it is not done when a busy machine comes to interrupt it.
        string input = _folder.PathOf("large.mrcs");
        Programs.Check(Programs.Python, "-c", """
            import struct, sys
            h = struct.pack('<10i', 4096, 4096, 20000, 2, 0, 0, 0, 4096, 4096, 1) + struct.pack('<6f', 1, 1, 1, 90, 90, 90) + struct.pack('<3i3f2i', 1, 2, 3, 0, 1, 0, 0, 0)
            with open(sys.argv[1], 'wb') as f:
                f.write((h.ljust(208, b'\0') + b'MAP \x44\x44\0\0').ljust(1024, b'\0'))
                f.truncate(1024 + 20000 * 4 * 4096 * 4096)
            """, input);
        Directory.CreateDirectory(_folder.PathOf("out"));
        var start = new ProcessStartInfo(Programs.Emfs, ["compress", input, "--outpath", _folder.PathOf("out")]) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Assert.True(SpinWait.SpinUntil(() => Directory.GetFiles(_folder.PathOf("out"), ".emfs-tmp-*").Length > 0, s_deadline), "no temporary file appeared");
        Programs.Check("kill", "-s", "INT", $"{process.Id}");
        Assert.True(process.WaitForExit(s_deadline));
        Assert.Equal((130, "emfs: interrupted; no partial archive is left, and originals are as they were.\n"), (process.ExitCode, process.StandardError.ReadToEnd()));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.PathOf("out")));
    }

    /// <summary>What was exact must give the sum itself; what was truncated was made from the file with that sum.</summary>
    [Fact]
    public void Verify_WithTheSumsOfTheOriginals_FindsThemAgain()
    {
        string sums = Sums();
        Programs.Check(Programs.Emfs, "compress", "--delete-originals", "-r", _folder.Path);
        string output = Programs.Check(Programs.Emfs, "verify", "--manifest", sums);
        Assert.Contains("tilt.st.hdf: ok, tilt.st byte for byte", output, StringComparison.Ordinal);
        Assert.Contains("nan.mrc.hdf: ok, nan.mrc byte for byte", output, StringComparison.Ordinal);
        Assert.Contains("volume.rec.hdf: ok, made from volume.rec", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_WithSumsThatDiffer_SaysWhichArchive()
    {
        string sums = Sums();
        string[] lines = File.ReadAllLines(sums);
        File.WriteAllLines(sums, lines.Select(line => line.EndsWith("tilt.st", StringComparison.Ordinal) ? new string('0', 64) + line[64..] : line));
        Programs.Check(Programs.Emfs, "compress", _folder.PathOf("tilt.st"), _folder.PathOf("micrograph.mrc"), _folder.PathOf("nan.mrc"));
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["verify", _folder.PathOf("tilt.hdf"), _folder.PathOf("micrograph.hdf"), "--manifest", sums]);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal($"{_folder.PathOf("micrograph.hdf")}: ok, made from micrograph.mrc\n", result.Output);
        Assert.Contains($"{_folder.PathOf("tilt.hdf")}: it was made from another file than the tilt.st of {sums}", result.Error, StringComparison.Ordinal);
        Assert.Contains($"{sums} lists volume.rec, of which there is no archive here", result.Error, StringComparison.Ordinal);
    }

    /// <summary>A chunk that is stored without a filter has no checksum of zlib's; the archive's own finds the flipped bit.</summary>
    [Fact]
    public void Verify_AFlippedBitOfAnUnfilteredChunk_IsFound()
    {
        string archive = _folder.PathOf("micrograph.hdf");
        Programs.Check(Programs.Emfs, "compress", "--bits", "-1", _folder.PathOf("micrograph.mrc"));
        byte[] bytes = File.ReadAllBytes(archive);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(archive, bytes);
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["verify", archive]);
        Assert.Equal((1, $"{archive}: image 0: its samples are not those that were stored: their checksum differs\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public void Rules_ShowAndTest_PrintWhatCompressDoes()
    {
        string rules = _folder.PathOf("rules.json");
        File.WriteAllText(rules, """{ "profile": "paper", "rules": [ { "glob": "*.st", "bits": 8 }, /* as it is */ { "glob": "nan*", "keepRaw": true } ] }""");
        Assert.Contains("volumes *: 12 bits\n*: 10 bits\n", Programs.Check(Programs.Emfs, "rules", "show"), StringComparison.Ordinal);
        Assert.StartsWith("*.st: 8 bits\nnan*: keep raw\n", Programs.Check(Programs.Emfs, "rules", "show", "--rules", rules), StringComparison.Ordinal);
        Assert.Equal(
            "volume.rec: volumes *.rec: 8 bits\ntilt.st: *.st: 8 bits\nnan.mrc: nan*: keep raw\n",
            Programs.CheckIn(_folder.Path, Programs.Emfs, "rules", "test", "--rules", rules, "volume.rec", "tilt.st", "nan.mrc"));
        string output = Programs.Check(Programs.Emfs, "compress", "-v", "--rules", rules, _folder.PathOf("nan.mrc"));
        Assert.Contains("stays as it is by rule (nan*: keep raw)", output, StringComparison.Ordinal);
    }

    private string Sums()
    {
        string sums = _folder.PathOf("SHA256SUMS");
        File.WriteAllText(sums, Programs.CheckIn(_folder.Path, "sha256sum", "micrograph.mrc", "nan.mrc", "tilt.st", "volume.rec"));
        return sums;
    }

    /// <summary>rendermin, rendermax and renderbits of the first image.</summary>
    private float[] Stored(string name) => JsonSerializer.Deserialize<float[]>(Programs.Check(Programs.Python, "-c", """
        import h5py, sys
        a = h5py.File(sys.argv[1])['MDF/images/0'].attrs
        print([float(a['EMAN.stored_' + k]) for k in ('rendermin', 'rendermax', 'renderbits')])
        """, _folder.PathOf(name)))!;
}
