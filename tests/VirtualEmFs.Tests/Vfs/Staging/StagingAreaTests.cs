using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>What each operation does, and what it leaves alone.</summary>
public sealed class StagingAreaTests : IDisposable
{
    private readonly SimulatedDisk _disk = StagingMachine.NewDisk();
    private StagingMachine _machine;

    public StagingAreaTests() => _machine = new StagingMachine(_disk);

    private StagingArea Area => _machine.Area;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Create_GivesAnEmptyFileOfItsOwnerWithAnIdNobodyHad()
    {
        Create("a.mrc", []);
        var entry = Area.Index.Find("a.mrc")!.Entry;
        Assert.Equal(1, entry.Id);
        Assert.Equal(VfsStatus.Ok, Area.Stat(Area.Index.Find("a.mrc")!, out var stat));
        Assert.Equal((5u, 6u, 0x1A4u, 0L), (stat.Uid, stat.Gid, stat.Permissions, stat.Version.LengthBytes));
        Assert.Equal(VfsStatus.Ok, _machine.Remove("a.mrc"));
        Create("a.mrc", []);
        Reopen();
        Create("b.mrc", []);
        Assert.Equal([2L, 3], Area.Index.All().Select(file => file.Id).Order());
        Assert.Equal(["2", "3"], _disk.NamesIn("/d/files"));
    }

    [Fact]
    public void Inode_StaysThroughRenamesArchivingAndRecovery()
    {
        Create("a.mrc", [1]);
        ulong inode = Area.Index.Find("a.mrc")!.Entry.Inode;
        Assert.Equal(VfsStatus.Ok, _machine.Rename("a.mrc", "b.mrc"));
        Reopen();
        Assert.Equal(inode, Area.Index.Find("b.mrc")!.Entry.Inode);
    }

    [Fact]
    public void RawFile_OfARemovedFile_GoesOnceTheJournalIsDurable_AndNotBefore()
    {
        Create("a.mrc", [1]);
        Assert.Equal(VfsStatus.Ok, _machine.Remove("a.mrc"));
        Assert.Equal(["1"], _disk.NamesIn("/d/files"));
        Assert.True(Area.HasDiscards);
        _disk.Faults.Fail(DiskCall.Sync, 1, VfsStatus.Corrupt);
        Assert.Equal(VfsStatus.Corrupt, Area.FreeDiscards());
        Assert.Equal(["1"], _disk.NamesIn("/d/files"));
        _disk.Faults.Fail(DiskCall.Unlink, 2, VfsStatus.Corrupt); // the first is that of an old new journal
        Assert.Equal(VfsStatus.Ok, Area.FreeDiscards());
        Assert.True(Area.HasDiscards);
        Assert.Equal(VfsStatus.Ok, Area.FreeDiscards());
        Assert.Empty(_disk.NamesIn("/d/files"));
        Assert.False(Area.HasDiscards);
    }

    [Fact]
    public void RemovedFile_ThatIsOpen_CanBeReadToTheEnd()
    {
        Create("a.mrc", [1, 2, 3]);
        var file = Area.Index.Find("a.mrc")!;
        Assert.Equal(VfsStatus.Ok, Area.Open(file, 1, 0));
        Assert.Equal(VfsStatus.Ok, Area.Remove(file));
        Assert.Equal(VfsStatus.Ok, Area.FreeDiscards());
        Assert.Empty(_disk.NamesIn("/d/files"));
        var bytes = new byte[3];
        Assert.Equal(VfsStatus.Ok, file.Raw.Read(0, bytes, out int lengthBytes));
        Assert.Equal((3, 3), (lengthBytes, bytes[2]));
        int seenFailureCount = 0;
        Assert.Equal(VfsStatus.Ok, Area.Sync(file, dataOnly: false, ref seenFailureCount));
        Area.Close(file, isWriter: false);
        Assert.Equal(VfsStatus.Stale, Area.Open(file, 1, 0));
    }

