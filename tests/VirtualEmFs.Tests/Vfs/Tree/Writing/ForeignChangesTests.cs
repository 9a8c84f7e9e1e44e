using VirtualEmFs.Vfs;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree.Writing;

/// <summary>What other programs do in the source itself to files that programs have open on the mount, or that wait to be archived.</summary>
public sealed class ForeignChangesTests
{
    private const int PatchOffset = 2000, OtherOffset = 3000;

    private static readonly byte[] s_bytes = WrittenTree.Mrc(1), s_otherBytes = WrittenTree.Mrc(2, sectionCount: 3), s_patch = [1, 2, 3], s_otherPatch = [7, 8];

    [Fact]
    public void PlainFile_ReplacedWhileItIsWrittenTo_IsAnotherFile()
    {
        using var tree = new WrittenTree();
        Place(tree, "a.mrc", s_bytes);
        ulong old = tree.Open("a.mrc");
        tree.Write(old, PatchOffset, s_patch);
        Place(tree, "a.mrc", s_otherBytes);
        ulong handle = tree.OpenAnew("a.mrc");
        Assert.Equal(s_otherBytes, tree.Read(handle));
        tree.Write(handle, OtherOffset, s_otherPatch);
        Assert.Equal(VfsStatus.Ok, tree.AskSync(handle).Status);
        tree.Write(old, OtherOffset, s_patch);
        Assert.Equal(Patched(s_otherBytes, OtherOffset, s_otherPatch), tree.Read(handle));
        tree.Tree.Release(handle);
        tree.Tree.Release(old);
        tree.Flush();
        Assert.Equal(Patched(s_otherBytes, OtherOffset, s_otherPatch), tree.ReadAll("a.mrc"));
        Assert.Equal(["a.mrc.hdf"], tree.InSource());
    }

    /// <summary>Nobody wrote the new file through the mount.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PlainFile_ReplacedWhileItWaits_StaysRaw(bool isLookedUp)
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.Archiver.Archiving = _ => gate.Pass();
        Place(tree, "a.mrc", s_bytes);
        ulong node = tree.Find("a.mrc");
        ulong handle = tree.Open("a.mrc");
        tree.Write(handle, PatchOffset, s_patch);
        tree.Tree.Release(handle);
        gate.WaitForArrival();
        Place(tree, "a.mrc", s_otherBytes);
        Assert.Equal(VfsStatus.Stale, tree.AskOpen(node).Status);
        if (isLookedUp)
        {
            Assert.Equal(s_otherBytes, tree.ReadAll("a.mrc"));
        }

