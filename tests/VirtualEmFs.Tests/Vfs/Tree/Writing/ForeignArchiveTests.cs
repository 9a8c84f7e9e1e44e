using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Tests.Archives.Compression;
using VirtualEmFs.Vfs;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree.Writing;

/// <summary>Archives that another program wrote, renamed or changed, in a source that the mount writes to.</summary>
public sealed class ForeignArchiveTests
{
    private const int PatchOffset = 2000;

    private static readonly byte[] s_bytes = WrittenTree.Mrc(1), s_patch = [1, 2, 3];

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
        Assert.Equal((byte[])[.. s_bytes[..PatchOffset], .. s_patch, .. s_bytes[(PatchOffset + s_patch.Length)..]], tree.ReadAll("a.mrc"));
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
}
