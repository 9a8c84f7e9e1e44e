using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree.Writing;

/// <summary>An archive with two names in the source, one of them a symbolic or another hard link: what is written to one name changes that one alone.</summary>
public sealed class LinkedArchiveTests
{
    private const int PatchOffset = 2000;

    private static readonly byte[] s_bytes = WrittenTree.Mrc(1), s_otherBytes = WrittenTree.Mrc(2, sectionCount: 3), s_patch = [1, 2, 3];

    private static byte[] Patched => [.. s_bytes[..PatchOffset], .. s_patch, .. s_bytes[(PatchOffset + s_patch.Length)..]];

    public enum Link
    {
        Symbolic,
        Hard,
    }

    [Theory]
    [InlineData(Link.Symbolic)]
    [InlineData(Link.Hard)]
    public void WriteThroughOneName_AfterTheOtherWasLookedUp_GoesToTheFirst(Link link)
    {
        using var tree = Linked(link);
        ulong handle = tree.Open("a.mrc");
        Assert.Equal(s_bytes, tree.ReadAll("b.mrc"));
        tree.Write(handle, PatchOffset, s_patch);
        Assert.Equal(Patched, tree.ReadAll("a.mrc"));
        Assert.Equal(s_bytes, tree.ReadAll("b.mrc"));
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(Patched, tree.ReadAll("a.mrc"));
        Assert.Equal(link == Link.Hard ? s_bytes : Patched, tree.ReadAll("b.mrc")); // the link leads to what has the name
        Assert.Equal(["a.mrc.hdf", "b.mrc.hdf"], tree.InSource());
    }

    [Theory]
    [InlineData(Link.Symbolic)]
    [InlineData(Link.Hard)]
    public void WriteThroughTheLink_MakesItAFileOfItsOwn(Link link)
    {
        using var tree = Linked(link);
        ulong handle = tree.Open("b.mrc");
        Assert.Equal(s_bytes, tree.ReadAll("a.mrc"));
        tree.Write(handle, PatchOffset, s_patch);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(s_bytes, tree.ReadAll("a.mrc"));
        Assert.Equal(Patched, tree.ReadAll("b.mrc"));
        Assert.Equal(["a.mrc.hdf", "b.mrc.hdf"], tree.InSource());
        Assert.Null(new FileInfo(tree.SourcePathOf("b.mrc.hdf")).LinkTarget);
    }

    [Theory]
    [InlineData(Link.Symbolic)]
    [InlineData(Link.Hard)]
    public void OneNameRemoved_WritesThroughTheOtherStay(Link link)
    {
        using var tree = Linked(link);
        ulong handle = tree.Open("a.mrc");
        tree.Find("b.mrc");
        Assert.Equal(VfsStatus.Ok, tree.AskUnlink("b.mrc").Status);

        // That a hard link is gone changes the archive's time, by which the handle may be another version's: an error, and no loss.
        var written = tree.AskWrite(handle, PatchOffset, s_patch);
        Assert.True(written.Status == VfsStatus.Ok || (link == Link.Hard && written.Status == VfsStatus.Stale));
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(written.Status == VfsStatus.Ok ? Patched : s_bytes, tree.ReadAll("a.mrc"));
        Assert.Equal(["a.mrc.hdf"], tree.InSource());
    }

    [Theory]
    [InlineData(Link.Symbolic)]
    [InlineData(Link.Hard)]
    public void LinkRenamedWhileItIsOpen_IsWrittenUnderItsNewName(Link link)
    {
        using var tree = Linked(link);
        ulong handle = tree.Open("b.mrc");
        Assert.Equal(VfsStatus.Ok, tree.AskRename("b.mrc", "c.mrc").Status);
        Assert.Equal(s_bytes, tree.ReadAll("c.mrc"));
        tree.Write(handle, PatchOffset, s_patch);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(s_bytes, tree.ReadAll("a.mrc"));
        Assert.Equal(Patched, tree.ReadAll("c.mrc"));
        Assert.Equal(["a.mrc.hdf", "c.mrc.hdf"], tree.InSource());
    }

