using Microsoft.Extensions.Logging.Abstractions;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>What the next mount makes of what the last one left.</summary>
public sealed class StagingRecoveryTests : IDisposable
{
    private readonly SimulatedDisk _disk = StagingMachine.NewDisk();
    private StagingMachine _machine;

    public StagingRecoveryTests() => _machine = new StagingMachine(_disk);

    private StagingArea Area => _machine.Area;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void RecoveredRename_LeavesAFileAloneThatTookTheNameSince()
    {
        Create("a.mrc", [1]);
        Assert.Equal(JobEnd.Done, _machine.Archive("a.mrc").End);
        Assert.Equal(VfsStatus.Ok, _machine.Write("a.mrc", 0, [2]));
        Create("b.mrc", [3]);
        Assert.Equal(JobEnd.Done, _machine.Archive("b.mrc").End);

        // Stopped between intent and rename.
        StopBefore(DiskCall.Rename, () => _machine.Rename("a.mrc", "b.mrc"));
        var after = _disk.Crash(0, CrashMode.ProcessDeath);
        after.Put("/s/b.mrc.hdf", "somebody else's"u8);
        using var next = new StagingMachine(after);
        Assert.Equal("somebody else's"u8, after.ContentOf("/s/b.mrc.hdf")!);
        Assert.Equal([2], next.Visible()["a.mrc"]);
    }

    /// <summary>What fills the staging folder waits to be archived: it must not keep the mount away that does it. The old journal goes on.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FullStagingFolder_IsRecoveredWithoutRoomForAnotherJournal(bool isRenamedByOthers)
    {
        var disk = StagingMachine.NewDisk();
        disk.AddVolume("/d", 4 << 20);
        using var machine = new StagingMachine(disk);
        foreach (string name in (string[])["a.mrc", "b.mrc"])
        {
            Assert.Equal(VfsStatus.Ok, machine.Create(name));
            Assert.Equal(VfsStatus.Ok, machine.Write(name, 0, [1]));
            Assert.Equal(JobEnd.Done, machine.Archive(name).End);
            Assert.Equal(VfsStatus.Ok, machine.Write(name, 0, [(byte)name[0]]));
            Assert.Equal(VfsStatus.Ok, machine.Sync(name));
        }

        Assert.Equal(VfsStatus.Ok, machine.Create("gone.mrc"));
        Assert.Equal(VfsStatus.Ok, machine.Remove("gone.mrc"));
        disk.Put("/d/filling", new byte[4 << 20]);
        disk.Faults.StopBefore = (kind, path) => kind == DiskCall.Rename && path.StartsWith("/s/", StringComparison.Ordinal);
        Assert.Throws<ProcessStoppedException>(() => machine.Rename("a.mrc", "c.mrc")); // between intent and rename

        var after = disk.Crash(0, CrashMode.ProcessDeath);
        if (isRenamedByOthers)
        {
            after.Put("/s/c.mrc.hdf", "somebody else's"u8);
        }

        string name1 = isRenamedByOthers ? "a.mrc" : "c.mrc";
        for (int mountCount = 0; mountCount < 3; mountCount++)
        {
            using var next = new StagingMachine(after);
            Assert.Equal([name1, "b.mrc"], next.Area.Index.All().OrderBy(file => file.Id).Select(file => file.Entry.Path));
            Assert.Equal([(byte)'a'], next.Visible()[name1]);
            Assert.Equal([(byte)'b'], next.Visible()["b.mrc"]);
            Assert.Equal(["2", "4"], after.NamesIn("/d/files"));

            // Had the journal no end of the first rename, the next mount would do it now.
            after = after.Crash(0, CrashMode.PowerCutLosesAll);
            if (mountCount == 0)
            {
                after.Remove("/s/c.mrc.hdf");
            }
        }
    }

    [Fact]
    public void RenameBetweenFolders_OfWhichOneWasFlushed_EndsWithOneName()
    {
        Assert.Equal(VfsStatus.Ok, _machine.MakeFolder("p"));
        Assert.Equal(VfsStatus.Ok, _machine.SyncFolder(""));
        Create("p/a.mrc", [1]);
        Assert.Equal(JobEnd.Done, _machine.Archive("p/a.mrc").End);
        Assert.Equal(VfsStatus.Ok, _machine.Write("p/a.mrc", 0, [2]));

        // The new name is flushed, the old one is not: a power cut here can leave both.
        StopBefore(DiskCall.SyncFolder, () => _machine.Rename("p/a.mrc", "a.mrc"), skip: path => path != "/s/p");
        bool hasSeenBoth = false;
        for (int seed = 0; seed < 20; seed++)
        {
            var after = _disk.Crash(seed, CrashMode.PowerCutLosesSome);
            hasSeenBoth |= after.ContentOf("/s/p/a.mrc.hdf") is not null && after.ContentOf("/s/a.mrc.hdf") is not null;
            using var next = new StagingMachine(after);
            Assert.Equal(["/s/a.mrc.hdf"], after.FilesBelow("/s"));
            Assert.Equal(["a.mrc"], next.Visible().Keys);
        }

        Assert.True(hasSeenBoth);
    }

