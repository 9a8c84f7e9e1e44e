using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Tree;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree;

public sealed class FoldersTests
{
    [Fact]
    public void List_TenThousandArchives_ProbesEachOnceHoweverOftenItIsListed()
    {
        const int Count = 10_000;
        using var bench = new TreeBench(s =>
        {
            for (int i = 0; i < Count; i++)
            {
                s.File($"m{i:00000}.hdf", i % 10 == 9 ? "broken" : "image");
            }
        });
        var first = bench.Entries(withAttributes: true, batch: 128);
        Assert.Equal(Count + 2, first.Count);
        Assert.Equal(Count, bench.Formats.ProbeCount);
        bench.Expire();
        var second = bench.Entries(withAttributes: true, batch: 128);
        Assert.Equal(first.Select(entry => (entry.Name, entry.Inode)), second.Select(entry => (entry.Name, entry.Inode)));
        Assert.Equal(Count, bench.Formats.ProbeCount);
        Assert.Equal(VfsStatus.Ok, bench.Lookup("m00000.mrc").Status);
        Assert.Equal(VfsStatus.Corrupt, bench.Lookup("m00009.mrc").Status);
        Assert.Equal(Count, bench.Formats.ProbeCount);
    }

    [Fact]
    public void List_WithAttributes_FillsEntriesThatAreNotCountedUntilRetained()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack").File("a.txt", "hello"));
        var retained = new List<ulong>();
        var entries = bench.Entries(withAttributes: true, packing: entry =>
        {
            if (entry.Name == "X.mrcs")
            {
                bench.Tree.Retain(entry.Entry!.Value.NodeId);
                retained.Add(entry.Entry.Value.NodeId);
            }
        });
        Assert.Equal([".", ".."], entries.Where(entry => entry.Entry is null).Select(entry => entry.Name));
        Assert.Equal(5, entries.Single(entry => entry.Name == "a.txt").Entry!.Value.Attributes.LengthBytes);
        Assert.Equal(retained.Single(), bench.Find("X.mrcs").NodeId);
        Assert.NotEqual(entries.Single(entry => entry.Name == "a.txt").Entry!.Value.NodeId, bench.Find("a.txt").NodeId);
    }

    /// <summary>"ls -l" and then "find" ask the disk once; a name that came meanwhile is there all the same.</summary>
    [Fact]
    public void List_AgainWithinTheTimeout_ReadsTheFolderOnceUnlessItChanged()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack").File("Y.hdf", "image"));
        Assert.Equal(4, bench.Entries(withAttributes: true).Count);
        int statCount = bench.Source.Calls["Stat"];
        var again = bench.Entries(withAttributes: true, batch: 1);
        Assert.Equal(["X.mrcs", "Y.mrc"], again.Where(entry => entry.Entry is not null).Select(entry => entry.Name).Order());
        Assert.Equal(1, bench.Source.Calls["List"]);
        Assert.Equal(statCount + 1, bench.Source.Calls["Stat"]); // the folder's own

        bench.Source.File("Z.hdf", "image");
        Assert.Contains(bench.Entries(withAttributes: true), entry => entry.Name == "Z.mrc");
        bench.Expire();
        bench.Entries(withAttributes: true);
        Assert.Equal(3, bench.Source.Calls["List"]);
    }

    [Fact]
    public void List_FromAnyCookie_ContinuesThere()
    {
        using var bench = new TreeBench(s => s.File("a", "").File("b", "").File("c", ""));
        ulong handle = TreeBench.Ask<ulong>(reply => bench.Tree.OpenDirectory(1, reply)).Value;
        IReadOnlyList<DirectoryEntry> Page(long offset, int count) =>
            TreeBench.Ask<IReadOnlyList<DirectoryEntry>>(reply => bench.Tree.ReadDirectory(handle, offset, count, false, reply)).Value;
        var all = Page(0, 100);
        Assert.Equal([".", "..", "a", "b", "c"], all.Select(entry => entry.Name));
        for (int i = 0; i < all.Count; i++)
        {
            Assert.Equal(all.Skip(i + 1).Select(entry => entry.Name), Page(all[i].NextOffset, 100).Select(entry => entry.Name));
        }

        // A rewind sees what is new.
        bench.Source.File("d", "");
        Assert.Equal(3, Page(2, 100).Count);
        Assert.Equal(6, Page(0, 100).Count);
        bench.Tree.ReleaseDirectory(handle);
        Assert.Equal(VfsStatus.InvalidHandle, TreeBench.Ask<IReadOnlyList<DirectoryEntry>>(r => bench.Tree.ReadDirectory(handle, 0, 1, false, r)).Status);
    }

    /// <summary>find(1) believes d_type and would not enter a folder that calls itself a file.</summary>
    [Fact]
    public void List_OfAFileSystemWithoutKinds_TellsThemAllTheSame()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack").Folder("sub").Link("link", "sub").Folder("odd.hdf"));
        bench.Source.HidesKinds = true;
        Assert.Equal(
            [("X.mrcs", NodeKind.File), ("link", NodeKind.SymbolicLink), ("odd.hdf", NodeKind.Directory), ("sub", NodeKind.Directory)],
            bench.Entries().Where(entry => !entry.Name.StartsWith('.')).Select(entry => (entry.Name, entry.Kind)).Order());
        Assert.Equal(VfsStatus.NotFound, bench.Lookup("odd.mrc").Status);
    }

    /// <summary>Memory that a program keeps for itself grows with every name it has ever seen.</summary>
    [Fact]
    public void List_WithoutRetain_LeavesNoNodes()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack").File("a", "").File("b", "").Folder("sub"));
        Assert.Equal(6, bench.Entries(withAttributes: true).Count);
        SpinWait.SpinUntil(() => bench.Tree.Statistics.NodeCount == 1, TimeSpan.FromSeconds(30));
        Assert.Equal((1, 0), (bench.Tree.Statistics.NodeCount, bench.Tree.Statistics.OpenHandleCount));
    }

    [Fact]
    public void OpenDirectory_OfAFile_IsRefused()
    {
        using var bench = new TreeBench(s => s.File("a.txt", "x"));
        ulong file = bench.Find("a.txt").NodeId;
        Assert.Equal(VfsStatus.NotDirectory, TreeBench.Ask<ulong>(reply => bench.Tree.OpenDirectory(file, reply)).Status);
        Assert.Equal(VfsStatus.NotDirectory, TreeBench.Ask<NodeEntry>(reply => bench.Tree.Lookup(file, "x", reply)).Status);
        Assert.Equal(VfsStatus.IsDirectory, bench.Open(IFileTree.RootId).Status);
    }

    /// <summary>A mount whose one disk hangs must not hang.</summary>
    [Fact]
    public void StalledFolder_DoesNotStopOthersOrCachedNames()
    {
        using var bench = new TreeBench(s => s.Folder("slow").File("slow/a.hdf", "stack").Folder("fast").File("fast/b.hdf", "stack"));
        ulong slow = bench.Find("slow").NodeId;
        ulong known = bench.Find("slow/a.mrcs").NodeId;
        using var stall = bench.Source.Stall("slow/");
        var stuck = Enumerable.Range(0, 200).Select(i => TreeBench.Ask<NodeEntry>(reply => bench.Tree.Lookup(slow, $"n{i}", reply))).ToList();
        Assert.Equal(VfsStatus.Ok, bench.Lookup("fast/b.mrcs").Status);
        Assert.Equal(["b.mrcs"], bench.List("fast"));
        Assert.True(TreeBench.Ask<(NodeAttributes, TimeSpan)>(reply => bench.Tree.GetAttributes(known, null, reply)).IsAnswered);
        Assert.All(stuck, reply => Assert.False(reply.IsAnswered));
        stall.Set();
        Assert.All(stuck, reply => Assert.Equal(VfsStatus.NotFound, reply.Status));
    }

    [Fact]
    public void ManyLookupsOfOneArchive_ProbeItOnce()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack"));
        using var stall = new ManualResetEventSlim();
        bench.Formats.BeforeProbe = _ => stall.Wait(TestContext.Current.CancellationToken);
        var replies = Enumerable.Range(0, 32).Select(_ => TreeBench.Ask<NodeEntry>(reply => bench.Tree.Lookup(1, "X.mrcs", reply))).ToList();
        Assert.All(replies, reply => Assert.False(reply.IsAnswered));
        stall.Set();
        Assert.Single(replies.Select(reply => reply.Value.NodeId).Distinct());
        Assert.Equal(1, bench.Formats.ProbeCount);
    }

    [Fact]
    public void LookupsOfMissingNames_ReadTheFolderOnceWhileItIsUnchanged()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack"));
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal(VfsStatus.NotFound, bench.Lookup($"missing{i}.mrc").Status);
        }

        Assert.Equal(1, bench.Source.Calls["List"]);
        bench.Source.File("missing1.hdf", "image");
        Assert.Equal(VfsStatus.Ok, bench.Lookup("missing1.mrc").Status);
        Assert.Equal(2, bench.Source.Calls["List"]);
    }

    [Fact]
    public void FolderReplacedByAnother_IsStale()
    {
        using var bench = new TreeBench(s => s.Folder("sub").File("sub/a", "x"));
        ulong old = bench.Find("sub").NodeId;
        bench.Source.Replace("sub", "now a file");
        bench.Expire();
        Assert.Equal(VfsStatus.Stale, TreeBench.Ask<(NodeAttributes, TimeSpan)>(reply => bench.Tree.GetAttributes(old, null, reply)).Status);
        ulong handle = TreeBench.Ask<ulong>(reply => bench.Tree.OpenDirectory(old, reply)).Value;
        Assert.Equal(VfsStatus.Stale, TreeBench.Ask<IReadOnlyList<DirectoryEntry>>(r => bench.Tree.ReadDirectory(handle, 0, 9, true, r)).Status);
    }

    [Fact]
    public void Statistics_AfterUse_CountWhatIsOpenAndKnown()
    {
        using var bench = new TreeBench(s => s.File("X.hdf", "stack"));
        var entry = bench.Find("X.mrcs");
        ulong handle = bench.Open(entry.NodeId).Value.Handle;
        bench.Read(handle, 0, 10);
        var statistics = bench.Tree.Statistics;
        Assert.Equal((2, 1, 1L, 1L, 1L, 1L), (statistics.NodeCount, statistics.OpenHandleCount, statistics.LookupCount, statistics.OpenCount,
            statistics.ReadCount, statistics.ProbeCount));
        bench.Tree.Release(handle);
        bench.Tree.Forget(entry.NodeId, 1);
        Assert.Equal((1, 0, 0L), (bench.Tree.Statistics.NodeCount, bench.Tree.Statistics.OpenHandleCount, bench.Tree.Statistics.FailureCount));
        Assert.Equal(0, bench.Reader.OpenCount);
        Assert.Equal(1000ul, TreeBench.Ask<FileSystemCapacity>(reply => bench.Tree.GetCapacity(1, reply)).Value.Blocks);
    }

    [Fact]
    public void Constructor_SourceThatIsNoFolder_Throws()
    {
        var source = new FakeSourceTree();
        source.Remove("");
        Assert.Throws<IOException>(() => new VirtualTree(source, new FakeFormats(source), new FakeReader(source), new VirtualTreeOptions()));
    }
}
