using System.Text.Json;
using VirtualEmFs.MountTests.Golden;
using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary>What each option of <c>emfs mount</c> changes, seen from outside.</summary>
public sealed class MountOptionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public MountOptionTests()
    {
        Directory.CreateDirectory(Source);
        File.Copy(Eman2Case.Named("row4_float_span0_5bit").ArchivePath, _folder.PathOf("source", "image.hdf"));
    }

    private string Source => _folder.PathOf("source");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("image.mrc")]
    [InlineData("image.hdf image.mrc", "--show-archives")]
    public void ShowArchives_ListsThemToo(string names, params string[] options)
    {
        using MountedProcess mount = MountedProcess.Start(Source, options);
        Assert.Equal(names, string.Join(' ', Directory.GetFiles(mount.MountPoint).Select(Path.GetFileName).Order(StringComparer.Ordinal)));
    }

    /// <summary>The first bad image starts within a page: no way of reading may show that page's rest as zeros.</summary>
    [Fact]
    public void Damaged_Serve_EndsReadsAtTheBadImageAndRefusesMappings()
    {
        File.Copy(Eman2Case.Named("stack_missing_groups_5bit").ArchivePath, _folder.PathOf("source", "stack.hdf"));
        string[] arguments =
        [
            "-c", """
                import errno, mmap, os, sys
                try:
                    file = os.open(sys.argv[1], os.O_RDONLY)
                except OSError as e:
                    sys.exit(print('open', errno.errorcode[e.errno]))
                length, frame = os.fstat(file).st_size, 4 * 64 * 48
                print((length - 1024) / frame)
                print('whole', len(os.pread(file, length, 0)) - 1024 - 2 * frame)
                for offset in (1024 + 2 * frame, 1024 + 2 * frame + 5, 1024 + 3 * frame - 1):
                    try:
                        print('bad', len(os.pread(file, 100, offset)))
                    except OSError as e:
                        print('bad', errno.errorcode[e.errno])
                try:
                    mmap.mmap(file, length, access=mmap.ACCESS_READ)
                except OSError as e:
                    print('shared', errno.errorcode[e.errno])
                private = mmap.mmap(file, length, access=mmap.ACCESS_COPY)
                print('private', private[:4096] == os.pread(file, 4096, 0), flush=True)
                print(private[1024 + 2 * frame:1024 + 2 * frame + 100])
                """,
            "stack.mrcs",
        ];
        TimeSpan deadline = TimeSpan.FromMinutes(1);
        using (MountedProcess refusing = MountedProcess.Start(Source))
        {
            Assert.Equal("open EIO\n", Programs.Run(deadline, Programs.Python, arguments, refusing.MountPoint).Output);
        }

        using MountedProcess serving = MountedProcess.Start(Source, "--damaged", "serve");
        ProgramResult result = Programs.Run(deadline, Programs.Python, arguments, serving.MountPoint);
        Assert.Equal("7.0\nwhole 0\nbad EIO\nbad EIO\nbad EIO\nshared ENODEV\nprivate True\n", result.Output);
        Assert.Equal(128 + 7, result.ExitCode); // SIGBUS
    }

    /// <summary>mrcfile-validate compares the header's statistics with the samples; EMAN2's own are those before truncation.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true, "--strict-statistics")]
    public void StrictStatistics_MakesHeadersThatMrcfileValidates(bool isValid, params string[] options)
    {
        using MountedProcess mount = MountedProcess.Start(Source, options);
        ProgramResult result = Programs.Run(TimeSpan.FromMinutes(1), "mrcfile-validate", [mount.PathOf("image.mrc")]);
        Assert.Equal(isValid, result.ExitCode == 0);
        Assert.Equal(!isValid, result.Output.Contains("statistics", StringComparison.Ordinal));
    }

    /// <summary>What the kernel may keep, it does not ask for again.</summary>
    [Theory]
    [InlineData(true, "--attr-timeout", "0")]
    [InlineData(false, "--attr-timeout", "1h")]
    [InlineData(false, "--immutable")]
    public void AttributeTimeout_DecidesHowOftenTheKernelAsks(bool asksAgain, params string[] options)
    {
        using MountedProcess mount = MountedProcess.Start(Source, options);
        Programs.Check("stat", mount.PathOf("image.mrc"));
        if (asksAgain)
        {
            Assert.InRange(QuestionsOfFiveLooks(), 5, long.MaxValue);
        }
        else
        {
            // A kernel that reclaims memory may drop a name in between, and asks for it once more.
            Assert.Contains(Enumerable.Range(0, 20).Select(_ => QuestionsOfFiveLooks()), static count => count == 0);
        }

        long QuestionsOfFiveLooks()
        {
            long before = Questions();
            for (int i = 0; i < 5; i++)
            {
                Programs.Check("stat", mount.PathOf("image.mrc"));
            }

            return Questions() - before;
        }

        long Questions()
        {
            JsonElement requests = mount.Status().GetProperty("requests");
            return new[] { "lookup", "getattr" }.Sum(name => requests.TryGetProperty(name, out JsonElement count) ? count.GetInt64() : 0);
        }
    }

    [Theory]
    [InlineData("default_permissions")]
    [InlineData("allow_other", "--allow-other")]
    public void AllowOther_IsToldToTheKernel(string expected, params string[] options)
    {
        using MountedProcess mount = MountedProcess.Start(Source, options);
        string line = File.ReadLines("/proc/self/mounts").Single(each => each.Contains($" {mount.MountPoint} ", StringComparison.Ordinal));
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.Equal(options.Length > 0, line.Contains("allow_other", StringComparison.Ordinal));
        Assert.Contains("ro,", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("image.mrc")]
    [InlineData("image.mrc linked.mrc", "--follow-symlinks")]
    public void FollowSymlinks_OpensArchivesOutsideTheSource(string names, params string[] options)
    {
        File.Copy(_folder.PathOf("source", "image.hdf"), _folder.PathOf("elsewhere.hdf"));
        File.CreateSymbolicLink(_folder.PathOf("source", "linked.hdf"), "../elsewhere.hdf");
        using MountedProcess mount = MountedProcess.Start(Source, options);
        string[] listed = [.. Directory.GetFiles(mount.MountPoint, "*.mrc").Order(StringComparer.Ordinal)];
        Assert.Equal(names, string.Join(' ', listed.Select(Path.GetFileName)));
        Assert.All(listed, path => Assert.Equal(1024 + (4 * 100 * 72), File.ReadAllBytes(path).Length));
    }

    [Theory]
    [InlineData("signed", -56f)]
    [InlineData("unsigned", 200f)]
    public void Mode0_DecidesTheSignOfBytes(string sign, float expected)
    {
        Programs.Check(Programs.Python, "-c", """
            import struct, sys
            header = bytearray(1024)
            struct.pack_into('<10i6f3i', header, 0, 64, 64, 1, 0, 0, 0, 0, 64, 64, 1, 64, 64, 1, 90, 90, 90, 1, 2, 3)
            header[208:216] = b'MAP DD\0\0'
            open(sys.argv[1], 'wb').write(header + bytes([200]) * 4096)
            """, _folder.PathOf("source", "bytes.mrc"));
        using MountedProcess mount = MountedProcess.Start(Source, "--float32", "--mode0", sign);
        byte[] bytes = File.ReadAllBytes(mount.PathOf("bytes.mrc"));
        Assert.Equal((1024 + (4 * 4096), 2), (bytes.Length, BitConverter.ToInt32(bytes, 12)));
        Assert.Equal(expected, BitConverter.ToSingle(bytes, 1024));
    }

    [Fact]
    public void CacheSize_OfNothing_KeepsNothing()
    {
        using MountedProcess mount = MountedProcess.Start(Source, "--cache-size", "0");
        for (int i = 0; i < 3; i++)
        {
            Programs.Check("dd", $"if={mount.PathOf("image.mrc")}", "of=/dev/null", "bs=4096", "iflag=direct", "status=none");
        }

        JsonElement tree = mount.WaitForRest();
        Assert.Equal((0, 0, 0), (tree.GetProperty("cacheBudgetBytes").GetInt64(), tree.GetProperty("hits").GetInt64(), tree.GetProperty("cacheBytes").GetInt64()));
        Assert.Equal(tree.GetProperty("misses").GetInt64(), tree.GetProperty("decodes").GetInt64());
        Assert.True(tree.GetProperty("decodes").GetInt64() >= 3 * ((1024 + (4 * 100 * 72)) / 4096));
    }

    /// <summary>A block that fits into neither budget cannot be decoded, and says so; memory comes in pieces of 4 KiB.</summary>
    [Theory]
    [InlineData("1KiB")]
    [InlineData("4000")]
    public void DecodeMemory_TooSmallForABlock_FailsTheReadAndNoMore(string memory)
    {
        using MountedProcess mount = MountedProcess.Start(Source, "--cache-size", "0", "--decode-memory", memory);
        ProgramResult result = Programs.Run(TimeSpan.FromMinutes(1), "cat", [mount.PathOf("image.mrc")]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Cannot allocate memory", result.Error, StringComparison.Ordinal);
        Assert.Equal(1, Programs.Check("ls", mount.MountPoint).Split("image.mrc").Length - 1);
        mount.WaitForRest();
    }

    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public void Threads_AnyNumber_ReadsTheSameBytes(string threads)
    {
        using MountedProcess mount = MountedProcess.Start(Source, "--threads", threads);
        Programs.Check(Programs.Emfs, "extract", _folder.PathOf("source", "image.hdf"), "-o", _folder.PathOf("image.mrc"));
        Programs.Check("cmp", mount.PathOf("image.mrc"), _folder.PathOf("image.mrc"));
    }

    [Theory]
    [InlineData(true, "warning")]
    [InlineData(false, "none")]
    public void LogLevel_DecidesWhatIsLogged(bool isLogged, string level)
    {
        File.Copy(Eman2Case.Named("stack_missing_groups_5bit").ArchivePath, _folder.PathOf("source", "stack.hdf"));
        using MountedProcess mount = MountedProcess.Start(Source, "--log-level", level);
        Assert.ThrowsAny<IOException>(() => File.ReadAllBytes(mount.PathOf("stack.mrcs")));
        JsonElement error = Assert.Single(mount.Status().GetProperty("tree").GetProperty("errors").EnumerateArray());
        Assert.EndsWith("stack.hdf", error.GetProperty("path").GetString(), StringComparison.Ordinal);
        mount.Signal("TERM");
        Assert.Equal(0, mount.WaitForExit(TimeSpan.FromMinutes(1)));
        Assert.Equal(isLogged, mount.Log.Contains("stack.hdf", StringComparison.Ordinal));
    }

    [Fact]
    public void ExtendedAttributes_OfAVirtualFile_TellItsArchive()
    {
        File.Copy(Eman2Case.Named("stack_missing_groups_5bit").ArchivePath, _folder.PathOf("source", "stack.hdf"));
        using MountedProcess mount = MountedProcess.Start(Source);
        using var info = JsonDocument.Parse(Programs.Check(Programs.Emfs, "info", "--json", _folder.PathOf("source", "image.hdf")));
        JsonElement report = info.RootElement[0];

        Assert.Equal(_folder.PathOf("source", "image.hdf"), Attribute(mount, "image.mrc", "source"));
        Assert.Equal("5", Attribute(mount, "image.mrc", "bits"));
        Assert.Equal("deflate", Attribute(mount, "image.mrc", "codec"));
        Assert.Equal("archive", Attribute(mount, "image.mrc", "state"));
        Assert.Equal(report.GetProperty("renderMin").GetSingle(), float.Parse(Attribute(mount, "image.mrc", "rendermin")));
        Assert.Equal(report.GetProperty("renderMax").GetSingle(), float.Parse(Attribute(mount, "image.mrc", "rendermax")));
        Assert.Equal("damaged", Attribute(mount, "stack.mrcs", "state"));
        Assert.Contains("2", Attribute(mount, "stack.mrcs", "error"), StringComparison.Ordinal);
        Assert.Equal("", Programs.Check("getfattr", "-m", "-", mount.PathOf("image.mrc"))); // copies take none along
    }

    private static string Attribute(MountedProcess mount, string name, string attribute) =>
        Programs.Check("getfattr", "--only-values", "--absolute-names", "-n", $"user.emfs.{attribute}", mount.PathOf(name));
}
