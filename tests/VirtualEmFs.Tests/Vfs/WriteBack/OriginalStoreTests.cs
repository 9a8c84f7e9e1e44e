using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Tests.Vfs.Staging;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.WriteBack;

/// <summary>Raw files stay for as long as people asked for, through every way in which a mount can end.</summary>
public sealed class OriginalStoreTests
{
    private static readonly OriginalsPolicy s_forEver = new(null, null);

    [Fact]
    public void CommittedFile_LeavesItsOriginal()
    {
        using var fixture = WriteBackFixture.Started(Keeping(s_forEver));
        var start = fixture.Time.GetUtcNow();
        fixture.Write("in.mrc", "first.");
        fixture.Flush();
        fixture.Advance(10);
        fixture.Write("in.mrc", "second.");
        fixture.Write("b.mrc", "incomplete");
        fixture.Flush();
        var originals = new OriginalStore(fixture.Disk, "/d");
        Assert.Equal([new Original(1, "in.mrc", start, 6), new Original(2, "in.mrc", start.AddSeconds(10), 7)], originals.List());
        Assert.Equal(2, originals.FindNewest("in.mrc")!.Id);
        Assert.Null(originals.FindNewest("b.mrc")); // it is in the source as it was
        Assert.Equal("first."u8.ToArray(), fixture.Disk.ContentOf(originals.PathOf(1)));
        Assert.Equal("second."u8.ToArray(), fixture.Disk.ContentOf(originals.PathOf(2)));
        Assert.Equal(VfsStatus.Ok, originals.Delete(2));
        Assert.Equal(1, originals.FindNewest("in.mrc")!.Id);
        Assert.Equal(["1", "1.json"], fixture.Disk.NamesIn("/d/originals"));
    }

    [Fact]
    public void OriginalOfAFileThatLiesInTheSource_IsACopy()
    {
        var disk = new SimulatedDisk("/s", "/d");
        disk.AddVolume("/s", 1 << 30);
        using var fixture = new WriteBackFixture(Keeping(s_forEver), disk);
        disk.Put("/s/a.mrc", "data."u8);
        fixture.Stage("a.mrc");
        fixture.Queue.Start();
        fixture.Flush();
        Assert.Equal(["/s/a.mrc.hdf"], fixture.InSource());
        Assert.Equal("data."u8.ToArray(), disk.ContentOf(fixture.Queue.Originals.PathOf(1)));
    }

    /// <summary>Copies of tomograms take minutes: a program that opens the file meanwhile does not wait for that.</summary>
    [Fact]
    public void CopyOfAnOriginal_KeepsNobodyFromItsFile()
    {
        var disk = new SimulatedDisk("/s", "/d");
        disk.AddVolume("/s", 1 << 30);
        using var fixture = new WriteBackFixture(Keeping(s_forEver), disk);
        disk.Put("/s/a.mrc", "data."u8);
        var file = fixture.Stage("a.mrc");
        int? freeNames = null;
        disk.Faults.StopBefore = (kind, path) =>
        {
            freeNames = kind == DiskCall.Open && path == "/d/originals/1" ? file.Names.CurrentCount : freeNames;
            return false;
        };
        fixture.Queue.Start();
        fixture.Flush();
        Assert.Equal(1, freeNames);
        Assert.Equal("data."u8.ToArray(), disk.ContentOf(fixture.Queue.Originals.PathOf(1)));
    }

    /// <summary>Half of a file must not pass for what was archived.</summary>
    [Fact]
    public void CopyOfAnOriginal_ThatIsStoppedByAWriter_IsRemoved()
    {
        var disk = new SimulatedDisk("/s", "/d");
        disk.AddVolume("/s", 1 << 30);
        using var fixture = new WriteBackFixture(Keeping(s_forEver), disk);
        disk.Put("/s/a.mrc", "data."u8);
        var file = fixture.Stage("a.mrc");
        bool isCopied = false;
        disk.Faults.StopBefore = (kind, path) =>
        {
            if (kind == DiskCall.Open && path == "/d/originals/1")
            {
                isCopied = true;
                file.Open(1, 1, _ => (VfsStatus.Ok, null, false)); // the job ends before the first byte
                fixture.Time.Advance(TimeSpan.FromSeconds(2));
                SpinWait.SpinUntil(() => false, TimeSpan.FromMilliseconds(200));
            }

            return false;
        };
        fixture.Queue.Start();
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        WriteBackFixture.Until(() => isCopied && fixture.Queue.GetStatus().Totals.DiscardedJobs > 0);
        Assert.Empty(fixture.Queue.Originals.List());
        Assert.Empty(disk.NamesIn("/d/originals"));
    }

    /// <summary>A staging folder whose journal was lost begins to count anew: a file of an original's number would remove that.</summary>
    [Fact]
    public void Original_ThatTheJournalDoesNotKnow_KeepsItsNumber()
    {
        using var fixture = WriteBackFixture.Started(Keeping(s_forEver));
        fixture.Write("a.mrc", "data.");
        fixture.Flush();
        fixture.Dispose();
        Assert.Equal(VfsStatus.Ok, fixture.Disk.Unlink("/d/journal"));
        using var next = fixture.After(CrashMode.ProcessDeath);
        next.Queue.Start();
        Assert.Equal(2, next.Write("b.mrc", "other.").Id);
        next.Flush();
        Assert.Equal(["a.mrc", "b.mrc"], next.Queue.Originals.List().Select(original => original.Path));
        Assert.Equal("data."u8.ToArray(), next.Disk.ContentOf(next.Queue.Originals.PathOf(1)));
    }

