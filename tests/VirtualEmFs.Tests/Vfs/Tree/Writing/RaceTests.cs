using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree.Writing;

/// <summary>What programs do to a file in the very moment in which it is archived, or in which its samples come back.</summary>
public sealed class RaceTests
{
    private const int PatchOffset = 2000;

    private static readonly byte[] s_bytes = WrittenTree.Mrc(1), s_otherBytes = WrittenTree.Mrc(2, sectionCount: 3), s_patch = [1, 2, 3];
    private static readonly byte[] s_patched = [.. s_bytes[..PatchOffset], .. s_patch, .. s_bytes[(PatchOffset + s_patch.Length)..]];
    private static readonly TimeSpan s_while = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void Open_DuringTheCommit_WaitsAndLeadsToTheArchive()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.Disk.Renaming = to => PassIf(gate, to, "a.mrc.hdf");
        tree.WriteFile("a.mrc", s_bytes);
        gate.WaitForArrival();
        ulong nodeId = tree.Find("a.mrc");
        var opened = tree.AskOpen(nodeId);
        Assert.False(SpinWait.SpinUntil(() => opened.IsAnswered, TimeSpan.FromMilliseconds(100)));
        gate.Open();
        Assert.Equal(VfsStatus.Stale, opened.Status); // the kernel looks the name up again
        tree.Flush();
        Assert.NotEqual(nodeId, tree.Find("a.mrc"));
        Assert.Equal(s_bytes, tree.ReadAll("a.mrc"));
        Assert.Equal(["a.mrc.hdf"], tree.InSource());
    }

    [Fact]
    public void Lookup_WhenTheArchiveHasItsNameAlready_FindsOneFile()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.Disk.Renamed = to => PassIf(gate, to, "a.mrc.hdf");
        tree.WriteFile("a.mrc", s_bytes);
        gate.WaitForArrival();
        Assert.Equal(s_bytes.Length, tree.Lookup("a.mrc").Value.Attributes.LengthBytes);
        Assert.Equal(["a.mrc"], tree.List("", withAttributes: true));
        Assert.Equal(["a.mrc"], tree.List("", withAttributes: false));
        gate.Open();
        tree.Flush();
        Assert.Equal(["a.mrc"], tree.List("", withAttributes: true));
        Assert.Equal(s_bytes, tree.ReadAll("a.mrc"));
    }

    [Fact]
    public void Write_WhileTheFileIsArchived_WinsAndIsArchivedItself()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.Archiver.Archiving = _ => gate.Pass();
        tree.WriteFile("a.mrc", s_bytes);
        gate.WaitForArrival();
        ulong handle = tree.Open("a.mrc");
        tree.Write(handle, 0, s_otherBytes);
        gate.Open();
        Assert.Equal(s_otherBytes, tree.Read(handle));
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(s_otherBytes, tree.ReadAll("a.mrc"));
        Assert.Equal(["a.mrc.hdf"], tree.InSource());
        Assert.Equal(2, tree.Archiver.ArchiveCount);
    }

    [Fact]
    public void Rename_WhileTheFileIsArchived_GivesTheArchiveItsNewName()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.Archiver.Archiving = _ => gate.Pass();
        tree.WriteFile("a.mrc", s_bytes);
        gate.WaitForArrival();
        Assert.Equal(VfsStatus.Ok, tree.AskRename("a.mrc", "b.mrcs").Status);
        gate.Open();
        tree.Flush();
        Assert.Equal(["b.mrcs.hdf"], tree.InSource());
        Assert.Equal(VfsStatus.NotFound, tree.Lookup("a.mrc").Status);
        Assert.Equal(s_bytes, tree.ReadAll("b.mrcs"));
    }

    [Fact]
    public void Unlink_WhileTheFileIsArchived_LeavesNothing()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.Archiver.Archiving = _ => gate.Pass();
        tree.WriteFile("a.mrc", s_bytes);
        gate.WaitForArrival();
        Assert.Equal(VfsStatus.Ok, tree.AskUnlink("a.mrc").Status);
        gate.Open();
        tree.Flush();
        Assert.Empty(tree.InSource());
        Assert.Empty(tree.List("", withAttributes: true));
    }

    [Fact]
    public void Unlink_WhileTheSamplesComeBack_LeavesThemToWhoHasTheFileOpen()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        var (handle, written) = Patch(tree, gate, "a.mrc");
        AssertBothEnd(gate, tree.AskUnlink("a.mrc"), written);
        Assert.Equal(s_patched, tree.Read(handle));
        Assert.Equal(VfsStatus.NotFound, tree.Lookup("a.mrc").Status);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Empty(tree.InSource());
    }

    /// <summary>The archive was there when its name was asked for: what came out of it must not take that after the removal.</summary>
    [Fact]
    public void Unlink_WhenTheSamplesAreBack_LeavesThemToWhoHasTheFileOpen()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.Archive("a.mrc", s_bytes);
        ulong handle = tree.Open("a.mrc");
        tree.WriteFile("b.txt", s_patch);
        Assert.Equal(VfsStatus.Ok, tree.AskUnlink("b.txt").Status); // now the folder must be flushed before the file gets its name
        tree.Disk.SyncingFolder = path =>
        {
            if (path == tree.SourcePathOf(""))
            {
                gate.Pass();
            }
        };
        var written = tree.AskWrite(handle, PatchOffset, s_patch);
        gate.WaitForArrival();
        AssertBothEnd(gate, tree.AskUnlink("a.mrc"), written);
        Assert.Equal(VfsStatus.NotFound, tree.Lookup("a.mrc").Status);
        Assert.Equal(s_patched, tree.Read(handle));
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Empty(tree.InSource());
        Assert.Equal(VfsStatus.NotFound, tree.Lookup("a.mrc").Status);
    }

    [Fact]
    public void Rename_WhileTheSamplesComeBack_TakesThemAlong()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        var (handle, written) = Patch(tree, gate, "a.mrc");
        AssertBothEnd(gate, tree.AskRename("a.mrc", "b.mrc"), written);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(["b.mrc.hdf"], tree.InSource());
        Assert.Equal(VfsStatus.NotFound, tree.Lookup("a.mrc").Status);
        Assert.Equal(s_patched, tree.ReadAll("b.mrc"));
    }

    /// <summary>The archive has its new name already, but the mount has not followed it yet: it is not a removed one.</summary>
    [Fact]
    public void Write_WhileTheArchiveIsRenamed_GoesToItsNewName()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.Archive("a.mrc", s_bytes);
        ulong handle = tree.Open("a.mrc");
        tree.Disk.Renamed = to => PassIf(gate, to, "b.mrc.hdf");
        var renamed = tree.AskRename("a.mrc", "b.mrc");
        gate.WaitForArrival();
        var written = tree.AskWrite(handle, PatchOffset, s_patch);
        SpinWait.SpinUntil(() => written.IsAnswered, s_while);
        gate.Open();
        Assert.Equal(VfsStatus.Ok, renamed.Status);
        Assert.Equal(s_patch.Length, written.Value);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(["b.mrc.hdf"], tree.InSource());
        Assert.Equal(s_patched, tree.ReadAll("b.mrc"));
    }

    [Fact]
    public void Change_WhileTheSamplesComeBack_IsNotLost()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        var (handle, written) = Patch(tree, gate, "a.mrc", out ulong nodeId);
        AssertBothEnd(gate, tree.AskChange(nodeId, new AttributeChange(Permissions: 0x180)), written);
        tree.Tree.Release(handle);
        Assert.Equal(0x180u, tree.Lookup("a.mrc").Value.Attributes.Permissions);
        tree.Flush();
        Assert.Equal(0x180u, tree.Lookup("a.mrc").Value.Attributes.Permissions);
        Assert.Equal(s_patched, tree.ReadAll("a.mrc"));
    }

    [Fact]
    public void RenameOfItsFolder_WhileTheSamplesComeBack_TakesThemAlong()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.MakeFolder("d");
        var (handle, written) = Patch(tree, gate, "d/a.mrc");
        AssertBothEnd(gate, tree.AskRename("d", "g"), written);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(["g/a.mrc.hdf"], tree.InSource());
        Assert.Equal(["g"], tree.List("", withAttributes: true));
        Assert.Equal(s_patched, tree.ReadAll("g/a.mrc"));
    }

    [Fact]
    public void RenameOver_WhileTheSamplesComeBack_ReplacesTheName()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.Archive("b.mrc", s_otherBytes);
        var (handle, written) = Patch(tree, gate, "a.mrc");
        AssertBothEnd(gate, tree.AskRename("b.mrc", "a.mrc"), written);
        Assert.Equal(s_patched, tree.Read(handle));
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(["a.mrc.hdf"], tree.InSource());
        Assert.Equal(s_otherBytes, tree.ReadAll("a.mrc"));
    }

    [Fact]
    public void Lookup_WhileTheSamplesComeBack_FindsTheNodeThatIsWritten()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        var (handle, written) = Patch(tree, gate, "a.mrc", out ulong nodeId);
        Assert.Equal(nodeId, tree.Find("a.mrc"));
        Assert.Equal(s_bytes, tree.Read(handle)); // readers do not wait
        gate.Open();
        Assert.Equal(s_patch.Length, written.Value);
        Assert.Equal(nodeId, tree.Find("a.mrc"));
        Assert.Equal(["a.mrc"], tree.List("", withAttributes: true));
        Assert.Equal(s_patched, tree.ReadAll("a.mrc"));
        tree.Tree.Release(handle);
    }

    [Fact]
    public void RenameOfAFolder_WithOpenStagedFiles_TakesThemAlong()
    {
        using var tree = new WrittenTree();
        tree.MakeFolder("d");
        tree.MakeFolder("d/e");
        ulong handle = tree.Create("d/e/a.mrc");
        tree.Write(handle, 0, s_bytes[..1024]);
        tree.WriteFile("d/b.mrc", s_otherBytes);
        Assert.Equal(VfsStatus.Ok, tree.AskRename("d", "g").Status);
        tree.Write(handle, 1024, s_bytes[1024..]);
        Assert.Equal(s_bytes, tree.ReadAll("g/e/a.mrc"));
        Assert.Equal(VfsStatus.NotFound, tree.Lookup("d").Status);
        Assert.Equal(s_otherBytes, tree.ReadAll("g/b.mrc"));
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(["g/b.mrc.hdf", "g/e/a.mrc.hdf"], tree.InSource());
        Assert.Equal(s_bytes, tree.ReadAll("g/e/a.mrc"));
    }

    /// <summary>Whatever is archived meanwhile, a listing has each name once.</summary>
    [Fact]
    public void Listing_DuringArchiving_HasEachNameOnce()
    {
        using var tree = new WrittenTree();
        string[] names = [.. Enumerable.Range(0, 40).Select(number => $"{number:00}.mrc")];
        foreach (string name in names)
        {
            tree.WriteFile(name, s_bytes);
        }

        int listingCount = 0;
        do
        {
            Assert.Equal(names, tree.List("", withAttributes: listingCount % 2 == 0).Order(StringComparer.Ordinal));
            listingCount++;
        }
        while (tree.InSource().Length < names.Length && listingCount < 100_000);
        Assert.Equal(names, tree.List("", withAttributes: true).Order(StringComparer.Ordinal));
    }

    /// <summary>The archive has its name within one tick of the clock after the folder was read: the folder's version is the same as before.</summary>
    [Fact]
    public void Lookup_DuringArchiving_FindsTheFile()
    {
        const int fileCount = 20, lookupsAfterwards = 50;
        using var tree = new WrittenTree();
        for (int number = 0; number < fileCount; number++)
        {
            string name = $"{number:00}.mrc";
            tree.WriteFile(name, s_bytes);
            for (int left = lookupsAfterwards; left > 0; left -= tree.InSource().Length > number ? 1 : 0)
            {
                Assert.Equal(VfsStatus.NotFound, tree.Lookup("none.mrc").Status); // reads the folder
                Assert.Equal(VfsStatus.Ok, tree.Lookup(name).Status);
            }
        }
    }

    /// <summary>What such a lookup finds has the folder's new name by then, and whoever has it open goes on with it.</summary>
    [Fact]
    public void RenameOfAFolder_DuringALookupInIt_MisleadsNobody()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.MakeFolder("d");
        tree.Archive("d/a.mrc", s_bytes);
        ulong folder = tree.Find("d"), handle = tree.Open("d/a.mrc");
        tree.Source.HasStatted = path =>
        {
            if (path == "d/a.mrc.hdf")
            {
                tree.Source.HasStatted = null;
                gate.Pass();
            }
        };
        var found = TreeBench.Ask<NodeEntry>(reply => tree.Tree.Lookup(folder, "a.mrc", reply));
        gate.WaitForArrival();
        Assert.Equal(VfsStatus.Ok, tree.AskRename("d", "g").Status);
        gate.Open();
        Assert.Equal(VfsStatus.Ok, found.Status);
        tree.Write(handle, PatchOffset, s_patch);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(["g/a.mrc.hdf"], tree.InSource());
        Assert.Equal(s_patched, tree.ReadAll("g/a.mrc"));
    }

    /// <summary>The name is looked for under the folder's old path when that is gone: it is there all the same.</summary>
    [Fact]
    public void RenameOfAFolder_JustBeforeANameInItIsLookedFor_HidesNothing()
    {
        using var tree = new WrittenTree();
        tree.MakeFolder("d");
        tree.Tree.Release(tree.Create("d/a.txt"));
        ulong folder = tree.Find("d");
        tree.Source.Statting = path =>
        {
            if (path == "d/a.txt")
            {
                tree.Source.Statting = null;
                Assert.Equal(VfsStatus.Ok, tree.AskRename("d", "g").Status);
            }
        };
        Assert.Equal(VfsStatus.Ok, TreeBench.Ask<NodeEntry>(reply => tree.Tree.Lookup(folder, "a.txt", reply)).Status);
        Assert.Null(tree.Source.Statting);
    }

    private static void PassIf(Gate gate, string path, string name)
    {
        if (Path.GetFileName(path) == name)
        {
            gate.Pass();
        }
    }

    /// <summary>Opens the gate, and both succeed: what was asked for while the samples come back may wait for them, or go first.</summary>
    private static void AssertBothEnd<T>(Gate gate, Reply<T> asked, Reply<int> written)
    {
        SpinWait.SpinUntil(() => asked.IsAnswered, s_while);
        gate.Open();
        Assert.Equal(VfsStatus.Ok, asked.Status);
        Assert.Equal(s_patch.Length, written.Value);
    }

    private static (ulong Handle, Reply<int> Written) Patch(WrittenTree tree, Gate gate, string path) => Patch(tree, gate, path, out _);

    /// <summary>Writes to an archive, whose samples come back when the gate opens.</summary>
    private static (ulong Handle, Reply<int> Written) Patch(WrittenTree tree, Gate gate, string path, out ulong nodeId)
    {
        tree.Archive(path, s_bytes);
        nodeId = tree.Find(path);
        ulong handle = tree.AskOpen(nodeId).Value.Handle;
        tree.Archiver.Restoring = gate.Pass;
        var written = tree.AskWrite(handle, PatchOffset, s_patch);
        gate.WaitForArrival();
        return (handle, written);
    }
}