    /// <summary>Linux tells of pages that it could not write once: by the one file that all handles share.</summary>
    [Fact]
    public void Sync_ThatFails_IsToldToEachHandleOnce()
    {
        Create("a.mrc", [1]);
        var file = Area.Index.Find("a.mrc")!;
        Assert.Equal(VfsStatus.Ok, Area.Open(file, 2, 2));
        int first = file.FlushFailureCount, second = file.FlushFailureCount;
        _disk.Faults.Fail(DiskCall.Sync, 1, VfsStatus.NoSpace, prefix: "/d/files/");
        Assert.Equal(VfsStatus.NoSpace, Area.Sync(file, dataOnly: true, ref first));
        int third = file.FlushFailureCount;
        Assert.Equal(VfsStatus.NoSpace, Area.Sync(file, dataOnly: true, ref second));
        foreach (ref int seen in (Span<int>)[first, second, third])
        {
            Assert.Equal(VfsStatus.Ok, Area.Sync(file, dataOnly: true, ref seen));
        }

        Area.Close(file, isWriter: true);
        Area.Close(file, isWriter: true);
    }

    /// <summary>The kernel tells of a close after the program has gone on to set the file's times, or to rename it.</summary>
    [Fact]
    public void Use_OfAFileThatIsClosedMeanwhile_GoesOnWithTheOpenOne()
    {
        Create("a.mrc", [1, 2, 3]);
        var file = Area.Index.Find("a.mrc")!;
        Assert.Equal(VfsStatus.Ok, Area.Open(file, 1, 1));
        int closedCount = 0;
        Area.Changed += () => closedCount++;
        Assert.Equal(VfsStatus.Ok, Area.Use(file, (raw, _) =>
        {
            Area.Close(file, isWriter: true);
            Assert.Equal(0, closedCount);
            var status = raw!.Stat(out var stat);
            Assert.Equal(3, stat.Version.LengthBytes);
            return status;
        }));
        Assert.Equal((1, false), (closedCount, file.IsOpen));
        Assert.Equal(VfsStatus.Ok, Area.Use(file, (raw, path) => raw is null && path == "/d/files/1" ? VfsStatus.Ok : VfsStatus.Corrupt));
    }

    [Fact]
    public void Finish_NeverReplacesAFileThatTheStagedOneDidNotComeOutOf()
    {
        _disk.Put("/s/a.mrc.hdf", "somebody else's"u8);
        Create("a.mrc", [1]);
        foreach (var mode in Enum.GetValues<RenameMode>())
        {
            _disk.Put("/s/.emfs/tmp/made", "made"u8);
            Assert.Equal(VfsStatus.AlreadyExists, Area.Finish(Area.Index.Find("a.mrc")!, ".emfs/tmp/made", "a.mrc.hdf", mode));
        }

        Assert.Equal("somebody else's"u8, _disk.ContentOf("/s/a.mrc.hdf")!);
        Assert.Equal(JobEnd.Parked, _machine.Archive("a.mrc").End);
        Assert.NotNull(Area.Index.Find("a.mrc"));
    }

    [Fact]
    public void Finish_OverAnArchiveThatSomebodyElseChanged_LeavesIt()
    {
        Create("a.mrc", [1]);
        Assert.Equal(JobEnd.Done, _machine.Archive("a.mrc").End);
        Assert.Equal(VfsStatus.Ok, _machine.Write("a.mrc", 0, [2]));
        _disk.Put("/s/a.mrc.hdf", "somebody else's"u8);
        _disk.Put("/s/.emfs/tmp/made", "made"u8);
        Assert.Equal(VfsStatus.AlreadyExists, Area.Finish(Area.Index.Find("a.mrc")!, ".emfs/tmp/made", "a.mrc.hdf", RenameMode.Replace));
        Assert.Equal(VfsStatus.Ok, _machine.Rename("a.mrc", "b.mrc"));
        Assert.Null(Area.Index.Find("b.mrc")!.Entry.Base);
        Assert.Equal(VfsStatus.Ok, _machine.Remove("b.mrc"));
        Assert.Equal("somebody else's"u8, _disk.ContentOf("/s/a.mrc.hdf")!);
    }

