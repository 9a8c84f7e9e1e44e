using Xunit;

namespace VirtualEmFs.MountTests.Commands;

/// <summary>What users meet who mistype, or name what is not there: one sentence that says what and where, and an exit code of its own.</summary>
public sealed class CommandLineTests : IDisposable
{
    private const int Failure = 1, Usage = 2, SourceUnusable = 10, MountPointUnusable = 11, NotMounted = 17;

    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    public CommandLineTests()
    {
        Directory.CreateDirectory(_folder.PathOf("folder"));
        File.WriteAllText(_folder.PathOf("garbage.hdf"), new string('x', 5000));
        File.WriteAllText(_folder.PathOf("empty.hdf"), "");
    }

    public static TheoryData<string> Commands =>
        ["mount", "unmount", "status", "flush", "retry", "recover", "restore", "compress", "rules", "rules show", "rules test", "info", "extract", "verify", "demo"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("nonsense", Usage, "'nonsense'")]
    [InlineData("--nonsense", Usage, "'--nonsense'")]
    [InlineData("rules", Usage, "Required command was not provided; 'emfs rules --help'")]
    [InlineData("rules show --profile nonsense", Usage, "'emfs rules show --help' shows")]
    [InlineData("rules show --rules missing", Usage, "the file of rules missing cannot be read: ")]
    [InlineData("rules show --rules folder", Usage, "the file of rules folder is a folder")]
    [InlineData("verify --manifest folder", Usage, "the list of checksums folder is a folder")]
    [InlineData("verify --manifest missing", Usage, "the list of checksums missing cannot be read: ")]
    [InlineData("mount  folder", Usage, "one of the arguments is empty")]
    [InlineData("mount folder ", Usage, "one of the arguments is empty")]
    [InlineData("mount /usr folder --staging ", Usage, "one of the arguments is empty")]
    [InlineData("info", Usage, "Required argument missing")]
    [InlineData("info --jsn folder", Usage, "there is no option '--jsn'")]
    [InlineData("extract --forse garbage.hdf", Usage, "there is no option '--forse'")]
    [InlineData("verify -x garbage.hdf", Usage, "there is no option '-x'")]
    [InlineData("mount --backgroud folder other", Usage, "'--backgroud'")]
    [InlineData("mount /usr folder --threads many", Usage, "'many' is not a whole number from 1 to 1024 (--threads)")]
    [InlineData("mount /usr folder --staging x --write-workers 0", Usage, "'0' is not a whole number from 1 to 1024 (--write-workers)")]
    [InlineData("info --eer-grouping x garbage.hdf", Usage, "'x' is not a whole number from 1 to 65535 (--eer-grouping)")]
    [InlineData("extract --eer-upsampling 3 garbage.hdf", Usage, "'3' is not a whole number from 1 to 2 (--eer-upsampling)")]
    [InlineData("mount /usr folder --staging", Usage, "Required argument missing for option: '--staging'")]
    [InlineData("mount /usr folder --staging a --staging b", Usage, "'--staging' expects a single argument")]
    [InlineData("verify --manifest", Usage, "Required argument missing for option: '--manifest'")]
    [InlineData("mount", Usage, "Required argument missing")]
    [InlineData("status", Usage, "Required argument missing")]
    [InlineData("mount missing folder", SourceUnusable, "missing cannot be read: No such file or directory")]
    [InlineData("mount garbage.hdf folder", SourceUnusable, "garbage.hdf cannot be read: Not a directory")]
    [InlineData("mount /usr garbage.hdf", MountPointUnusable, "garbage.hdf is not a folder")]
    [InlineData("mount /usr missing", MountPointUnusable, "missing does not exist")]
    [InlineData("status missing", NotMounted, "missing is not a mount of emfs")]
    [InlineData("status folder", NotMounted, "folder is not a mount of emfs")]
    [InlineData("status garbage.hdf", NotMounted, "garbage.hdf is not a mount of emfs")]
    [InlineData("unmount missing", NotMounted, "missing is not a mount of emfs")]
    [InlineData("unmount folder", NotMounted, "folder is not a mount of emfs")]
    [InlineData("unmount /usr", NotMounted, "/usr is not a mount of emfs")]
    [InlineData("unmount garbage.hdf", NotMounted, "garbage.hdf is not a mount of emfs")]
    public void Command_ThatMakesNoSense_IsRefusedInOneSentence(string arguments, int exitCode, string sentence) =>
        AssertRefused(arguments, exitCode, sentence);

