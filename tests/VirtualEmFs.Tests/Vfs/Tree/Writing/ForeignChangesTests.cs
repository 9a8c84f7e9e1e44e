using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Tests.Archives.Compression;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
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

    /// <summary>An archive of the mount's making that somebody gave another extension: what is archived in its place takes its name, too.</summary>
    [Fact]
    public void Archive_ShownUnderAnotherExtension_GivesItsNameToTheNewOne()
    {
        using var tree = new WrittenTree();
        tree.Archive("b.mrc", s_bytes);
        File.Move(tree.SourcePathOf("b.mrc.hdf"), tree.SourcePathOf("a.mrc.h5"));
        Assert.Equal(s_bytes, tree.ReadAll("a.mrc"));
        ulong handle = tree.Open("a.mrc");
        tree.Write(handle, PatchOffset, s_patch);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(["a.mrc.hdf"], tree.InSource());
        Assert.Equal(["a.mrc"], tree.List("", withAttributes: true));
        Assert.Equal(Patched(s_bytes, PatchOffset, s_patch), tree.ReadAll("a.mrc"));
    }

    /// <summary>Archives that another program wrote keep their extension, and with it come behind what had the name before.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ForeignArchive_RenamedToWhatWasAnArchive_HasTheName(bool isRemoved)
    {
        using var tree = new WrittenTree();
        File.Copy(GoldenData.PathOf("eman2", "row4_float_span0_12bit", "archive.hdf"), tree.SourcePathOf("a.h5"));
        byte[] samples = tree.ReadAll("a.mrc")[MrcHeader.LengthBytes..]; // a label names the archive
        tree.Archive("b.mrc", s_bytes);
        Assert.Equal(s_bytes, tree.ReadAll("b.mrc"));
        Assert.True(!isRemoved || tree.AskUnlink("b.mrc").Status == VfsStatus.Ok);
        Assert.Equal(VfsStatus.Ok, tree.AskRename("a.mrc", "b.mrc").Status);
        Assert.Equal(["b.mrc"], tree.List("", withAttributes: true));
        Assert.Equal(["b.mrc"], tree.List("", withAttributes: false));
        Assert.Equal(samples, tree.ReadAll("b.mrc")[MrcHeader.LengthBytes..]);
    }

    /// <summary>Removing the winner does not promote the loser, be it that the winner never became an archive.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void ForeignArchive_WhoseNameWasWrittenTo_DoesNotGetItBack(bool isArchived, bool isRenamed)
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        File.Copy(GoldenData.PathOf("eman2", "row4_float_span0_12bit", "archive.hdf"), tree.SourcePathOf("a.h5"));
        ulong handle = tree.Open("a.mrc");
        tree.Write(handle, PatchOffset, s_patch);
        tree.Archiver.Archiving = _ => gate.Pass();
        tree.Tree.Release(handle);
        gate.WaitForArrival();
        if (isArchived)
        {
            gate.Open();
            tree.Flush();
            Assert.Equal(["a.h5", "a.mrc.hdf"], tree.InSource());
        }

        Assert.Equal(VfsStatus.Ok, isRenamed ? tree.AskRename("a.mrc", "b.mrc").Status : tree.AskUnlink("a.mrc").Status);
        gate.Open();
        tree.Flush();
        Assert.Equal(VfsStatus.NotFound, tree.Lookup("a.mrc").Status);
        Assert.Equal(VfsStatus.Ok, tree.Lookup("a.h5.mrc").Status);
        string[] names = isRenamed ? ["a.h5.mrc", "b.mrc"] : ["a.h5.mrc"];
        Assert.Equal(names, tree.List("", withAttributes: true).Order(StringComparer.Ordinal));
        Assert.Equal(names, tree.List("", withAttributes: false).Order(StringComparer.Ordinal));
    }

    /// <summary>Truncated to five bits by another program: what nobody wrote to must not be truncated a second time, to other steps.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ForeignArchive_WrittenTo_KeepsTheIntegersOfOtherFrames(bool isInRenamedFolder)
    {
        using var tree = new WrittenTree();
        using var gate = new Gate();
        tree.MakeFolder("p");
        File.Copy(GoldenData.PathOf("eman2", "stack_2d_limits_differ_5bit", "archive.hdf"), tree.SourcePathOf("p/a.hdf"));
        byte[] before = tree.ReadAll("p/a.mrcs");
        int sectionCount = BitConverter.ToInt32(before, 8), frameBytes = (before.Length - MrcHeader.LengthBytes) / sectionCount;
        Assert.InRange(sectionCount, 2, 100);
        ulong handle = tree.Open("p/a.mrcs");
        tree.Write(handle, before.Length - frameBytes, before[^4..]);
        if (isInRenamedFolder)
        {
            Assert.Equal(VfsStatus.Ok, tree.AskRename("p", "q").Status);
        }

        tree.Tree.Release(handle);
        tree.Flush();
        string folder = isInRenamedFolder ? "q" : "p";
        Assert.Equal([$"{folder}/a.hdf", $"{folder}/a.mrcs.hdf"], tree.InSource());
        byte[] after = tree.ReadAll($"{folder}/a.mrcs");
        Assert.Equal(before[MrcHeader.LengthBytes..^frameBytes], after[MrcHeader.LengthBytes..^frameBytes]);
        Assert.Equal(before[^4..], after[^frameBytes..^(frameBytes - 4)]); // a value that the frame's steps have
        Assert.Equal(before[^(frameBytes - 4)..], after[^(frameBytes - 4)..]);
    }

    /// <summary>EMAN2 puts another image into an archive of the mount: that is shown as float32, and the archive still the mount's.</summary>
    [Theory]
    [InlineData("float")]
    [InlineData("8 bits")]
    public void Archive_InWhichAnotherProgramReplacedAnImage_IsWrittenToLikeAnyOther(string kind)
    {
        const int sectionCount = 4;
        using var tree = new WrittenTree();
        tree.Archive("a.mrcs", WrittenTree.Mrc(1, sectionCount));
        AlteredArchive.Replace(tree.SourcePathOf("a.mrcs.hdf"), 1, kind);
        File.Delete(tree.SourcePathOf("a.mrcs.hdf.shown"));
        byte[] before = tree.ReadAll("a.mrcs");
        Assert.Equal(2, BitConverter.ToInt32(before, 12));
        int frameBytes = (before.Length - MrcHeader.LengthBytes) / sectionCount;
        ulong handle = tree.Open("a.mrcs");
        tree.Write(handle, before.Length - frameBytes, before[^4..]);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(["a.mrcs.hdf"], tree.InSource());
        byte[] after = tree.ReadAll("a.mrcs");
        Assert.Equal(before[MrcHeader.LengthBytes..^frameBytes].Length, after[MrcHeader.LengthBytes..^frameBytes].Length);
        foreach (int section in (int[])[0, 2])
        {
            var bytes = new Range(MrcHeader.LengthBytes + (section * frameBytes), MrcHeader.LengthBytes + ((section + 1) * frameBytes));
            Assert.Equal(before[bytes], after[bytes]);
        }

        Assert.Equal(before[^4..], after[^frameBytes..^(frameBytes - 4)]);
    }

    /// <summary>It goes its own way, and its folder another one.</summary>
    [Fact]
    public void ForeignArchive_WrittenToAndMoved_CanBeMovedOn()
    {
        using var tree = new WrittenTree();
        tree.MakeFolder("a");
        tree.MakeFolder("longer");
        File.Copy(GoldenData.PathOf("eman2", "row4_float_span0_12bit", "archive.hdf"), tree.SourcePathOf("a/x.hdf"));
        ulong handle = tree.Open("a/x.mrc");
        tree.Write(handle, PatchOffset, s_patch);
        Assert.Equal(VfsStatus.Ok, tree.AskRename("a/x.mrc", "longer/x.mrc").Status);
        Assert.Equal(VfsStatus.Ok, tree.AskRename("longer", "l").Status);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(["a/x.hdf", "l/x.mrc.hdf"], tree.InSource());
    }

    /// <summary>Its file has the name that it gets; only what is shown under it changes.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ForeignArchive_RenamedToItsShortName_ReplacesWhatHasThat(bool isStaged)
    {
        using var tree = new WrittenTree();
        tree.Archive("b.mrc", s_bytes);
        File.Move(tree.SourcePathOf("b.mrc.hdf"), tree.SourcePathOf("a.mrc.hdf"));
        File.Copy(GoldenData.PathOf("eman2", "row4_float_span0_12bit", "archive.hdf"), tree.SourcePathOf("a.mrc.h5"));
        Assert.Equal(s_bytes, tree.ReadAll("a.mrc"));
        byte[] samples = tree.ReadAll("a.mrc.h5.mrc")[MrcHeader.LengthBytes..];
        ulong handle = tree.Open("a.mrc", forWriting: isStaged);
        if (isStaged)
        {
            tree.Write(handle, PatchOffset, s_patch);
        }

        Assert.Equal(VfsStatus.Ok, tree.AskRename("a.mrc.h5.mrc", "a.mrc").Status);
        Assert.Equal(samples, tree.ReadAll("a.mrc")[MrcHeader.LengthBytes..]);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(["a.mrc.h5"], tree.InSource());
        Assert.Equal(["a.mrc"], tree.List("", withAttributes: true));
    }

    /// <summary>What another program wrote is not removed, and it would keep the name.</summary>
    [Fact]
    public void ForeignArchive_RenamedToAnotherThatWouldKeepTheName_IsRefused()
    {
        using var tree = new WrittenTree();
        string golden = GoldenData.PathOf("eman2", "row4_float_span0_12bit", "archive.hdf");
        File.Copy(golden, tree.SourcePathOf("a.h5"));
        File.Copy(golden, tree.SourcePathOf("b.mrc.hdf"));
        Assert.Equal(VfsStatus.AlreadyExists, tree.AskRename("a.mrc", "b.mrc").Status);
        Assert.Equal(["a.h5", "b.mrc.hdf"], tree.InSource());
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