    [Fact]
    public void Rename_WithItsArchiveToATakenName_IsRefusedWhole()
    {
        Create("a.mrc", [1]);
        Assert.Equal(JobEnd.Done, _machine.Archive("a.mrc").End);
        Assert.Equal(VfsStatus.Ok, _machine.Write("a.mrc", 0, [2]));
        _disk.Put("/s/b.mrc.hdf", "somebody else's"u8);
        Assert.Equal(VfsStatus.AlreadyExists, Area.Rename(Area.Index.Find("a.mrc")!, "b.mrc", null, null));
        Assert.Equal("somebody else's"u8, _disk.ContentOf("/s/b.mrc.hdf")!);
        Reopen();
        Assert.Equal([2], _machine.Visible()["a.mrc"]);
        Assert.Null(Area.Index.Find("b.mrc"));
    }

    [Fact]
    public void MoveFolder_ThatExchanges_TakesFilesOfBothAlong()
    {
        Assert.Equal(VfsStatus.Ok, _machine.MakeFolder("p"));
        Assert.Equal(VfsStatus.Ok, _machine.MakeFolder("q"));
        Create("p/a.mrc", [1]);
        Create("q/a.mrc", [2]);
        Create("q/b.mrc", [3]);
        Assert.Equal(VfsStatus.Ok, _disk.Stat("/s/p", out var folder));
        Assert.Equal(VfsStatus.Ok, Area.MoveFolder("p", "q", RenameMode.Exchange, folder));
        for (int i = 0; i < 2; i++)
        {
            var visible = _machine.Visible();
            Assert.Equal([2, 3, 1], new[] { "p/a.mrc", "p/b.mrc", "q/a.mrc" }.Select(name => visible[name][0]));
            Assert.Equal(3, visible.Count);
            Reopen();
        }
    }

    [Fact]
    public void Take_ThatIsRefusedAnywhere_LeavesTheArchiveAndNothingElse()
    {
        Create("a.mrc", [1]);
        Assert.Equal(JobEnd.Done, _machine.Archive("a.mrc").End);
        Assert.Equal(VfsStatus.Ok, _disk.Stat("/s/a.mrc.hdf", out var stat));
        var archive = new ArchiveBase("a.mrc.hdf", FileIdentity.Of(stat), true);
        Assert.Equal(VfsStatus.Busy, Area.Take("a.mrc", 9, default, archive, (_, _) => VfsStatus.Busy, _ => VfsStatus.Ok, out _));
        Assert.Throws<InvalidOperationException>(() =>
            Area.Take("a.mrc", 9, default, archive, (_, _) => throw new InvalidOperationException(), _ => VfsStatus.Ok, out _));
        Assert.Equal(VfsStatus.Busy, Area.Take("a.mrc", 9, default, archive, (_, _) => VfsStatus.Ok, _ => VfsStatus.Busy, out var file));
        Assert.Null(file);
        Assert.Equal(VfsStatus.Ok, Area.FreeDiscards());
        Assert.Empty(_disk.NamesIn("/d/files"));
        Assert.Equal(0, Area.Index.Count);
        Reopen();
        Assert.Equal([1], _machine.Visible()["a.mrc"]);
    }

    /// <summary>Megabytes of changes leave a journal of the files that are there.</summary>
    [Fact]
    public void Journal_IsCompacted_WithoutLosingAnything()
    {
        string name = new('n', 60_000); // copying the simulated journal with every line is what takes time
        Create($"{name}0.mrc", [1]);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(VfsStatus.Ok, Area.Rename(Area.Index.Find($"{name}{i}.mrc")!, $"{name}{i + 1}.mrc", null, null));
        }

        Assert.InRange(_disk.ContentOf("/d/journal")!.Length, 1, (4 << 20) + 70_000);
        Reopen();
        Assert.Equal([$"{name}100.mrc"], _machine.Visible().Keys);
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
}
