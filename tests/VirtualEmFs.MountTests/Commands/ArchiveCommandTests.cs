using System.Text.Json;
using VirtualEmFs.MountTests.Golden;
using Xunit;

namespace VirtualEmFs.MountTests.Commands;

/// <summary>The commands that need no mount, as a shell runs them: what they print, and their exit codes.</summary>
public sealed class ArchiveCommandTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Version_PrintsTheLibrariesThatWereFound()
    {
        string output = Programs.Check(Programs.Emfs, "--version");
        Assert.Matches(@"\Aemfs \d+\.\d+\.\d+\n", output);
        Assert.Matches(@"fuse3 +3\.\d+\.\d+ \(libfuse3\.so", output);
        Assert.Matches(@"hdf5 +\d+\.\d+\.\d+ \(libhdf5", output);
        Assert.Matches(@"deflate +found \(libdeflate\.so", output);
    }

    [Fact]
    public void Info_OfAnImage_StatesWhatTheManifestStates()
    {
        string archive = Golden("row4_float_span0_12bit");
        using var reports = JsonDocument.Parse(Programs.Check(Programs.Emfs, "info", "--json", archive));
        JsonElement report = Assert.Single(reports.RootElement.EnumerateArray());
        Assert.Equal(("image", "archive.mrc", 100, 72, 1), (
            report.GetProperty("content").GetString(), report.GetProperty("appearsAs").GetString(),
            report.GetProperty("nx").GetInt32(), report.GetProperty("ny").GetInt32(), report.GetProperty("nz").GetInt32()));
        Assert.Equal(("uint16", 12, "deflate"), (
            report.GetProperty("sampleType").GetString(), report.GetProperty("bits").GetInt32(), report.GetProperty("codec").GetString()));
        Assert.Equal(new FileInfo(archive).Length, report.GetProperty("storedLengthBytes").GetInt64());
        Assert.Equal(1024 + (4 * 100 * 72), report.GetProperty("virtualLengthBytes").GetInt64());
        Assert.True(report.GetProperty("renderMin").GetSingle() < 0 && report.GetProperty("renderMax").GetSingle() > 0);
        Assert.Empty(report.GetProperty("damage").EnumerateArray());
    }

    [Fact]
    public void Info_OfWhatIsNoArchive_SaysSoInOneSentence()
    {
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["info", _folder.PathOf("missing.hdf")]);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal($"{_folder.PathOf("missing.hdf")}: there is no such file\n", result.Error);
    }

    [Fact]
    public void Extract_ToWhatIsNoFile_LeavesItWhoeverForcesIt()
    {
        string pipe = _folder.PathOf("pipe");
        Programs.Check("mkfifo", pipe);
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["extract", "--force", Golden("row4_float_span0_5bit"), "-o", pipe]);
        Assert.Equal((1, $"emfs extract: {pipe}: is not a regular file, and is not replaced\n"), (result.ExitCode, result.Error));
        Programs.Check("test", "-p", pipe);
    }

    /// <summary>With --float32 a plain MRC file appears under its own name.</summary>
    [Fact]
    public void Extract_InThePlaceOfTheArchive_IsRefused()
    {
        string archive = _folder.PathOf("image.hdf");
        File.Copy(Golden("row4_float_span0_5bit"), archive);
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["extract", "--force", archive, "-o", archive]);
        Assert.Equal((1, $"emfs extract: {archive}: this is the archive itself; name another place with -o\n"), (result.ExitCode, result.Error));
        Programs.Check("cmp", Golden("row4_float_span0_5bit"), archive);
    }

    [Fact]
    public void Verify_OfSoundArchives_Succeeds()
    {
        string[] archives = [Golden("row4_float_span0_5bit"), Golden("stack_mixed_sizes_and_bits"), Golden("volume_odd_5bit")];
        Assert.Equal(archives.Select(path => $"{path}: ok").Order(), Programs.Check(Programs.Emfs, ["verify", .. archives]).TrimEnd('\n').Split('\n').Order());
    }

    /// <summary>The chunk that is damaged is the fourth image's, and the others are not to be blamed.</summary>
    [Fact]
    public void Verify_OfADamagedChunk_NamesTheImageAndGoesOnWithTheOthers()
    {
        string damaged = _folder.PathOf("damaged.hdf"), sound = Golden("row4_float_span0_5bit");
        File.Copy(Golden("stack_2d_mixed_kinds_8bit"), damaged);
        long chunk = long.Parse(Programs.Check(Programs.Python, "-c", """
            import h5py, sys
            print(h5py.File(sys.argv[1])['/MDF/images/3/image'].id.get_chunk_info(0).byte_offset)
            """, damaged));
        using (FileStream file = File.OpenWrite(damaged))
        {
            file.Position = chunk;
            file.Write([0xFF, 0xFF, 0xFF, 0xFF]);
        }

        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["verify", damaged, sound]);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"{damaged}: image 3", result.Error, StringComparison.Ordinal);
        Assert.Equal($"{sound}: ok\n", result.Output);
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("extract", "-o", "out/")]
    public void Command_WhoseResultCannotBePrinted_Fails(params string[] arguments)
    {
        ProgramResult result = Programs.Run(
            s_deadline, "sh", ["-c", "exec \"$0\" \"$@\" > /dev/full", Programs.Emfs, .. arguments, Golden("row4_float_span0_5bit")], _folder.Path);
        Assert.Equal((1, "emfs: standard output cannot be written: No space left on device\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public void Extract_WithoutOutput_WritesBesideTheArchive()
    {
        string archive = _folder.PathOf("volume.hdf");
        File.Copy(Golden("volume_odd_5bit"), archive);
        Programs.Check(Programs.Emfs, "extract", archive);
        Assert.Equal([archive, _folder.PathOf("volume.mrc")], Directory.GetFiles(_folder.Path).Order());
    }

    [Fact]
    public void Extract_OfAFolderOfImages_WritesEachUnderItsNumber()
    {
        string archive = _folder.PathOf("images.hdf");
        File.Copy(Golden("stack_mixed_sizes_and_bits"), archive);
        Programs.Check(Programs.Emfs, "extract", archive);
        Assert.Equal(
            ["000000.mrc", "000001.mrc", "000002.mrc", "000003.mrc"], Directory.GetFiles(_folder.PathOf("images")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Extract_WhenTheFileExists_LeavesItUnlessForced()
    {
        string archive = Golden("row4_float_span0_5bit"), target = _folder.PathOf("image.mrc");
        File.WriteAllText(target, "mine");
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["extract", archive, "-o", target]);
        Assert.Equal((1, $"emfs extract: {target}: the file exists; --force replaces it.\n"), (result.ExitCode, result.Error));
        Assert.Equal("mine", File.ReadAllText(target));
        Programs.Check(Programs.Emfs, "extract", "--force", archive, "-o", target);
        Assert.Equal(1024 + (4 * 100 * 72), new FileInfo(target).Length);
    }

    [Fact]
    public void Extract_OfTwoArchivesWithOneName_RefusesTheSecond()
    {
        ProgramResult result = Programs.Run(
            s_deadline, Programs.Emfs, ["extract", Golden("row4_float_span0_5bit"), Golden("row4_float_span0_12bit"), "-o", _folder.Path]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("another archive of this command", result.Error, StringComparison.Ordinal);
        Assert.Equal(1024 + (4 * 100 * 72), new FileInfo(_folder.PathOf("archive.mrc")).Length);
    }

    /// <summary>The README's first command; it compares every sample itself. It starts this program again, as it was started.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Demo_RunsAndLeavesNothing(bool isStartedByDotnet)
    {
        ProgramResult result = isStartedByDotnet
            ? Programs.Run(TimeSpan.FromMinutes(3), "dotnet", [Programs.Emfs + ".dll", "demo"])
            : Programs.Run(TimeSpan.FromMinutes(3), Programs.Emfs, ["demo"]);
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Contains("micrograph.mrc", result.Output, StringComparison.Ordinal);
        Assert.Matches(@"0\.500? of a step|0\.4\d+ of a step", result.Output);
        string folder = result.Output.Split('\n')[0]["A sample project in ".Length..].TrimEnd(':');
        Assert.False(Directory.Exists(folder));
    }

    private static string Golden(string name) => Eman2Case.Named(name).ArchivePath;
}
