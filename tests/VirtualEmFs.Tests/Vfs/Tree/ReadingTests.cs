using System.Text;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Tree;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree;

/// <summary>The sentences of semantics.md, Reading, that the tree answers for.</summary>
public sealed class ReadingTests
{
    private const int FrameLengthBytes = 8 * 4 * 4;

    private static NodeAttributes AttributesOf(TreeBench bench, ulong nodeId, ulong? handle = null) =>
        TreeBench.Ask<(NodeAttributes Attributes, TimeSpan)>(reply => bench.Tree.GetAttributes(nodeId, handle, reply)).Value.Attributes;

    private static string? AttributeOf(TreeBench bench, string path, string name)
    {
        var reply = TreeBench.Ask<byte[]>(r => bench.Tree.GetExtendedAttribute(bench.Find(path).NodeId, name, r));
        return reply.Status == VfsStatus.Ok ? Encoding.UTF8.GetString(reply.Value) : null;
    }

    [Fact]
    public void Size_IsExactFromTheFirstStatAndWhatIsReadHasIt()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack"));
        var entry = bench.Find("X.mrcs");
        Assert.Equal(1024 + (5 * FrameLengthBytes), entry.Attributes.LengthBytes);
        ulong handle = bench.Open(entry.NodeId).Value.Handle;
        Assert.Equal(entry.Attributes.LengthBytes, bench.Read(handle, 0, 1 << 20).Bytes.Length);
    }

    [Fact]
    public void Read_EveryRange_IsThatPartOfTheFile()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "image"));
        byte[] whole = bench.ReadAll("X.mrc");
        var version = bench.Source.VersionOf("X.hdf");
        Assert.All(Enumerable.Range(0, FrameLengthBytes), i => Assert.Equal(FakeReader.ByteAt(version, i), whole[1024 + i]));
        ulong handle = bench.Open("X.mrc");
        for (int first = 1000; first < whole.Length; first += 7)
        {
            foreach (int length in (int[])[0, 1, 24, 25, 100, 1000])
            {
                Assert.Equal(whole[first..Math.Min(whole.Length, first + length)], bench.Read(handle, first, length).Bytes);
            }
        }
    }

    [Fact]
    public void Read_AtOrPastTheEnd_IsEmpty()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "image").File("a.txt", "hello"));
        ulong handle = bench.Open("X.mrc");
        Assert.Empty(bench.Read(handle, 1024 + FrameLengthBytes, 10).Bytes);
        Assert.Empty(bench.Read(handle, long.MaxValue, 10).Bytes);
        Assert.Empty(bench.Read(bench.Open("a.txt"), 5, 10).Bytes);
        Assert.Equal(VfsStatus.InvalidArgument, bench.Read(handle, -1, 10).Status);
        Assert.Equal(VfsStatus.InvalidHandle, bench.Read(9999, 0, 10).Status);
    }

    [Fact]
    public void Blocks_AreWhatTheArchiveOccupiesAndNeverZero()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack " + new string('x', 5000)).File("Y.hdf", "folder")
            .File("Z_master.h5", "set /s/Z_data.h5").File("Z_data.h5", "none " + new string('x', 10_000)));
        Assert.Equal(10, bench.Find("X.mrcs").Attributes.BlockCount);
        Assert.Equal(1, bench.Find("Y/000000.mrc").Attributes.BlockCount);
        Assert.Equal(1 + 20, bench.Find("Z.mrcs").Attributes.BlockCount);
    }

    [Fact]
    public void Seek_VirtualFiles_AreAllData()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "image"));
        ulong handle = bench.Open("X.mrc");
        long length = 1024 + FrameLengthBytes;
        Reply<long> Seek(long offset, SeekKind kind) => TreeBench.Ask<long>(reply => bench.Tree.Seek(handle, offset, kind, reply));
        Assert.Equal(5, Seek(5, SeekKind.Data).Value);
        Assert.Equal(length, Seek(5, SeekKind.Hole).Value);
        Assert.Equal(VfsStatus.NoSuchOffset, Seek(length, SeekKind.Data).Status);
        Assert.Equal(VfsStatus.NoSuchOffset, Seek(length, SeekKind.Hole).Status);
        Assert.Equal(VfsStatus.NoSuchOffset, Seek(-1, SeekKind.Data).Status);
    }

    [Fact]
    public void Open_ForWriting_IsRefusedOnAReadOnlyMount()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack").File("a.txt", "x"));
        foreach (string path in (string[])["X.mrcs", "a.txt"])
        {
            ulong id = bench.Find(path).NodeId;
            Assert.Equal(VfsStatus.ReadOnly, TreeBench.Ask<OpenedFile>(reply => bench.Tree.Open(id, forWriting: true, reply)).Status);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ReplacedArchive_NewOpensSeeTheNewAndOldHandlesKeepTheOld(bool isInPlace)
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack"));
        var old = bench.Find("X.mrcs");
        ulong handle = bench.Open(old.NodeId).Value.Handle;
        byte[] before = bench.Read(handle, 1024, 100).Bytes;
        if (isInPlace)
        {
            bench.Source.File("X.hdf", "stack");
        }
        else
        {
            bench.Source.Replace("X.hdf", "stack");
        }

        // The kernel still holds the old name: the open says so, and the kernel looks up again.
        Assert.Equal(VfsStatus.Stale, bench.Open(old.NodeId).Status);
        var now = bench.Find("X.mrcs");
        Assert.NotEqual(old.NodeId, now.NodeId);
        Assert.Equal(isInPlace, old.Attributes.Inode == now.Attributes.Inode);
        Assert.Equal(before, bench.Read(handle, 1024, 100).Bytes);
        Assert.NotEqual(before, bench.Read(bench.Open(now.NodeId).Value.Handle, 1024, 100).Bytes);
        bench.Expire();
        Assert.Equal(old.Attributes.MtimeNs, AttributesOf(bench, old.NodeId).MtimeNs);
        bench.Tree.Release(handle);
        Assert.Equal(VfsStatus.Stale, TreeBench.Ask<(NodeAttributes, TimeSpan)>(r => bench.Tree.GetAttributes(old.NodeId, null, r)).Status);
    }

    [Fact]
    public void UnknownNode_IsStaleSoThatTheKernelLooksUpAgain()
    {
        using var bench = new TreeBench();
        Assert.Equal(VfsStatus.Stale, bench.Open(777).Status);
        Assert.Equal(VfsStatus.Stale, TreeBench.Ask<NodeEntry>(reply => bench.Tree.Lookup(777, "a", reply)).Status);
        bench.Tree.Forget(777, 3);
        bench.Tree.Retain(777);
    }

    [Fact]
    public void KeepCache_OnlyWhileTheVersionIsUnchanged()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack").File("a.txt", "one"));
        foreach (string path in (string[])["X.mrcs", "a.txt"])
        {
            ulong id = bench.Find(path).NodeId;
            Assert.False(bench.Open(id).Value.KeepCache);
            Assert.True(bench.Open(id).Value.KeepCache);
        }

        ulong text = bench.Find("a.txt").NodeId;
        bench.Source.File("a.txt", "two");
        Assert.False(bench.Open(text).Value.KeepCache);
        Assert.Equal("two"u8, bench.Read(bench.Open(text).Value.Handle, 0, 10).Bytes);
    }

    [Fact]
    public void Attributes_AreAsOldAsTheTimeoutAtMost()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack").File("a.txt", "one"));
        var text = bench.Find("a.txt");
        int stats = bench.Source.Calls["Stat"];
        Assert.Equal(3, AttributesOf(bench, text.NodeId).LengthBytes);
        Assert.Equal(stats, bench.Source.Calls["Stat"]);
        bench.Time.Advance(TimeSpan.FromMilliseconds(600));
        var reply = TreeBench.Ask<(NodeAttributes, TimeSpan Timeout)>(r => bench.Tree.GetAttributes(text.NodeId, null, r));
        Assert.Equal(TimeSpan.FromMilliseconds(400), reply.Value.Timeout);
        bench.Source.File("a.txt", "three");
        bench.Expire();
        Assert.Equal(5, AttributesOf(bench, text.NodeId).LengthBytes);
        bench.Remount(new VirtualTreeOptions { IsImmutable = true });
        Assert.Equal(TimeSpan.FromDays(1), bench.Find("a.txt").Timeout);
    }

    [Fact]
    public void FileRemovedWhileOpen_KeepsItsAttributesForWhoHasItOpen()
    {
        using var bench = new TreeBench(s => s.File("a.txt", "one"));
        ulong id = bench.Find("a.txt").NodeId;
        ulong handle = bench.Open(id).Value.Handle;
        bench.Source.Remove("a.txt");
        bench.Expire();
        Assert.Equal(3, AttributesOf(bench, id, handle).LengthBytes);
        Assert.Equal("one"u8, bench.Read(handle, 0, 10).Bytes);
        Assert.Equal(VfsStatus.Stale, bench.Open(id).Status);
    }

    [Fact]
    public void DamagedArchive_IsRefusedAtOpenAndStatusNamesFileAndFrame()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "damaged"));
        Assert.Equal(VfsStatus.Corrupt, bench.Open(bench.Find("X.mrcs").NodeId).Status);
        var error = Assert.Single(bench.Tree.Statistics.Errors);
        Assert.Equal(("/s/X.hdf", "frame 2: image 2 is missing"), (error.Path, error.Reason));
        Assert.Equal("damaged", AttributeOf(bench, "X.mrcs", "user.emfs.state"));
        Assert.Equal("frame 2: image 2 is missing", AttributeOf(bench, "X.mrcs", "user.emfs.error"));
        Assert.Equal(0, bench.Reader.OpenCount);
    }

    [Fact]
    public void FailureWhileDecoding_IsEioAndMarksTheArchive()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack"));
        bench.Reader.BadFrames["/s/X.hdf"] = 3;
        var opened = bench.Open(bench.Find("X.mrcs").NodeId).Value;
        Assert.False(opened.DirectIo);
        Assert.Equal(FrameLengthBytes, bench.Read(opened.Handle, 1024 + (2 * FrameLengthBytes), FrameLengthBytes).Bytes.Length);
        Assert.Equal(VfsStatus.Corrupt, bench.Read(opened.Handle, 1024 + (2 * FrameLengthBytes), FrameLengthBytes + 1).Status);
        Assert.Equal(VfsStatus.Corrupt, bench.Open(bench.Find("X.mrcs").NodeId).Status);
        Assert.Equal("frame 3: a chunk is damaged", Assert.Single(bench.Tree.Statistics.Errors).Reason);
        // A repaired file is another version.
        bench.Source.File("X.hdf", "stack");
        bench.Expire();
        Assert.Equal(VfsStatus.Ok, bench.Open(bench.Find("X.mrcs").NodeId).Status);
    }

    [Fact]
    public void DamagedServe_OpensWithDirectIoAndReadsEndAtTheBadImage()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "damaged"), new VirtualTreeOptions { Damaged = DamagePolicy.Serve });
        bench.Reader.BadFrames["/s/X.hdf"] = 2;
        var opened = bench.Open(bench.Find("X.mrcs").NodeId).Value;
        Assert.True(opened.DirectIo);
        Assert.False(opened.KeepCache);
        Assert.Equal(1024 + (2 * FrameLengthBytes), bench.Read(opened.Handle, 0, 1 << 20).Bytes.Length);
        Assert.Equal(VfsStatus.Corrupt, bench.Read(opened.Handle, 0, 1 << 20, fillsPages: true).Status);
        Assert.Equal(1024, bench.Read(opened.Handle, 0, 1024, fillsPages: true).Bytes.Length);
        Assert.Equal(VfsStatus.Corrupt, bench.Read(opened.Handle, 1024 + (2 * FrameLengthBytes), 10).Status);
        Assert.Equal(2 * FrameLengthBytes, bench.Read(opened.Handle, 1024 + (3 * FrameLengthBytes), 1 << 20).Bytes.Length);
    }

    /// <summary>The kernel fills a short read of a cached file with zeros: wrong pixels.</summary>
    [Fact]
    public void DamagedServe_FaultMetInACachedFile_IsEioAndTheNextOpenIsDirect()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack"), new VirtualTreeOptions { Damaged = DamagePolicy.Serve });
        bench.Reader.BadFrames["/s/X.hdf"] = 2;
        var opened = bench.Open(bench.Find("X.mrcs").NodeId).Value;
        Assert.False(opened.DirectIo);
        Assert.Equal(VfsStatus.Corrupt, bench.Read(opened.Handle, 0, 1 << 20).Status);
        Assert.True(bench.Open(bench.Find("X.mrcs").NodeId).Value.DirectIo);
    }

    [Fact]
    public void ExtendedAttributes_OfAVirtualFile_TellItsArchive()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack"));
        ulong id = bench.Find("X.mrcs").NodeId;
        string[] names = ["bits", "codec", "rendermax", "rendermin", "source", "state"];
        Assert.Equal(
            ["5", "deflate", "6", "-2.5", "/s/X.hdf", "archive"], names.Select(name => AttributeOf(bench, "X.mrcs", $"user.emfs.{name}")));
        Assert.Empty(TreeBench.Ask<IReadOnlyList<string>>(reply => bench.Tree.ListExtendedAttributes(id, reply)).Value); // no copy takes them along
        Assert.Null(AttributeOf(bench, "X.mrcs", "user.emfs.error"));
        Assert.Null(AttributeOf(bench, "X.mrcs", "user.other"));
    }

    [Fact]
    public void ExtendedAttributes_OfPassingFiles_AreTheirOwnAndTellWhyAnArchiveIsBroken()
    {
        using var bench = new TreeBench(s => s.File("a.txt", "x").File("X.hdf", "broken").File("Y.tif", "none"));
        bench.Source.SetAttribute("a.txt", "user.note", "mine");
        bench.Source.SetAttribute("a.txt", "user.emfs.state", "copied from a mount");
        Assert.Equal("mine", AttributeOf(bench, "a.txt", "user.note"));
        Assert.Equal(["user.note"], TreeBench.Ask<IReadOnlyList<string>>(r => bench.Tree.ListExtendedAttributes(bench.Find("a.txt").NodeId, r)).Value);
        Assert.Equal("broken", AttributeOf(bench, "X.hdf", "user.emfs.state"));
        Assert.Equal("the superblock is damaged", AttributeOf(bench, "X.hdf", "user.emfs.error"));
        Assert.Equal("no images", AttributeOf(bench, "Y.tif", "user.emfs.state"));
        Assert.Equal("no images", AttributeOf(bench, "Y.tif", "user.emfs.reason"));
    }

    [Fact]
    public void ReplyThatThrows_DoesNotStopTheTree()
    {
        using var bench = new TreeBench(s => s.File("a.txt", "x"));
        bench.Tree.Lookup(1, "a.txt", new Reply<NodeEntry> { Packing = _ => throw new InvalidOperationException("the host is gone") });
        Assert.Equal(VfsStatus.Ok, bench.Lookup("a.txt").Status);
        SpinWait.SpinUntil(() => bench.Tree.Statistics.FailureCount == 1, TimeSpan.FromSeconds(30));
        Assert.Equal(1, bench.Tree.Statistics.FailureCount);
    }
}