    [Theory]
    [InlineData(Link.Symbolic)]
    [InlineData(Link.Hard)]
    public void LinkWrittenToAndRemoved_StaysAway(Link link)
    {
        using var tree = Linked(link);
        ulong handle = tree.Open("b.mrc");
        tree.Write(handle, PatchOffset, s_patch);
        Assert.Equal(VfsStatus.Ok, tree.AskUnlink("b.mrc").Status);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(VfsStatus.NotFound, tree.Lookup("b.mrc").Status);
        Assert.Equal(s_bytes, tree.ReadAll("a.mrc"));
        Assert.Equal(["a.mrc.hdf"], tree.InSource());
    }

    [Theory]
    [InlineData(Link.Symbolic)]
    [InlineData(Link.Hard)]
    public void FileRenamedOverTheLink_LeavesWhereItLed(Link link)
    {
        using var tree = Linked(link);
        Assert.Equal(s_bytes, tree.ReadAll("b.mrc"));
        ulong handle = tree.Create("new.mrc");
        tree.Write(handle, 0, s_otherBytes);
        Assert.Equal(VfsStatus.Ok, tree.AskRename("new.mrc", "b.mrc").Status);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(s_bytes, tree.ReadAll("a.mrc"));
        Assert.Equal(s_otherBytes, tree.ReadAll("b.mrc"));
        Assert.Equal(["a.mrc.hdf", "b.mrc.hdf"], tree.InSource());
    }

    /// <summary>Opened for writing and closed without a change, as CTFFIND does; or with the bytes that it has.</summary>
    [Theory]
    [InlineData(Link.Symbolic)]
    [InlineData(Link.Hard)]
    public void SameBytesThroughTheLink_LeaveEverythingAsItIs(Link link)
    {
        using var tree = Linked(link);
        string? target = new FileInfo(tree.SourcePathOf("b.mrc.hdf")).LinkTarget;
        byte[] archive = File.ReadAllBytes(tree.SourcePathOf("a.mrc.hdf"));
        ulong handle = tree.Open("b.mrc");
        tree.Write(handle, PatchOffset, s_bytes[PatchOffset..(PatchOffset + 3)]);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(target, new FileInfo(tree.SourcePathOf("b.mrc.hdf")).LinkTarget);
        Assert.Equal(archive, File.ReadAllBytes(tree.SourcePathOf("a.mrc.hdf")));
        Assert.Equal(s_bytes, tree.ReadAll("b.mrc"));
    }

    /// <summary>A relative link leads elsewhere from another folder: the limits are looked for where it led before.</summary>
    [Theory]
    [InlineData(Link.Symbolic)]
    [InlineData(Link.Hard)]
    public void WrittenThroughTheLink_AndMovedToAnotherFolder_IsArchivedThere(Link link)
    {
        using var tree = Linked(link);
        tree.MakeFolder("p");
        ulong handle = tree.Open("b.mrc");
        tree.Write(handle, PatchOffset, s_patch);
        Assert.Equal(VfsStatus.Ok, tree.AskRename("b.mrc", "p/b.mrc").Status);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(s_bytes, tree.ReadAll("a.mrc"));
        Assert.Equal(Patched, tree.ReadAll("p/b.mrc"));
        Assert.Equal(["a.mrc.hdf", "p/b.mrc.hdf"], tree.InSource());
    }

    [Theory]
    [InlineData(Link.Symbolic)]
    [InlineData(Link.Hard)]
    public void WrittenThroughTheLink_AndRenamedOverTheOtherName_HasThatAlone(Link link)
    {
        using var tree = Linked(link);
        ulong handle = tree.Open("b.mrc");
        tree.Write(handle, PatchOffset, s_patch);
        Assert.Equal(VfsStatus.Ok, tree.AskRename("b.mrc", "a.mrc").Status);
        Assert.Equal(VfsStatus.NotFound, tree.Lookup("b.mrc").Status);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(VfsStatus.NotFound, tree.Lookup("b.mrc").Status);
        Assert.Equal(Patched, tree.ReadAll("a.mrc"));
        Assert.Equal(["a.mrc.hdf"], tree.InSource());
    }

