using VirtualEmFs.Mount;
using VirtualEmFs.Mount.Staging;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Staging;

/// <summary>Raw files go where nothing of anybody else's is, and where no mount shows them.</summary>
public sealed class StagingPlaceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public StagingPlaceTests()
    {
        Directory.CreateDirectory(_folder.PathOf("s", "inner"));
        Directory.CreateDirectory(_folder.PathOf("m", "inner"));
        Directory.CreateSymbolicLink(_folder.PathOf("link"), _folder.PathOf("s", "inner"));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("s", "the source")]
    [InlineData("s/inner", "the source")]
    [InlineData("s/absent", "the source")]
    [InlineData("s/absent/absent", "the source")]
    [InlineData("link", "the source")]
    [InlineData("link/absent", "the source")]
    [InlineData(".", "the source")]
    [InlineData("m/inner", "the mount point")]
    public void Resolve_InsideOneAnother_IsRefused(string staging, string with)
    {
        CommandException refusal = Assert.Throws<CommandException>(() => Resolve(staging));
        Assert.Equal(ExitCode.Overlap, refusal.ExitCode);
        Assert.Contains($" and {with} ", refusal.Message);
        Assert.False(Path.Exists(_folder.PathOf("s", "absent")));
    }

    [Fact]
    public void Resolve_OfAFolderThatIsMissing_MakesItForItsOwnerAlone()
    {
        Assert.Equal(_folder.PathOf("d"), Resolve("d"));
        Assert.Equal((UnixFileMode)0x1C0, File.GetUnixFileMode(_folder.PathOf("d")));
        Assert.Equal(_folder.PathOf("d"), Resolve("d/"));
    }

    [Fact]
    public void Resolve_WithoutItsParent_SaysWhatIsMissing()
    {
        CommandException refusal = Assert.Throws<CommandException>(() => Resolve("absent/d"));
        Assert.Equal((ExitCode.StagingUnusable, $"the staging folder {_folder.PathOf("absent/d")} cannot be made: No such file or directory"), (refusal.ExitCode, refusal.Message));
    }

    [Theory]
    [InlineData("d/report.txt")]
    [InlineData("d/files/1")]
    [InlineData("d")] // a file itself
    public void Resolve_OfWhatHoldsOtherFiles_IsRefused(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.PathOf(file))!);
        File.WriteAllText(_folder.PathOf(file), "data");
        CommandException refusal = Assert.Throws<CommandException>(() => Resolve("d"));
        Assert.Equal(ExitCode.StagingUnusable, refusal.ExitCode);
        Assert.Equal("data", File.ReadAllText(_folder.PathOf(file)));
    }

    [Fact]
    public void Resolve_OfAFolderThatAMountHasUsed_IsThatFolder()
    {
        Directory.CreateDirectory(_folder.PathOf("d", "files"));
        File.WriteAllText(_folder.PathOf("d", "owner"), "");
        Assert.Equal(_folder.PathOf("d"), Resolve("d"));
        File.WriteAllText(_folder.PathOf("d", "files", "1"), "");
        File.WriteAllText(_folder.PathOf("d", "journal"), "");
        Assert.Equal(_folder.PathOf("d"), Resolve("d"));
    }

    private string Resolve(string staging) => StagingPlace.Resolve(_folder.PathOf(staging), _folder.PathOf("s"), _folder.PathOf("m"));
}