    [Fact]
    public void Originals_GoByTotalSize_OldestFirst()
    {
        using var fixture = WriteBackFixture.Started(Keeping(new OriginalsPolicy(null, 25)));
        for (int i = 0; i < 5; i++)
        {
            fixture.Write($"{i}.mrc", "ten bytes.");
            fixture.Flush();
            fixture.Advance(1);
        }

        Assert.Equal(["3.mrc", "4.mrc"], fixture.Queue.Originals.List().Select(original => original.Path));
        Assert.Equal(["4", "4.json", "5", "5.json"], fixture.Disk.NamesIn("/d/originals"));
    }

    [Fact]
    public void Originals_GoByAge_AlsoWhileNothingIsArchived()
    {
        using var fixture = WriteBackFixture.Started(Keeping(new OriginalsPolicy(TimeSpan.FromHours(1), null)));
        fixture.Write("a.mrc", "data.");
        fixture.Flush();
        fixture.Advance(3599);
        Assert.Single(fixture.Queue.Originals.List());
        fixture.Advance(61);
        WriteBackFixture.Until(() => fixture.Queue.Originals.List().Count == 0);
    }

    /// <summary>Originals that fill the staging folder would keep from it what is to be archived.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Originals_ThatFillTheStagingFolder_MakeRoom_WhereTheirSizeCounts(bool sizeCounts)
    {
        using var fixture = WriteBackFixture.Started(Keeping(sizeCounts ? new OriginalsPolicy(null, 1 << 20) : s_forEver));
        foreach (string name in (string[])["a.mrc", "b.mrc"])
        {
            fixture.Write(name, "data.");
            fixture.Flush();
            fixture.Advance(1);
        }

        var file = fixture.Write("c.mrc", "data.");
        fixture.Disk.Faults.Fail(DiskCall.Write, 1, VfsStatus.NoSpace, prefix: "/d/originals/");
        fixture.Advance(30);
        WriteBackFixture.Until(() => sizeCounts ? file.IsGone : fixture.Queue.GetStatus() is { FailingCount: 1, Compressing.Count: 0 });
        Assert.Equal(sizeCounts ? ["b.mrc", "c.mrc"] : ["a.mrc", "b.mrc"], fixture.Queue.Originals.List().Select(original => original.Path));
    }

    [Fact]
    public void Originals_GoByAge_AlsoWhenTheNextMountStarts()
    {
        var options = Keeping(new OriginalsPolicy(TimeSpan.FromHours(1), null));
        using var fixture = WriteBackFixture.Started(options);
        fixture.Write("a.mrc", "data.");
        fixture.Flush();
        fixture.Advance(1800);
        fixture.Write("b.mrc", "data.");
        fixture.Flush();
        Assert.Equal(2, fixture.Queue.Originals.List().Count);
        using var next = fixture.After(CrashMode.ProcessDeath);
        next.Time.Advance(TimeSpan.FromSeconds(3700));
        next.Queue.Start();
        Assert.Equal(["b.mrc"], next.Queue.Originals.List().Select(original => original.Path));
        next.Advance(1800);
        next.Write("c.mrc", "data.");
        next.Flush();
        Assert.Equal(["c.mrc"], next.Queue.Originals.List().Select(original => original.Path));
    }

    /// <summary>Stopped before any call: either the file is staged still and has no original, or it is archived and has one.</summary>
    [Theory]
    [InlineData(CrashMode.ProcessDeath)]
    [InlineData(CrashMode.PowerCutLosesAll)]
    [InlineData(CrashMode.PowerCutLosesSome)]
    [InlineData(CrashMode.PowerCutScrambles)]
    public void MachineThatStopsAnywhere_LosesNeitherFileNorOriginal(CrashMode mode)
    {
        for (int stop = 1; ; stop++)
        {
            using var fixture = WriteBackFixture.Started(Keeping(s_forEver));
            var file = fixture.Write("a.mrc", "data.");
            bool isDone = fixture.ArchiveUntilStopped(file, stop, seconds: 30);
            using var next = fixture.After(mode);
            next.Queue.Start();
            bool isStaged = next.Area.Index.Count == 1;
            Assert.Equal(isStaged ? [] : ["/s/a.mrc.hdf"], next.InSource());
            Assert.Equal(isStaged ? 0 : 1, next.Queue.Originals.List().Count);
            next.Flush();
            Assert.Equal(["/s/a.mrc.hdf"], next.InSource());
            Assert.Equal("data.", next.ContentOf("a.mrc"));
            var original = Assert.Single(next.Queue.Originals.List());
            Assert.Equal("a.mrc", original.Path);
            Assert.Equal("data."u8.ToArray(), next.Disk.ContentOf(next.Queue.Originals.PathOf(original.Id)));
            next.AssertClean();
            if (isDone)
            {
                Assert.InRange(stop, 20, 200);
                return;
            }
        }
    }

    private static WriteBackOptions Keeping(OriginalsPolicy policy) => new() { Workers = 1, KeepOriginals = policy };
}
