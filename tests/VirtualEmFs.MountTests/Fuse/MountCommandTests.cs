using System.Text.Json;
using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary><c>emfs mount</c> as a command: what it refuses, what it shows of ordinary files, what its status tells.</summary>
public sealed class MountCommandTests
{
    private const int Usage = 2;
    private const int SourceUnusable = 10;
    private const int MountPointUnusable = 11;
    private const int Overlap = 13;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(new[] { "absent", "empty" }, SourceUnusable, "cannot be read")]
    [InlineData(new[] { "source", "absent" }, MountPointUnusable, "does not exist")]
    [InlineData(new[] { "source", "full" }, MountPointUnusable, "not empty")]
    [InlineData(new[] { "source", "source/inner" }, Overlap, "inside one another")]
    [InlineData(new[] { "source/inner", "source" }, Overlap, "inside one another")]
    [InlineData(new[] { "source", "link-to-inner" }, Overlap, "inside one another")]
    [InlineData(new[] { "source", "empty", "--cache-size", "much" }, Usage, "not a size")]
    [InlineData(new[] { "source", "empty", "--damaged", "perhaps" }, Usage, "refuse, serve")]
    [InlineData(new[] { "source" }, Usage, "Required argument")]
    public void Mount_ThatCannotWork_IsRefusedInOneSentence(string[] arguments, int exitCode, string sentence)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathOf("source", "inner"));
        Directory.CreateDirectory(folder.PathOf("empty"));
        Directory.CreateDirectory(folder.PathOf("full"));
        File.WriteAllText(folder.PathOf("full", "file"), "");
        Directory.CreateSymbolicLink(folder.PathOf("link-to-inner"), "source/inner");

        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["mount", .. arguments], folder.Path);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(sentence, result.Error);
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Empty(result.Output);
    }

    [Fact]
    public void Mount_OrdinaryFiles_PassThroughByteForByte()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathOf("sub"));
        Programs.CheckIn(folder.Path, "bash", "-c", "head -c 3000001 /dev/urandom > sub/data.bin; sync sub/data.bin; ln -s sub/data.bin link; printf x > $'caf\\xe9'; chmod 640 sub/data.bin");
        using MountedProcess mount = MountedProcess.Start(folder.Path);

        Programs.Check("diff", "-r", "--no-dereference", folder.Path, mount.MountPoint);
        Assert.Equal("sub/data.bin", Programs.Check("readlink", mount.PathOf("link")).Trim());
        Assert.Equal(
            Programs.CheckIn(folder.Path, "stat", "-c", "%s %a %u %g %b %Y %h", "sub/data.bin"),
            Programs.CheckIn(mount.MountPoint, "stat", "-c", "%s %a %u %g %b %Y %h", "sub/data.bin"));
        Assert.Equal("x", Programs.CheckIn(mount.MountPoint, "bash", "-c", "cat $'caf\\xe9'"));
        Programs.CheckIn(folder.Path, "bash", "-c", "rm $'caf\\xe9'");
    }

    [Fact]
    public void Status_OfArchives_HasTheTreesFigures()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Directory.GetFiles(GoldenData.PathOf("real"), "*.hdf").Order().First(), folder.PathOf("map.hdf"));
        using MountedProcess mount = MountedProcess.Start(folder.Path, "--cache-size", "64MiB");
        Programs.Check("cat", mount.PathOf("map.mrc"));

        JsonElement tree = mount.Status().GetProperty("tree");

        Assert.Equal(64 << 20, tree.GetProperty("cacheBudgetBytes").GetInt64());
        Assert.True(tree.GetProperty("cacheBytes").GetInt64() > 0);
        Assert.True(tree.GetProperty("decodes").GetInt64() > 0);
        Assert.Equal(1, tree.GetProperty("probes").GetInt64());
        Assert.Equal(0, tree.GetProperty("errors").GetArrayLength());
    }
}