    [Theory]
    [InlineData("missing.hdf", "missing.hdf: there is no such file")]
    [InlineData("folder", "folder: this is a folder; name the archives in it")]
    [InlineData("garbage.hdf", "garbage.hdf: not an archive of images: the file is not HDF5")]
    [InlineData("empty.hdf", "empty.hdf: not an archive of images")]
    [InlineData("/proc/self/mem", "/proc/self/mem: cannot be read at offset 0: Input/output error")] // opens, and then the disk fails
    public void Command_OnWhatIsNoArchive_SaysWhyInOneSentence(string file, string sentence)
    {
        foreach (string command in (string[])["info", "extract", "verify"])
        {
            AssertRefused($"{command} {file}", Failure, sentence);
        }

        Assert.Equal(["empty.hdf", "folder", "garbage.hdf"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Help_OfEveryCommand_HasAnExample(string command)
    {
        ProgramResult result = Run($"{command} --help");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains($"Example: emfs {command}", result.Output, StringComparison.Ordinal);
        Assert.Contains("Usage:", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Program_WithoutACommand_HelpsWhereErrorsGo()
    {
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, []);
        Assert.Equal((Usage, ""), (result.ExitCode, result.Output));
        Assert.Contains("Usage:", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("--version")]
    [InlineData("rules show")]
    [InlineData("rules test a.mrc")]
    public void Command_WhoseOutputHasNoRoom_SaysSo(string arguments)
    {
        ProgramResult result = Programs.Run(s_deadline, "sh", ["-c", $"exec '{Programs.Emfs}' {arguments} > /dev/full"]);
        Assert.Equal((Failure, "emfs: standard output cannot be written: No space left on device\n"), (result.ExitCode, result.Error));
    }

    /// <summary>The shell passes names as they are, and the runtime takes only UTF-8.</summary>
    [Theory]
    [InlineData("info")]
    [InlineData("extract")]
    [InlineData("verify")]
    [InlineData("compress")]
    public void Command_OnANameThatIsNotUtf8_SaysWhatHelps(string command)
    {
        ProgramResult result = Programs.Run(
            s_deadline, "sh", ["-c", $"cp garbage.hdf \"$(printf 'x\\377.mrc')\" && '{Programs.Emfs}' {command} x*; code=$?; rm x*; exit $code"], _folder.Path);
        Assert.Equal(Failure, result.ExitCode);
        Assert.Contains("its name is not UTF-8: give it another one", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Command_InAFolderThatIsGone_SaysSo()
    {
        ProgramResult result = Programs.Run(s_deadline, "sh", ["-c", $"mkdir gone && cd gone && rmdir ../gone && exec '{Programs.Emfs}' retry /usr a.mrc"], _folder.Path);
        Assert.Equal((Failure, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("emfs: the folder in which you are is gone", result.Error, StringComparison.Ordinal);
    }

    /// <summary>A command that is added must be tested here too.</summary>
    [Fact]
    public void Help_OfTheProgram_ListsEveryCommand()
    {
        string output = Run("--help").Output;
        string[] listed = [.. output[output.IndexOf("Commands:", StringComparison.Ordinal)..].Split('\n')[1..]
            .Select(line => line.TrimStart().Split(' ')[0]).Where(word => word != "")];
        Assert.Equal(Commands.Select(row => row.Data).Where(command => !command.Contains(' ')).Order(), listed.Order());
    }

    private void AssertRefused(string arguments, int exitCode, string sentence)
    {
        ProgramResult result = Run(arguments);
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
    }

    private ProgramResult Run(string arguments) => Programs.Run(s_deadline, Programs.Emfs, arguments.Split(' '), _folder.Path);
}
