using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Names;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree;

/// <summary>Names that another mount has staged: never missing, and never older bytes (semantics.md, Writing).</summary>
public sealed class ForeignNamesTests
{
    [Fact]
    public void NameStagedElsewhere_IsListed_AndFailsWithItsPlace()
    {
        using var bench = new TreeBench(s => s.File("X.mrc.hdf", "image").File("Y.hdf", "image"));
        var list = new NameList("far", "/fast/staging", ["X.mrc", "new.mrcs"]);
        bench.Source.File($"{NameList.Folder}/{NameList.FileNameOf("far", "/fast/staging")}", System.Text.Encoding.UTF8.GetString(list.ToBytes()));
        Assert.Equal(VfsStatus.Corrupt, bench.Lookup("X.mrc").Status);
        Assert.Equal(VfsStatus.Corrupt, bench.Lookup("new.mrcs").Status);
        Assert.Equal(["X.mrc", "Y.mrc", "new.mrcs"], bench.Entries(withAttributes: true).Select(entry => entry.Name).Where(name => name[0] != '.').Order(StringComparer.Ordinal));
        Assert.Contains(bench.Tree.Statistics.Errors, error => error.Path == "X.mrc" && error.Reason.Contains("far in /fast/staging", StringComparison.Ordinal));
    }
}
