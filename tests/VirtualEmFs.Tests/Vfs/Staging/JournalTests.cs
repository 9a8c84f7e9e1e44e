using System.Text;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>The journal keeps what was appended, whatever is torn, refused or damaged.</summary>
public sealed class JournalTests
{
    private const string Folder = "/d";
    private const string Path = "/d/journal";

    private static readonly JournalHeader s_header = Journal.HeaderOf("/s", 1);

    private readonly SimulatedDisk _disk = new(Folder);

    [Fact]
    public void Open_OfATornTail_KeepsEveryWholeLine_AtEveryLength()
    {
        byte[] whole = WriteThree();
        int second = LineEnd(whole, 2), third = LineEnd(whole, 3);
        for (int lengthBytes = LineEnd(whole, 1); lengthBytes <= whole.Length; lengthBytes++)
        {
            int expected = lengthBytes >= whole.Length ? 3 : lengthBytes >= third ? 2 : lengthBytes >= second ? 1 : 0;
            foreach (byte[] tail in new byte[][] { [], new byte[17], [.. Encoding.ASCII.GetBytes("torn\n")] })
            {
                var disk = new SimulatedDisk(Folder);
                disk.Put(Path, [.. whole[..lengthBytes], .. lengthBytes < whole.Length ? tail : []]);
                using (var journal = Open(disk, out var records, out JournalEnd end))
                {
                    Assert.NotEqual(JournalEnd.Damaged, end);
                    Assert.Equal(Enumerable.Range(1, expected).Select(id => (long)id), records.Select(record => record.Put![0].Id));
                    Assert.Equal(VfsStatus.Ok, journal.Append(Put(9, "i.mrc")));
                }

                Open(disk, out var again, out _).Dispose();
                Assert.Equal([.. Enumerable.Range(1, expected), 9], again.Select(record => (int)record.Put![0].Id));
            }
        }
    }

    [Fact]
    public void Open_AfterAFlippedBit_TellsDamage_WhereGoodLinesFollow()
    {
        byte[] whole = WriteThree();
        int first = LineEnd(whole, 1), last = LineEnd(whole, 3);
        for (int i = first; i < whole.Length; i++)
        {
            byte[] damaged = [.. whole];
            damaged[i] ^= 4;
            var disk = new SimulatedDisk(Folder);
            disk.Put(Path, damaged);
            Open(disk, out var records, out JournalEnd end).Dispose();
            Assert.Equal(i < last - 1 ? JournalEnd.Damaged : JournalEnd.Torn, end); // without its line feed a line takes the next one along
            Assert.Equal(i < LineEnd(whole, 2) ? 0 : i < last ? 1 : 2, records.Count);
            Assert.Equal(damaged[..first], disk.ContentOf(Path)![..first]);
        }
    }

    [Fact]
    public void Open_OfAFileThatIsNoJournal_RefusesAndLeavesIt()
    {
        foreach (string content in new[] { "", "Dear diary", "Dear diary,\ntoday\n", "00000000 {}\n", "\0\0\0\0" })
        {
            var disk = new SimulatedDisk(Folder);
            disk.Put(Path, Encoding.ASCII.GetBytes(content));
            var refusal = Assert.Throws<IOException>(() => Open(disk, out _, out _));
            Assert.Equal("/d/journal: is not a journal of emfs, or its first line is damaged; the files beside it are whole", refusal.Message);
            Assert.Equal(content, Encoding.ASCII.GetString(disk.ContentOf(Path)!));
        }
    }

    [Fact]
    public void Open_OfAnotherVersion_Refuses()
    {
        _disk.Put(Path, JournalLines.Of(new JournalRecord { Header = s_header with { Version = 2 } }));
        Assert.Equal(
            "/d/journal: was written by another version of emfs (layout 2, this one knows 1)", Assert.Throws<IOException>(() => Open(_disk, out _, out _)).Message);
    }