    /// <summary>What the journal has not flushed yet, a power cut takes back: the name is the staged file's again, and it would hide the new one.</summary>
    [Fact]
    public void PlainFile_UnderANameThatAStagedFileHadBefore_IsNotHiddenAfterAPowerCut()
    {
        Create("a.mrc", [1]);
        Assert.Equal(VfsStatus.Ok, _machine.Rename("a.mrc", "a.tmp"));
        Assert.Equal(VfsStatus.Ok, _machine.Sync("a.tmp"));
        Assert.Equal(VfsStatus.Ok, _machine.Rename("a.tmp", "b.mrc"));
        Create("a.tmp", [2]);
        Assert.Equal(VfsStatus.Ok, _machine.Sync("a.tmp"));
        int seenCount = 0;
        for (int seed = 0; seed < 20; seed++)
        {
            var after = _disk.Crash(seed, CrashMode.PowerCutLosesSome);
            using var next = new StagingMachine(after);
            if (after.ContentOf("/s/a.tmp") is { } content)
            {
                seenCount++;
                Assert.Equal(content, next.Visible()["a.tmp"]);
            }
        }

        Assert.InRange(seenCount, 1, 20);
    }

    [Fact]
    public void FileInAFolderThatIsGone_KeepsItsName()
    {
        Assert.Equal(VfsStatus.Ok, _machine.MakeFolder("p"));
        Assert.Equal(VfsStatus.Ok, _machine.MakeFolder("p/q"));
        Create("p/q/a.mrc", [1]);
        _disk.Faults.Fail(DiskCall.SyncFolder, 1, VfsStatus.Corrupt, isForEver: true, prefix: "/s");
        Assert.Equal(VfsStatus.Ok, _machine.Sync("p/q/a.mrc")); // its bytes are safe without the source
        var after = _disk.Crash(0, CrashMode.PowerCutLosesAll);
        Assert.Equal([VfsStatus.Ok, VfsStatus.Ok], [after.RemoveFolder("/s/p/q"), after.RemoveFolder("/s/p")]);
        using var next = new StagingMachine(after);
        Assert.Equal([1], next.Visible()["p/q/a.mrc"]);
        Assert.Equal(VfsStatus.Ok, after.Stat("/s/p/q", out var folder));
        Assert.Equal((NodeKind.Directory, 5u, 6u), (folder.Kind, folder.Uid, folder.Gid));
        Assert.Equal(JobEnd.Done, next.Archive("p/q/a.mrc").End);
    }

    /// <param name="damagedLine">Of the four of the journal, of which the first is its header; null when all of it is gone.</param>
    [Theory]
    [InlineData(null, new string[0], new[] { "1", "2", "3" })]
    [InlineData(2, new[] { "a.mrc" }, new[] { "2", "3" })]
    [InlineData(3, new[] { "a.mrc", "b.mrc" }, new[] { "3" })] // as if it had been torn
    public void Open_OfADamagedJournal_KeepsRawFilesThatItDoesNotName_AlsoWhenItIsStoppedAnywhere(int? damagedLine, string[] named, string[] orphans)
    {
        Create("a.mrc", [1]);
        Create("b.mrc", [2]);
        Create("c.mrc", [3]);
        Assert.All(["a.mrc", "b.mrc", "c.mrc"], name => Assert.Equal(VfsStatus.Ok, _machine.Sync(name)));
        byte[] journal = [.. _disk.ContentOf("/d/journal")!];
        int place = 20;
        for (int line = 0; line < damagedLine; line++)
        {
            place = Array.IndexOf(journal, (byte)'\n', place) + 20;
        }

        journal[place] ^= 1;
        for (int i = 1; ; i++)
        {
            var disk = _disk.Crash(0, CrashMode.ProcessDeath);
            if (damagedLine is null)
            {
                disk.Remove("/d/journal");
            }
            else
            {
                disk.Put("/d/journal", journal);
            }

            disk.Faults.StopBeforeCall = i;
            bool isDone = true;
            try
            {
                new StagingMachine(disk).Dispose();
            }
            catch (ProcessStoppedException)
            {
                isDone = false;
            }

            var after = disk.Crash(i, i % 2 == 0 ? CrashMode.PowerCutLosesSome : CrashMode.ProcessDeath);
            using var next = new StagingMachine(after);
            Assert.Equal(named, next.Visible().Keys);
            Assert.Equal(orphans, after.NamesIn("/d/orphans"));
            Assert.Equal([3], after.ContentOf("/d/orphans/3"));
            Assert.Equal(VfsStatus.Ok, next.Create("d.mrc"));
            Assert.InRange(next.Area.Index.Find("d.mrc")!.Id, 4, 5);
            if (isDone)
            {
                return;
            }
        }
    }

