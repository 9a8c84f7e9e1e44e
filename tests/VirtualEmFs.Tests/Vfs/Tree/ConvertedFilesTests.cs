using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Tree;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree;

/// <summary>Plain MRC files that are presented in another mode, under their own names.</summary>
public sealed class ConvertedFilesTests
{
    private const int FrameLengthBytes = 4 * 8 * 4;

    private static readonly VirtualTreeOptions s_options = new() { ConvertsMrcFiles = true };

    [Fact]
    public void Lookup_OfAPlainMrcFile_GivesItsPresentation()
    {
        using var bench = new TreeBench(s => s.File("a.mrc", "stack"), s_options);
        Assert.Equal(1024 + (5 * FrameLengthBytes), bench.Find("a.mrc").Attributes.LengthBytes);
        Assert.Equal(1024 + (5 * FrameLengthBytes), bench.ReadAll("a.mrc").Length);
        Assert.Equal(["a.mrc"], bench.List());
    }

    [Fact]
    public void Lookup_WithoutTheOption_GivesTheFileItself()
    {
        using var bench = new TreeBench(s => s.File("a.mrc", "stack"));
        Assert.Equal("stack"u8, bench.ReadAll("a.mrc"));
        Assert.Equal(0, bench.Formats.ProbeCount);
    }

    [Theory]
    [InlineData("a.mrc", "none")]
    [InlineData("a.mrc", "broken")]
    [InlineData("a.mrc", "folder")]
    [InlineData("a.txt", "stack")]
    public void Lookup_OfWhatIsNotConverted_GivesTheFileItself(string name, string content)
    {
        using var bench = new TreeBench(s => s.File(name, content), s_options);
        Assert.Equal(content, System.Text.Encoding.ASCII.GetString(bench.ReadAll(name)));
    }

    /// <summary>Programs that compare d_ino, st_ino and sizes see one file, however it was found.</summary>
    [Fact]
    public void Listing_AndLookup_TellTheSame()
    {
        using var bench = new TreeBench(s => s.File("a.mrc", "stack").File("b.mrc", "none").File("c.hdf", "image"), s_options);
        foreach (var entry in bench.Entries(withAttributes: true).Where(entry => entry.Name is not ("." or "..")))
        {
            var found = bench.Find(entry.Name);
            Assert.Equal((found.Attributes.Inode, found.Attributes.LengthBytes), (entry.Entry!.Value.Attributes.Inode, entry.Entry.Value.Attributes.LengthBytes));
            Assert.Equal(found.Attributes.Inode, bench.Entries().Single(each => each.Name == entry.Name).Inode);
        }
    }

    [Fact]
    public void File_ThatChanges_IsAnotherVersion()
    {
        using var bench = new TreeBench(s => s.File("a.mrc", "stack"), s_options);
        ulong node = bench.Find("a.mrc").NodeId;
        bench.Source.File("a.mrc", "image");
        bench.Expire();
        Assert.Equal(VfsStatus.Stale, bench.Open(node).Status);
        Assert.Equal(1024 + FrameLengthBytes, bench.ReadAll("a.mrc").Length);
    }
}