        gate.Open();
        tree.Flush();
        Assert.Equal(["a.mrc"], tree.InSource());
        Assert.Equal(s_otherBytes, tree.ReadAll("a.mrc"));
    }

    [Fact]
    public void PlainFile_ChangedInPlaceWhileItWaits_LosesItsPages()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.Archiver.Archiving = _ => gate.Pass();
        Place(tree, "a.mrc", s_bytes);
        ulong handle = tree.Open("a.mrc");
        tree.Write(handle, PatchOffset, s_patch);
        tree.Tree.Release(handle);
        gate.WaitForArrival();
        handle = tree.Open("a.mrc", forWriting: false);
        tree.Tree.Release(handle);
        using (var file = File.OpenWrite(tree.SourcePathOf("a.mrc")))
        {
            file.Write(s_otherPatch);
        }

        Assert.False(tree.AskOpen(tree.Find("a.mrc"), forWriting: false).Value.KeepCache);
        gate.Open();
    }

    [Fact]
    public void PlainFile_RenamedWhenItIsFirstWrittenTo_IsStillTheOneThatIsWritten()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        Place(tree, "a.mrc", s_bytes);
        Place(tree, "c.mrc", s_otherBytes);
        ulong handle = tree.Open("a.mrc");
        tree.Disk.SyncingFolder = path =>
        {
            if (path == tree.SourcePathOf(""))
            {
                tree.Disk.SyncingFolder = null;
                gate.Pass();
            }
        };
        var written = tree.AskWrite(handle, PatchOffset, s_patch);
        gate.WaitForArrival();
        var away = tree.AskRename("a.mrc", "b.mrc");
        SpinWait.SpinUntil(() => away.IsAnswered, TimeSpan.FromMilliseconds(300));
        var over = tree.AskRename("c.mrc", "a.mrc");
        SpinWait.SpinUntil(() => over.IsAnswered, TimeSpan.FromMilliseconds(300));
        gate.Open();
        Assert.Equal(VfsStatus.Ok, away.Status);
        Assert.Equal(VfsStatus.Ok, over.Status);
        Assert.Equal(s_patch.Length, written.Value);
        Assert.Equal(s_otherBytes, tree.ReadAll("a.mrc"));
        Assert.Equal(Patched(s_bytes, PatchOffset, s_patch), tree.ReadAll("b.mrc"));
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(Patched(s_bytes, PatchOffset, s_patch), tree.ReadAll("b.mrc"));
        Assert.Equal(["a.mrc", "b.mrc.hdf"], tree.InSource());
    }

    [Fact]
    public void PlainFile_ChangedWhenItsArchiveIsNamed_Stays()
    {
        using var tree = new WrittenTree();
        Place(tree, "a.mrc", s_bytes);
        ulong handle = tree.Open("a.mrc");
        tree.Write(handle, PatchOffset, s_patch);
        tree.Disk.SyncingFolder = path =>
        {
            if (path.EndsWith(".emfs/tmp", StringComparison.Ordinal))
            {
                tree.Disk.SyncingFolder = null;
                File.WriteAllBytes(tree.SourcePathOf("a.mrc"), s_otherBytes);
            }
        };
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Null(tree.Disk.SyncingFolder);
        Assert.Equal(s_otherBytes, tree.ReadAll("a.mrc"));
    }

    [Fact]
    public void Sync_WhileTheSourceHangs_NeedsOnlyTheStagingFolder()
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        Place(tree, "a.mrc", s_bytes);
        ulong plain = tree.Open("a.mrc"), staged = tree.Create("b.mrc");
        tree.Write(staged, 0, s_otherBytes);
        Assert.Equal(VfsStatus.Ok, tree.AskSync(staged).Status);
        tree.Disk.Opening = path =>
        {
            if (path == tree.SourcePathOf("a.mrc"))
            {
                gate.Pass();
            }
        };
        var written = tree.AskWrite(plain, PatchOffset, s_patch);
        SpinWait.SpinUntil(() => written.IsAnswered, TimeSpan.FromSeconds(1));
        tree.Write(staged, 0, s_bytes);
        var synced = tree.AskSync(staged);
        Assert.True(SpinWait.SpinUntil(() => synced.IsAnswered, TimeSpan.FromSeconds(10)), "fsync waits for the source");
        gate.Open();
        Assert.Equal(s_patch.Length, written.Value);
        tree.Tree.Release(plain);
        tree.Tree.Release(staged);
    }

    /// <summary>A purge of old files, or a disk that is broken: the archive that the file came out of must not be shown in its place.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void StagedFile_WhoseRawFileIsGone_IsAnError(bool cameOutOfAnArchive)
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        if (cameOutOfAnArchive)
        {
            tree.Archive("a.mrc", s_bytes);
        }

        tree.Archiver.Archiving = _ => gate.Pass();
        ulong handle = cameOutOfAnArchive ? tree.Open("a.mrc") : tree.Create("a.mrc");
        tree.Write(handle, 0, s_otherBytes);
        tree.Tree.Release(handle);
        gate.WaitForArrival();
        File.Delete(Assert.Single(Directory.GetFiles(Path.Combine(tree.StagingPath, "files"))));
        Assert.Equal(VfsStatus.Corrupt, tree.Lookup("a.mrc").Status);
        Assert.Equal(["a.mrc"], tree.List("", withAttributes: true));
        gate.Open();
    }

    /// <summary>Its time of change makes it another version, and so another node: what the kernel keeps of the two must not be mixed.</summary>
    [Fact]
    public void Archive_WhoseAttributesChangedWhileItIsOpen_IsWrittenThroughOneNode()
    {
        using var tree = new WrittenTree();
        tree.Archive("a.mrc", s_bytes);
        ulong oldNode = tree.Find("a.mrc");
        ulong old = tree.AskOpen(oldNode).Value.Handle;
        File.SetUnixFileMode(tree.SourcePathOf("a.mrc.hdf"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        ulong node = tree.Find("a.mrc");
        Assert.NotEqual(oldNode, node);
        ulong handle = tree.AskOpen(node).Value.Handle;
        tree.Write(handle, PatchOffset, s_patch);
        Assert.Equal(VfsStatus.Stale, tree.AskWrite(old, OtherOffset, s_otherPatch).Status);
        Assert.Equal(Patched(s_bytes, PatchOffset, s_patch), tree.Read(handle));
        tree.Tree.Release(old);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(Patched(s_bytes, PatchOffset, s_patch), tree.ReadAll("a.mrc"));
    }

    private static byte[] Patched(byte[] bytes, int offset, byte[] patch) => [.. bytes[..offset], .. patch, .. bytes[(offset + patch.Length)..]];

    /// <summary>Puts a file into the source as another program does that writes it elsewhere first.</summary>
    private static void Place(WrittenTree tree, string name, byte[] bytes)
    {
        string newPath = tree.SourcePathOf(name + ".new");
        File.WriteAllBytes(newPath, bytes);
        File.Move(newPath, tree.SourcePathOf(name), overwrite: true);
    }
}