    [Fact]
    public void Open_WithTheStagingFolderOfAnotherSource_Refuses()
    {
        var refusal = Assert.Throws<IOException>(() => StagingArea.Open(
            _disk, "/d", "/elsewhere", NullLogger.Instance, TimeProvider.System));
        Assert.Equal("/d holds staged files of /s, not of /elsewhere: mount that one, or export them with 'emfs recover /d --to FOLDER'", refusal.Message);
    }

    [Fact]
    public void Open_WhereTheSourceCannotBeRead_RefusesAndGuessesNothing()
    {
        Create("a.mrc", [1]);
        Assert.Equal(JobEnd.Done, _machine.Archive("a.mrc").End);
        Assert.Equal(VfsStatus.Ok, _machine.Write("a.mrc", 0, [2]));
        StopBefore(DiskCall.Unlink, () => _machine.Remove("a.mrc"));
        var after = _disk.Crash(0, CrashMode.ProcessDeath);
        after.Faults.Fail(DiskCall.Stat, 1, VfsStatus.Corrupt, isForEver: true, prefix: "/s/a.mrc");
        Assert.Equal(
            "/d cannot be used for staging: a.mrc.hdf in the source cannot be changed (the disk failed)", Assert.Throws<IOException>(() => new StagingMachine(after)).Message);
        after.Faults.Clear();
        using var next = new StagingMachine(after);
        Assert.Empty(next.Visible());
        Assert.Empty(after.FilesBelow("/s"));
    }

    [Fact]
    public void ReadEntries_TellsTheSameAsRecovery_AndChangesNothing()
    {
        Create("a.mrc", [1]);
        Create("b.mrc", [2]);
        Assert.Equal(JobEnd.Done, _machine.Archive("b.mrc").End);
        Assert.Equal(VfsStatus.Ok, _machine.Write("b.mrc", 0, [3]));
        StopBefore(DiskCall.Unlink, () => _machine.Remove("b.mrc"));
        var after = _disk.Crash(0, CrashMode.ProcessDeath);
        string[] before = [.. after.FilesBelow("/")];
        var entries = StagingArea.ReadEntries(after, "/d", out string source, out bool isDamaged);
        Assert.Equal(("/s", false), (source, isDamaged));
        Assert.Equal(["a.mrc", "b.mrc"], entries.Select(entry => entry.Path));
        Assert.Equal(before, after.FilesBelow("/"));
    }

    [Fact]
    public void Park_KeepsItsReasonThroughRecovery()
    {
        Create("a.mrc", [1]);
        Assert.Equal(VfsStatus.Ok, Area.Park(Area.Index.Find("a.mrc")!, "a sentence"));
        Reopen();
        Assert.Equal("a sentence", Area.Index.Find("a.mrc")!.Entry.ParkedReason);
        Assert.Equal(VfsStatus.Ok, Area.Park(Area.Index.Find("a.mrc")!, null));
        Reopen();
        Assert.Null(Area.Index.Find("a.mrc")!.Entry.ParkedReason);
    }

    private void Create(string name, byte[] bytes)
    {
        Assert.Equal(VfsStatus.Ok, _machine.Create(name));
        Assert.Equal(VfsStatus.Ok, bytes.Length == 0 ? VfsStatus.Ok : _machine.Write(name, 0, bytes));
    }

    private void Reopen()
    {
        _machine.Dispose();
        _machine = new StagingMachine(_disk);
    }

    /// <summary>Ends the process before the first call of a kind that an operation makes.</summary>
    private void StopBefore(DiskCall kind, Action act, Predicate<string>? skip = null)
    {
        _disk.Faults.StopBefore = (call, path) => call == kind && skip?.Invoke(path) != true;
        Assert.Throws<ProcessStoppedException>(act);
    }
}