    [Theory]
    [InlineData(Link.Symbolic)]
    [InlineData(Link.Hard)]
    public void FolderRenamedWhileTheLinkIsOpen_OneNodeShowsIt(Link link)
    {
        using var tree = Linked(link, "p/");
        ulong handle = tree.Open("p/b.mrc");
        Assert.Equal(VfsStatus.Ok, tree.AskRename("p", "q").Status);
        ulong reader = tree.Open("q/b.mrc", forWriting: false);
        tree.Write(handle, PatchOffset, s_patch);
        Assert.Equal(Patched, tree.Read(reader));
        tree.Tree.Release(handle);
        tree.Tree.Release(reader);
        tree.Flush();
        Assert.Equal(s_bytes, tree.ReadAll("q/a.mrc"));
        Assert.Equal(Patched, tree.ReadAll("q/b.mrc"));
    }

    /// <summary>Programs take two files of one number for the same.</summary>
    [Theory]
    [InlineData(Link.Symbolic)]
    [InlineData(Link.Hard)]
    public void WrittenThroughTheLink_HasANumberOfItsOwn(Link link)
    {
        using var tree = Linked(link);
        ulong handle = tree.Open("b.mrc");
        tree.Write(handle, PatchOffset, s_patch);
        ulong inode = tree.AttributesOf(tree.Find("b.mrc")).Inode;
        Assert.NotEqual(tree.AttributesOf(tree.Find("a.mrc")).Inode, inode);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(inode, tree.AttributesOf(tree.Find("b.mrc")).Inode);
        Assert.NotEqual(inode, tree.AttributesOf(tree.Find("a.mrc")).Inode);
    }

    [Fact]
    public void ExtendedAttributesThroughTheLink_AreThoseOfTheArchive_AndStayWhenItIsWrittenTo()
    {
        using var tree = Linked(Link.Symbolic);
        Assert.Equal(VfsStatus.Ok, tree.Disk.SetExtendedAttribute(tree.SourcePathOf("a.mrc.hdf"), "user.note", [7], ExtendedAttributeMode.Create));
        Assert.Equal([7], AttributeOf(tree, "b.mrc"));
        ulong handle = tree.Open("b.mrc");
        tree.Write(handle, PatchOffset, s_patch);
        Assert.Equal([7], AttributeOf(tree, "b.mrc"));
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal([7], AttributeOf(tree, "b.mrc"));
    }

    private static byte[] AttributeOf(WrittenTree tree, string path) =>
        TreeBench.Ask<byte[]>(reply => tree.Tree.GetExtendedAttribute(tree.Find(path), "user.note", reply)).Value;

    [Fact]
    public void AttributesThroughTheLink_AreThoseOfTheArchive()
    {
        using var tree = Linked(Link.Symbolic);
        var change = new AttributeChange(Permissions: 0x180, MtimeNs: 1_600_000_000_000_000_000);
        Assert.Equal(VfsStatus.Ok, tree.Change(tree.Find("b.mrc"), change));
        Assert.Equal((UnixFileMode)0x180, File.GetUnixFileMode(tree.SourcePathOf("a.mrc.hdf")));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_600_000_000), new FileInfo(tree.SourcePathOf("a.mrc.hdf")).LastWriteTimeUtc);
        Assert.Equal(s_bytes, tree.ReadAll("b.mrc"));
    }

    /// <summary>A source of the archive <c>a.mrc.hdf</c> and its other name <c>b.mrc.hdf</c>.</summary>
    /// <param name="folder">Where; empty, or with a slash at its end.</param>
    private static WrittenTree Linked(Link link, string folder = "")
    {
        var tree = new WrittenTree();
        if (folder.Length > 0)
        {
            tree.MakeFolder(folder.TrimEnd('/'));
        }

        tree.Archive(folder + "a.mrc", s_bytes);
        string path = tree.SourcePathOf(folder + "b.mrc.hdf");
        if (link == Link.Symbolic)
        {
            File.CreateSymbolicLink(path, "a.mrc.hdf");
        }
        else
        {
            Assert.Equal(VfsStatus.Ok, tree.Disk.MakeHardLink(tree.SourcePathOf(folder + "a.mrc.hdf"), path));
        }

        return tree;
    }
}
