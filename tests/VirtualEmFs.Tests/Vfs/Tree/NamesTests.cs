using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Tree;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree;

/// <summary>The sentences of semantics.md, Names.</summary>
public sealed class NamesTests
{
    private const long StackLengthBytes = 1024 + (8 * 4 * 5 * 4);

    private static MrcHeader HeaderOf(TreeBench bench, string path)
    {
        Assert.True(MrcHeader.TryParse(bench.ReadAll(path), out var header, out string? reason), reason);
        return header!;
    }

    /// <summary>Its own name was never shown, and must not be because the archive goes in this moment.</summary>
    [Fact]
    public void List_WhileAnArchiveIsRemoved_DoesNotShowTheArchivesName()
    {
        using var bench = new TreeBench(s => s.File("X.mrc.hdf", "image").File("Y.mrc.hdf", "image"));
        bench.Source.HasListed = folder =>
        {
            if (folder.Length == 0)
            {
                bench.Source.Remove("X.mrc.hdf");
            }
        };
        Assert.Equal(["Y.mrc"], bench.List());
    }

    [Fact]
    public void Files_ThatAreNotArchives_PassThrough()
    {
        using var bench = new TreeBench(s => s.File("notes.txt", "hello").Folder("sub").File("sub/run.star", "data_"));
        Assert.Equal(["notes.txt", "sub"], bench.List());
        Assert.Equal(["run.star"], bench.List("sub"));
        Assert.Equal("hello"u8, bench.ReadAll("notes.txt"));
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("other.txt").Status);
        Assert.Equal(NodeKind.Directory, bench.Find("sub").Attributes.Kind);
    }

    [Fact]
    public void Archives_AppearAsMrcOrMrcsInTheirPlace()
    {
        using var bench = new TreeBench(s => s.File("a.hdf", "image").File("b.h5", "volume").File("c.hdf5", "stack").File("d.tif", "stack")
            .File("e.tiff", "image").File("f.eer", "stack").File("g.mrcz", "volume").File("H.HDF", "stack"));
        string[] expected = ["H.mrcs", "a.mrc", "b.mrc", "c.mrcs", "d.mrcs", "e.mrc", "f.mrcs", "g.mrc"];
        Assert.Equal(expected, bench.List());
        Assert.Equal(StackLengthBytes, bench.Find("c.mrcs").Attributes.LengthBytes);
        Assert.Equal(1024 + (8 * 4 * 4), bench.Find("a.mrc").Attributes.LengthBytes);
    }

    [Fact]
    public void NexusSet_AppearsUnderItsStemAndHidesItsDataFiles()
    {
        using var bench = new TreeBench(s => s.File("X_master.h5", "set /s/X_data_000001.h5 /s/X_data_000002.h5")
            .File("X_data_000001.h5", "none").File("X_data_000002.h5", "none").File("Y_master.h5", "stack"));
        Assert.Equal(["X.mrcs", "Y_master.mrcs"], bench.List());
        Assert.Equal(VfsStatus.Ok, bench.Lookup("X.mrcs").Status);
        Assert.Equal(VfsStatus.Ok, bench.Lookup("X_data_000001.h5").Status);
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("X_master.mrcs").Status);
        Assert.Equal(VfsStatus.Ok, bench.Lookup("Y_master.mrcs").Status);
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("Y.mrcs").Status);
    }

    [Fact]
    public void ArchiveNamedLikeAnMrcFile_AppearsUnderExactlyThatNameWithoutProbing()
    {
        using var bench = new TreeBench(s => s.File("TS.rec.hdf", "volume").File("run_half1.mrc.hdf", "volume").File("T.ST.hdf", "volume"));
        Assert.Equal(["T.ST", "TS.rec", "run_half1.mrc"], bench.List());
        Assert.Equal(0, bench.Formats.ProbeCount);
        Assert.Equal(["T.ST", "TS.rec", "run_half1.mrc"], bench.List(withAttributes: true));
        Assert.Equal(StackLengthBytes, bench.Find("TS.rec").Attributes.LengthBytes);
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("TS.rec.mrc").Status);
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("TS.mrc").Status);
        Assert.Equal((1, 0), (HeaderOf(bench, "TS.rec").SpaceGroup, HeaderOf(bench, "T.ST").SpaceGroup));
    }

    /// <summary>What took the place of a file keeps its number, however and how often it is asked for; names beside its own are other files.</summary>
    [Fact]
    public void ArchiveThatTookOverAnInode_ShowsIt()
    {
        using var bench = new TreeBench(s => s.File("a.mrcs.hdf", "stack inode=77").File("b.hdf", "stack inode=78").File("c.mrcs.hdf", "stack"));
        foreach (bool isRemounted in (bool[])[false, true])
        {
            Assert.NotEqual(77ul, bench.Entries().Single(entry => entry.Name == "a.mrcs").Inode); // unprobed
            Assert.Equal(77ul, bench.Find("a.mrcs").Attributes.Inode);
            Assert.Equal(77ul, bench.Entries(withAttributes: true).Single(entry => entry.Name == "a.mrcs").Entry!.Value.Attributes.Inode);
            Assert.Equal(77ul, bench.Entries().Single(entry => entry.Name == "a.mrcs").Inode);
            Assert.Equal(78ul, bench.Find("b.mrcs").Attributes.Inode);
            Assert.NotEqual(78ul, bench.Find("b.mrc").Attributes.Inode);
            ulong nodeId = bench.Find("a.mrcs").NodeId;
            bench.Expire();
            Assert.Equal(77ul, TreeBench.Ask<(NodeAttributes Attributes, TimeSpan)>(r => bench.Tree.GetAttributes(nodeId, null, r)).Value.Attributes.Inode);
            Assert.Equal(bench.Find("c.mrcs").Attributes.Inode, bench.Entries().Single(entry => entry.Name == "c.mrcs").Inode);
            bench.Remount();
        }
    }

    [Fact]
    public void ArchiveItself_IsNotListedButItsOwnNameReachesItsOwnBytes()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack"));
        Assert.Equal(["X.mrcs"], bench.List());
        Assert.Equal("stack"u8, bench.ReadAll("X.hdf"));
        bench.Remount(new VirtualTreeOptions { ShowArchives = true });
        Assert.Equal(["X.hdf", "X.mrcs"], bench.List());
    }

    [Fact]
    public void StackAndVolume_OpenUnderBothExtensionsThoughOneIsListed()
    {
        using var bench = new TreeBench(s => s.File("S.hdf", "stack").File("V.hdf", "volume"));
        Assert.Equal(["S.mrcs", "V.mrc"], bench.List());
        Assert.Equal((0, 1), (HeaderOf(bench, "S.mrcs").SpaceGroup, HeaderOf(bench, "S.mrc").SpaceGroup));
        Assert.Equal((1, 0), (HeaderOf(bench, "V.mrc").SpaceGroup, HeaderOf(bench, "V.mrcs").SpaceGroup));
        Assert.NotEqual(bench.Find("S.mrcs").Attributes.Inode, bench.Find("S.mrc").Attributes.Inode);
        Assert.NotEqual(bench.Find("S.mrcs").NodeId, bench.Find("S.mrc").NodeId);
        Assert.Equal(bench.ReadAll("S.mrcs")[1024..], bench.ReadAll("S.mrc")[1024..]);
    }

    [Fact]
    public void WhatOneMrcFileCannotHold_AppearsAsAFolderOfImages()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "folder"));
        Assert.Equal(["X"], bench.List());
        var folder = bench.Find("X");
        Assert.Equal(NodeKind.Directory, folder.Attributes.Kind);
        Assert.Equal(0x1EDu & 0x16D, folder.Attributes.Permissions);
        Assert.Equal(["000000.mrc", "000003.mrc", "000007.mrc"], bench.List("X"));
        Assert.Equal(["000000.mrc", "000003.mrc", "000007.mrc"], bench.List("X", withAttributes: true));
        Assert.Equal(1024 + (11 * 4 * 4), bench.Find("X/000003.mrc").Attributes.LengthBytes);
        Assert.Equal(1024 + (8 * 4 * 4), bench.ReadAll("X/000000.mrc").Length);
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("X/000001.mrc").Status);
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("X/3.mrc").Status);
        Assert.Equal(VfsStatus.Corrupt, bench.Lookup("X/000007.mrc").Status);
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("X.mrc").Status);
        Assert.NotEqual(bench.Find("X/000000.mrc").Attributes.Inode, bench.Find("X/000003.mrc").Attributes.Inode);
    }

    [Fact]
    public void RealFile_WinsOverAVirtualOne()
    {
        using var bench = new TreeBench(s => s.File("X.mrc", "real").File("X.hdf", "image").Folder("Y").File("Y.hdf", "folder"));
        Assert.Equal(["X.mrc", "Y"], bench.List());
        Assert.Equal("real"u8, bench.ReadAll("X.mrc"));
        Assert.Empty(bench.List("Y"));
        bench.Source.Remove("X.mrc");
        bench.Expire();
        Assert.Equal(["X.mrc", "Y"], bench.List());
        Assert.Equal(1024 + (8 * 4 * 4), bench.Find("X.mrc").Attributes.LengthBytes);
    }

    [Fact]
    public void TwoArchivesOfOneStem_HdfThenTiffThenEerTakesTheShortName()
    {
        using var bench = new TreeBench(s => s.File("X.eer", "stack").File("X.tif", "image").File("X.hdf", "stack"));
        Assert.Equal(["X.eer.mrcs", "X.mrcs", "X.tif.mrc"], bench.List());
        using var cold = new TreeBench(s => s.File("X.eer", "stack").File("X.tif", "image").File("X.hdf", "stack"));
        Assert.Equal(5, HeaderOf(cold, "X.mrcs").Nz);
        Assert.Equal(1, HeaderOf(cold, "X.tif.mrc").Nz);
        Assert.Equal(VfsStatus.Ok, cold.Lookup("X.eer.mrc").Status);
        Assert.Equal(VfsStatus.NotFound, cold.Lookup("X.hdf.mrcs").Status);
    }

    [Fact]
    public void ArchiveNamedLikeTheMrcFile_GoesBeforeOneThatWouldOnlyBeCalledSo()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "volume").File("X.mrc.hdf", "image"));
        Assert.Equal(["X.hdf.mrc", "X.mrc"], bench.List());
        Assert.Equal(1, HeaderOf(bench, "X.mrc").Nz);
        Assert.Equal(5, HeaderOf(bench, "X.hdf.mrc").Nz);
    }

    [Fact]
    public void NameOnceShown_StaysWithItsArchiveUntilRemount()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack").File("X.tif", "stack"));
        Assert.Equal(["X.mrcs", "X.tif.mrcs"], bench.List());
        bench.Source.Remove("X.hdf");
        bench.Expire();
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("X.mrcs").Status);
        Assert.Equal(["X.tif.mrcs"], bench.List());
        Assert.Equal(VfsStatus.Ok, bench.Lookup("X.tif.mrcs").Status);
        bench.Remount();
        Assert.Equal(["X.mrcs"], bench.List());
    }

    [Fact]
    public void NameOnceLookedUp_StaysWithItsArchiveWhenABetterOneArrives()
    {
        using var bench = new TreeBench(s => s.File("X.tif", "image"));
        Assert.Equal(1, HeaderOf(bench, "X.mrc").Nz);
        bench.Source.File("X.hdf", "volume");
        bench.Expire();
        Assert.Equal(1, HeaderOf(bench, "X.mrc").Nz);
        Assert.Equal(5, HeaderOf(bench, "X.hdf.mrc").Nz);
        Assert.Equal(["X.hdf.mrc", "X.mrc"], bench.List());
    }

    [Fact]
    public void BrokenArchive_IsListedUnderItsOwnNameWithItsOwnBytesAndItsVirtualNameGivesEio()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "broken").File("ok.hdf", "image"));
        Assert.Equal(["X.hdf", "ok.mrc"], bench.List());
        Assert.Equal("broken"u8, bench.ReadAll("X.hdf"));
        Assert.Equal(VfsStatus.Corrupt, bench.Lookup("X.mrc").Status);
        Assert.Equal(VfsStatus.Corrupt, bench.Lookup("X.mrcs").Status);
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("X").Status);
        var error = Assert.Single(bench.Tree.Statistics.Errors);
        Assert.Equal(("/s/X.hdf", "the superblock is damaged"), (error.Path, error.Reason));
    }

    [Fact]
    public void SoundFileWithoutImages_PassesThrough()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "none").File("X.tif", "image"));
        Assert.Equal(["X.hdf", "X.mrc"], bench.List());
        Assert.Equal(VfsStatus.Ok, bench.Lookup("X.mrc").Status);
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("X.tif.mrc").Status);
        Assert.Empty(bench.Tree.Statistics.Errors);
    }

    [Fact]
    public void FileBeingWritten_IsNotBrokenAndIsProbedAgain()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "writing"));
        Assert.Equal(["X.hdf"], bench.List());
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("X.mrc").Status);
        Assert.Empty(bench.Tree.Statistics.Errors);
        bench.Source.File("X.hdf", "image");
        bench.Expire();
        Assert.Equal(VfsStatus.Ok, bench.Lookup("X.mrc").Status);
        Assert.Equal(["X.mrc"], bench.List());
    }

    [Fact]
    public void Inodes_AreStableAcrossRemountsAndNeverThoseOfOthers()
    {
        using var bench = new TreeBench(s => s.File("S.hdf", "stack").File("F.hdf", "folder").File("a.txt", "x").Folder("sub"));
        string[] paths = ["S.hdf", "S.mrcs", "S.mrc", "F", "F/000000.mrc", "F/000003.mrc", "a.txt", "sub"];
        ulong[] before = [.. paths.Select(path => bench.Find(path).Attributes.Inode)];
        Assert.Equal(before.Length, before.Distinct().Count());
        Assert.DoesNotContain(1ul, before);
        bench.Remount();
        Assert.Equal(before, paths.Select(path => bench.Find(path).Attributes.Inode));
        Assert.All(bench.Entries().Where(entry => entry.Name is "S.mrcs" or "F" or "a.txt" or "sub"), entry =>
            Assert.Equal(bench.Find(entry.Name).Attributes.Inode, entry.Inode));
        Assert.Equal(1ul, TreeBench.Ask<(NodeAttributes Attributes, TimeSpan)>(r => bench.Tree.GetAttributes(1, null, r)).Value.Attributes.Inode);
    }

    [Fact]
    public void Links_AreShownAsStored()
    {
        using var bench = new TreeBench(s => s.File("X.mrc", "real").Link("link.mrc", "X.mrc").Link("away", "/elsewhere"));
        Assert.Equal(["X.mrc", "away", "link.mrc"], bench.List());
        var link = bench.Find("link.mrc");
        Assert.Equal(NodeKind.SymbolicLink, link.Attributes.Kind);
        Assert.Equal("X.mrc", TreeBench.Ask<string>(reply => bench.Tree.ReadLink(link.NodeId, reply)).Value);
        Assert.Equal(VfsStatus.InvalidArgument, TreeBench.Ask<string>(r => bench.Tree.ReadLink(bench.Find("X.mrc").NodeId, r)).Status);
    }

    [Fact]
    public void LinkToAnArchiveInsideTheSource_IsAnArchiveName()
    {
        using var bench = new TreeBench(s => s.Folder("data").File("data/X.hdf", "stack").Link("Y.hdf", "data/X.hdf"));
        Assert.Equal(["Y.mrcs", "data"], bench.List());
        Assert.Equal(StackLengthBytes, bench.ReadAll("Y.mrcs").Length);
        Assert.Equal(NodeKind.SymbolicLink, bench.Find("Y.hdf").Attributes.Kind);
    }

    [Fact]
    public void LinkOutOfTheSource_IsOpenedOnlyWithFollowSymlinks()
    {
        using var bench = new TreeBench(s => s.File("/out/X.hdf", "stack").Link("Y.hdf", "/out/X.hdf").Link("gone.hdf", "nowhere"));
        Assert.Equal(["Y.hdf", "gone.hdf"], bench.List());
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("Y.mrcs").Status);
        Assert.Equal(0, bench.Formats.ProbeCount);
        bench.Remount(new VirtualTreeOptions { FollowSymlinks = true });
        Assert.Equal(["Y.mrcs", "gone.hdf"], bench.List());
        Assert.Equal(StackLengthBytes, bench.ReadAll("Y.mrcs").Length);
    }

    [Fact]
    public void UndecodableNames_Survive()
    {
        const string Name = "caf\udce9";
        using var bench = new TreeBench(s => s.File(Name + ".hdf", "stack").File(Name + ".txt", "x"));
        Assert.Equal([Name + ".mrcs", Name + ".txt"], bench.List());
        Assert.Equal(StackLengthBytes, bench.Find(Name + ".mrcs").Attributes.LengthBytes);
    }

    [Fact]
    public void OwnFolderAtTheRoot_IsHidden()
    {
        using var bench = new TreeBench(s => s.Folder(".emfs").File(".emfs/owner", "x").Folder("sub").Folder("sub/.emfs"));
        Assert.Equal(["sub"], bench.List());
        Assert.Equal(VfsStatus.NotFound, bench.Lookup(".emfs").Status);
        Assert.Equal([".emfs"], bench.List("sub"));
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("a/b")]
    public void NamesThatCouldLeaveTheFolder_AreNotFound(string name)
    {
        using var bench = new TreeBench(s => s.Folder("a").File("a/b", "x"));
        Assert.Equal(VfsStatus.NotFound, TreeBench.Ask<NodeEntry>(reply => bench.Tree.Lookup(IFileTree.RootId, name, reply)).Status);
    }
}
