using Xunit;

namespace VirtualEmFs.MountTests.Commands;

/// <summary>What options of <c>emfs compress</c> decide, alone and beside each other.</summary>
public sealed class CompressOptionTests : IDisposable
{
    private const int Usage = 2;

    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    public CompressOptionTests()
    {
        Directory.CreateDirectory(_folder.PathOf("Extract"));
        File.WriteAllBytes(_folder.PathOf("Extract", "a.mrc"), WritingProject.Mrc(1));
        File.WriteAllText(_folder.PathOf("rules.json"), """{ "rules": [ { "glob": "Extract/*", "bits": 5 } ] }""");
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Rules that <c>rules test</c> names must be those that decide.</summary>
    [Theory]
    [InlineData("Extract/a.mrc", "")]
    [InlineData("./Extract/../Extract/a.mrc", "")]
    [InlineData("a.mrc", "Extract")]
    public void Rules_WithASlash_SeeThePathFromTheCurrentFolder(string path, string currentFolder)
    {
        string rules = _folder.PathOf("rules.json"), current = _folder.PathOf(currentFolder);
        string tested = Programs.CheckIn(current, Programs.Emfs, "rules", "test", "--rules", rules, path);
        string output = Programs.CheckIn(current, Programs.Emfs, "compress", "-v", "--rules", rules, path);
        bool applies = currentFolder.Length == 0;
        Assert.Equal(applies ? $"{path}: Extract/*: 5 bits\n" : $"{path}: *: 10 bits\n", tested);
        Assert.Contains($".hdf: {(applies ? 5 : 10)} bits, ", output, StringComparison.Ordinal);
    }

    /// <summary>An option that has no effect beside another one would be taken for one that has.</summary>
    [Theory]
    [InlineData("--output and --outpath exclude each other", "-o", "y.hdf", "--outpath", "od")]
    [InlineData("--bits and --rules exclude each other", "--bits", "5", "--rules", "rules.json")]
    [InlineData("--sigrange and --profile exclude each other", "--sigrange", "3,3", "--profile", "paper")]
    [InlineData("the bits after the colon of -o and --rules exclude each other", "-o", "x.hdf:5", "--rules", "rules.json")]
    [InlineData("limits are given twice", "-o", "x.hdf:5:2s:2s", "--range", "0,1")]
    [InlineData("limits are given twice", "-o", "x.hdf:5:o", "--nooutliers")]
    public void Options_OfWhichOneWouldBeIgnored_ExcludeEachOther(string sentence, params string[] options)
    {
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["compress", "Extract/a.mrc", .. options], _folder.Path);
        Assert.Equal((Usage, ""), (result.ExitCode, result.Output));
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.Contains("exclude each other", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.hdf", SearchOption.AllDirectories));
    }

    /// <summary>EMAN2's outlier rule is only what goes without saying of -o.</summary>
    [Fact]
    public void Range_BesideBitsOfTheOutput_Decides()
    {
        string output = Programs.CheckIn(_folder.Path, Programs.Emfs, "compress", "-v", "Extract/a.mrc", "-o", "x.hdf:5", "--range", "-1,1");
        Assert.Contains(" samples clamped by up to ", output, StringComparison.Ordinal);
    }
}
