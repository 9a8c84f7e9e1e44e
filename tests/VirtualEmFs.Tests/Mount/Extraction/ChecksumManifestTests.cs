using VirtualEmFs.Mount;
using VirtualEmFs.Mount.Extraction;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Extraction;

public sealed class ChecksumManifestTests : IDisposable
{
    private static readonly string s_sum = new('a', 64);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_WhatSha256sumWrites_GivesPathsFromTheListsFolder()
    {
        ChecksumManifest manifest = Read($"{s_sum}  a.mrc", "", $"{s_sum.ToUpperInvariant()} *day 1/b.mrc", $"\\{s_sum}  new\\nline\\\\.mrc");
        Assert.Equal(["a.mrc", "day 1/b.mrc", "new\nline\\.mrc"], manifest.Entries.Select(entry => entry.Name));
        Assert.Equal(_folder.PathOf("day 1", "b.mrc"), manifest.Entries[1].FullPath);
        Assert.All(manifest.Entries, entry => Assert.Equal(s_sum, entry.Sha256));
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("aaaa  short.mrc")]
    [InlineData("gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg  a.mrc")]
    public void Read_ALineThatIsNoSum_IsRefusedWithItsNumber(string line)
    {
        CommandException failure = Assert.Throws<CommandException>(() => Read($"{s_sum}  a.mrc", line));
        Assert.Equal(ExitCode.Usage, failure.ExitCode);
        Assert.Contains("SHA256SUMS, line 2:", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>The same name in two folders: the archive's own place decides, and only elsewhere its name.</summary>
    [Fact]
    public void EntriesFor_AnArchive_PrefersItsPlaceToItsName()
    {
        ChecksumManifest manifest = Read($"{s_sum}  1/a.mrc", $"{s_sum}  2/a.mrc", $"{s_sum}  c.mrc");
        Assert.Equal(["2/a.mrc"], manifest.EntriesFor(_folder.PathOf("2", "a.hdf"), "a.mrc", "a.mrc").Select(entry => entry.Name));
        Assert.Equal(["1/a.mrc", "c.mrc"], manifest.Missing.Select(entry => entry.Name));
        Assert.Equal(["1/a.mrc", "2/a.mrc"], manifest.EntriesFor("/elsewhere/a.hdf", "a.mrc", null).Select(entry => entry.Name));
        Assert.Equal(["c.mrc"], manifest.EntriesFor("/elsewhere/x.hdf", "x.mrc", "c.mrc").Select(entry => entry.Name));
        Assert.Empty(manifest.Missing);
    }

    private ChecksumManifest Read(params string[] lines)
    {
        File.WriteAllLines(_folder.PathOf("SHA256SUMS"), lines);
        return ChecksumManifest.Read(_folder.PathOf("SHA256SUMS"));
    }
}
