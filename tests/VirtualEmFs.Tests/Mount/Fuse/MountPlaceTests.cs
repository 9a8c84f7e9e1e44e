using VirtualEmFs.Mount;
using VirtualEmFs.Mount.Fuse;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Fuse;

/// <summary>What is refused before anything is mounted: each with its own exit code and a sentence that names the path.</summary>
public sealed class MountPlaceTests
{
    [Fact]
    public void ResolveMountPoint_Missing_SaysHowToMakeIt()
    {
        using var folder = new TemporaryFolder();
        var refusal = Assert.Throws<CommandException>(() => MountPlace.ResolveMountPoint(folder.PathOf("absent")));
        Assert.Equal(ExitCode.MountPointUnusable, refusal.ExitCode);
        Assert.Contains($"mkdir -p {folder.PathOf("absent")}", refusal.Message);
    }

    [Fact]
    public void ResolveMountPoint_NotEmpty_IsRefused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("hidden-by-the-mount"), "");
        var refusal = Assert.Throws<CommandException>(() => MountPlace.ResolveMountPoint(folder.Path));
        Assert.Equal(ExitCode.MountPointUnusable, refusal.ExitCode);
        Assert.Contains("not empty", refusal.Message);
    }

    [Fact]
    public void ResolveMountPoint_File_IsRefused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("file"), "");
        var refusal = Assert.Throws<CommandException>(() => MountPlace.ResolveMountPoint(folder.PathOf("file")));
        Assert.Contains("is not a folder", refusal.Message);
    }

    [Fact]
    public void ResolveMountPoint_LinkToAFolder_IsTheFolder()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathOf("real"));
        Directory.CreateSymbolicLink(folder.PathOf("link"), folder.PathOf("real"));
        Assert.Equal(folder.PathOf("real"), MountPlace.ResolveMountPoint(folder.PathOf("link") + "/"));
    }

    [Fact]
    public void ResolveSource_Missing_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var refusal = Assert.Throws<CommandException>(() => MountPlace.ResolveSource(folder.PathOf("absent")));
        Assert.Equal(ExitCode.SourceUnusable, refusal.ExitCode);
    }

    [Theory]
    [InlineData("a", "a/b")]
    [InlineData("a/b", "a")]
    [InlineData("a", "a")]
    public void RequireApart_OneInsideTheOther_IsRefused(string source, string mountPoint)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathOf("a", "b"));
        var refusal = Assert.Throws<CommandException>(() => MountPlace.RequireApart(folder.PathOf(source), folder.PathOf(mountPoint)));
        Assert.Equal(ExitCode.Overlap, refusal.ExitCode);
    }

    [Fact]
    public void RequireApart_NamesThatOnlyBeginAlike_AreApart()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathOf("data"));
        Directory.CreateDirectory(folder.PathOf("data2"));
        MountPlace.RequireApart(folder.PathOf("data"), folder.PathOf("data2"));
    }
}