    [Theory]
    [InlineData(CrashMode.ProcessDeath)]
    [InlineData(CrashMode.PowerCutLosesAll)]
    [InlineData(CrashMode.PowerCutLosesSome)]
    [InlineData(CrashMode.PowerCutScrambles)]
    public void Open_StoppedAtEveryCallOfTheFirst_FindsNothingOrAWholeJournal(CrashMode mode)
    {
        for (int i = 1; ; i++)
        {
            var disk = new SimulatedDisk(Folder);
            disk.Faults.StopBeforeCall = i;
            bool isDone = true;
            try
            {
                Open(disk, out _, out _).Dispose();
            }
            catch (ProcessStoppedException)
            {
                isDone = false;
            }

            var after = disk.Crash(i, mode);
            Open(after, out var records, out JournalEnd end).Dispose();
            Assert.Empty(records);
            Assert.NotEqual(JournalEnd.Damaged, end);
            Assert.Equal(["journal"], after.NamesIn(Folder));
            if (isDone)
            {
                Assert.InRange(i, 5, 20);
                return;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Append_ThatIsRefused_LeavesWhatFollowsReadable(bool isShort)
    {
        foreach (bool failsToShorten in new[] { false, true })
        {
            var disk = new SimulatedDisk(Folder);
            using (var journal = Open(disk, out _, out _))
            {
                Assert.Equal(VfsStatus.Ok, journal.Append(Put(1, "a.mrc")));
                disk.Faults.Fail(DiskCall.Write, 1, VfsStatus.NoSpace, isShort: isShort);
                if (failsToShorten)
                {
                    disk.Faults.Fail(DiskCall.SetLength, 1, VfsStatus.Corrupt);
                }

                Assert.Equal(VfsStatus.NoSpace, journal.Append(Put(2, "a-name-that-is-much-longer-than-the-next-one-so-that-it-sticks-out.mrc")));
                Open(disk.Crash(0, CrashMode.ProcessDeath), out var meanwhile, out JournalEnd end).Dispose();
                Assert.Equal([1L], meanwhile.Select(record => record.Put![0].Id));
                Assert.NotEqual(JournalEnd.Damaged, end);
                Assert.Equal(VfsStatus.Ok, journal.Append(Put(3, "c.mrc")));
                Assert.Equal(VfsStatus.Ok, journal.Append(Put(4, "d.mrc")));
                Assert.Equal(VfsStatus.Ok, journal.Sync());
            }

            Open(disk.Crash(0, CrashMode.PowerCutLosesAll), out var records, out JournalEnd last).Dispose();
            Assert.Equal([1L, 3, 4], records.Select(record => record.Put![0].Id));
            Assert.NotEqual(JournalEnd.Damaged, last);
        }
    }

    /// <summary>Linux forgets what it could not flush: only a journal written anew is durable then.</summary>
    [Fact]
    public void Sync_ThatFailed_IsRepairedByRewritingAlone()
    {
        using var journal = Open(_disk, out _, out _);
        Assert.Equal(VfsStatus.Ok, journal.Append(Put(1, "a.mrc")));
        _disk.Faults.Fail(DiskCall.Sync, 1, VfsStatus.Corrupt);
        Assert.Equal(VfsStatus.Corrupt, journal.Sync());
        Assert.True(journal.MustRewrite);
        Assert.Equal(VfsStatus.Corrupt, journal.Sync());
        Assert.Equal(VfsStatus.Ok, journal.Rewrite([Put(1, "a.mrc")], 2));
        Assert.False(journal.MustRewrite);
        Assert.Equal(VfsStatus.Ok, journal.Append(Put(2, "b.mrc")));
        Assert.Equal(VfsStatus.Ok, journal.Sync());
        Open(_disk.Crash(0, CrashMode.PowerCutLosesAll), out var records, out _).Dispose();
        Assert.Equal([1L, 2], records.Select(record => record.Put![0].Id));
    }

    [Theory]
    [InlineData(CrashMode.PowerCutLosesAll)]
    [InlineData(CrashMode.PowerCutLosesSome)]
    [InlineData(CrashMode.PowerCutScrambles)]
    public void Rewrite_StoppedAtEveryCall_IsTheOldOrTheNewOne(CrashMode mode)
    {
        bool hasSeenOld = false, hasSeenNew = false;
        for (int i = 1; ; i++)
        {
            var disk = new SimulatedDisk(Folder);
            using var journal = Open(disk, out _, out _);
            Assert.Equal(VfsStatus.Ok, journal.Append(Put(1, "a.mrc")));
            Assert.Equal(VfsStatus.Ok, journal.Sync());
            disk.Faults.StopBeforeCall = disk.Faults.Calls + i;
            bool isDone = true;
            try
            {
                Assert.Equal(VfsStatus.Ok, journal.Rewrite([Put(2, "b.mrc")], 3));
            }
            catch (ProcessStoppedException)
            {
                isDone = false;
            }

            for (int seed = 0; seed < 10; seed++)
            {
                Open(disk.Crash(seed, mode), out var records, out JournalEnd end).Dispose();
                Assert.NotEqual(JournalEnd.Damaged, end);
                long id = Assert.Single(records).Put![0].Id;
                Assert.True(!isDone || id == 2);
                hasSeenOld |= id == 1;
                hasSeenNew |= id == 2;
            }

            if (isDone)
            {
                Assert.True(hasSeenOld && hasSeenNew);
                return;
            }
        }
    }

    [Theory]
    [InlineData(DiskCall.Open)]
    [InlineData(DiskCall.Write)]
    [InlineData(DiskCall.Sync)]
    [InlineData(DiskCall.Rename)]
    [InlineData(DiskCall.SyncFolder)]
    public void Rewrite_ThatIsRefused_LosesNothing(DiskCall kind)
    {
        using var journal = Open(_disk, out _, out _);
        Assert.Equal(VfsStatus.Ok, journal.Append(Put(1, "a.mrc")));
        _disk.Faults.Fail(kind, 1, VfsStatus.NoSpace);
        Assert.Equal(VfsStatus.NoSpace, journal.Rewrite([Put(1, "a.mrc")], 2));
        Assert.Equal(kind == DiskCall.SyncFolder, journal.MustRewrite);
        Assert.Equal(VfsStatus.Ok, journal.Append(Put(2, "b.mrc")));
        Assert.Equal(VfsStatus.Ok, kind == DiskCall.SyncFolder ? journal.Rewrite([Put(1, "a.mrc"), Put(2, "b.mrc")], 3) : journal.Sync());
        Open(_disk.Crash(0, CrashMode.PowerCutLosesAll), out var records, out _).Dispose();
        Assert.Equal([1L, 2], records.Select(record => record.Put![0].Id));
    }

    [Theory]
    [InlineData("plain.mrc")]
    [InlineData("Übersicht/α β\n\t\"x\"\u0001.mrc")]
    [InlineData("back\\slash\\\\x41.mrc")]
    [InlineData("\uDCFF\uDC80 no utf-8 \uDCC3.mrc")]
    [InlineData("pair \U0001F52C then alone \uDCF0.mrc")]
    [InlineData("")]
    public void Lines_KeepEveryName(string name)
    {
        var identity = new FileIdentity(7, 8, 9);
        var record = new JournalRecord
        {
            Put = [new StagedEntry(5, name, false, 6, new ArchiveBase(name + ".hdf", identity, true), null)],
            Actions = [new SourceAction(name, null, identity), new SourceAction("x", name, identity, RenameMode.KeepExisting, identity)],
            Number = 3,
        };
        var read = Assert.Single(JournalLines.Parse(JournalLines.Of(record), out int goodBytes, out JournalEnd end));
        Assert.Equal((JournalLines.Of(record).Length, JournalEnd.Whole), (goodBytes, end));
        Assert.Equal(record.Put, read.Put);
        Assert.Equal(record.Actions, read.Actions);
        Assert.Equal(3, read.Number);
        Assert.DoesNotContain((byte)'\n', JournalLines.Of(record)[..^1]);
    }

    [Fact]
    public void IsLong_OnceMostLinesAreAboutFilesThatAreGone()
    {
        using var journal = Open(_disk, out _, out _);
        Assert.False(journal.IsLong(0));
        string name = new('n', 60_000);
        for (int i = 1; i <= 70; i++)
        {
            Assert.Equal(VfsStatus.Ok, journal.Append(Put(i, name)));
        }

        Assert.True(journal.IsLong(0));
        Assert.False(journal.IsLong(10_000));
        Assert.Equal(VfsStatus.Ok, journal.Rewrite([Put(70, "n")], 71));
        Assert.False(journal.IsLong(0));
    }

    /// <summary>Long names that all count: to write them anew with each change would gain nothing.</summary>
    [Fact]
    public void IsLong_NotWhenItHasJustBeenWrittenAnew_OrCouldNotBe()
    {
        using var journal = Open(_disk, out _, out _);
        JournalRecord[] records = [.. Enumerable.Range(1, 70).Select(i => Put(i, new string('n', 60_000)))];
        Assert.Equal(VfsStatus.Ok, journal.Rewrite(records, 71));
        Assert.False(journal.IsLong(70));
        AppendUntilLong();
        _disk.Faults.Fail(DiskCall.Write, 1, VfsStatus.NoSpace, prefix: $"{Folder}/{Journal.NewFileName}");
        Assert.Equal(VfsStatus.NoSpace, journal.Rewrite(records, 71));
        Assert.False(journal.IsLong(70));
        AppendUntilLong();

        void AppendUntilLong()
        {
            int lineCount = 0;
            for (; !journal.IsLong(70); lineCount++)
            {
                Assert.Equal(VfsStatus.Ok, journal.Append(records[0]));
            }

            Assert.InRange(lineCount, 60, 80);
        }
    }

    private static Journal Open(SimulatedDisk disk, out List<JournalRecord> records, out JournalEnd end) =>
        Journal.Open(disk, Folder, s_header, out records, out _, out end);

    private static JournalRecord Put(long id, string path) => new() { Put = [new StagedEntry(id, path, false, (ulong)id + 100)] };

    /// <summary>A journal of a header and three lines.</summary>
    private static byte[] WriteThree()
    {
        var disk = new SimulatedDisk(Folder);
        using var journal = Open(disk, out _, out _);
        foreach (var (id, name) in new[] { (1, "a.mrc"), (2, "b.mrc"), (3, "c.mrc") })
        {
            Assert.Equal(VfsStatus.Ok, journal.Append(Put(id, name)));
        }

        return disk.ContentOf(Path)!;
    }

    /// <summary>Offset behind the n-th line.</summary>
    private static int LineEnd(byte[] bytes, int lineCount)
    {
        int end = 0;
        for (int i = 0; i < lineCount; i++)
        {
            end = Array.IndexOf(bytes, (byte)'\n', end) + 1;
        }

        return end;
    }
}
