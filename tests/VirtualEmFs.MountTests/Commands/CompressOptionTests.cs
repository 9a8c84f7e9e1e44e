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
}
