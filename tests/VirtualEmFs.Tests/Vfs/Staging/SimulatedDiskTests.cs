using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>The simulated disk loses what a real one may lose, and nothing else.</summary>
public sealed class SimulatedDiskTests
{
    private static readonly byte[] s_first = [1, 2, 3, 4];
    private static readonly byte[] s_second = [5, 6, 7, 8];

    private readonly SimulatedDisk _disk = new("/d", "/e");

    [Fact]
    public void PowerCut_LosesTheNameOfAFlushedFile_UntilItsFolderIsFlushed()
    {
        using var file = Create("/d/a");
        Assert.Equal(VfsStatus.Ok, file.Write(0, s_first, out _));
        Assert.Equal(VfsStatus.Ok, file.Sync(dataOnly: true));
        Assert.Empty(AfterPowerCut().NamesIn("/d"));
        Assert.Equal(s_first, _disk.Crash(0, CrashMode.ProcessDeath).ContentOf("/d/a"));
        Assert.Equal(VfsStatus.Ok, _disk.SyncFolder("/d"));
        Assert.Equal(s_first, AfterPowerCut().ContentOf("/d/a"));
    }

    [Fact]
    public void ProcessDeath_LeavesUnflushedWhatWasUnflushed()
    {
        using var file = Create("/d/a");
        Assert.Equal(VfsStatus.Ok, _disk.SyncFolder("/d"));
        Assert.Equal(VfsStatus.Ok, file.Write(0, s_first, out _));
        var next = _disk.Crash(0, CrashMode.ProcessDeath);
        Assert.Equal(s_first, next.ContentOf("/d/a"));
        Assert.Equal<byte[]?>([], next.Crash(0, CrashMode.PowerCutLosesAll).ContentOf("/d/a"));
    }

    [Fact]
    public void FailedFlush_ForgetsTheBytes_ThoughReadsStillShowThem()
    {
        using var file = Create("/d/a");
        Assert.Equal(VfsStatus.Ok, _disk.SyncFolder("/d"));
        Assert.Equal(VfsStatus.Ok, file.Write(0, s_first, out _));
        _disk.Faults.Fail(DiskCall.Sync, 1, VfsStatus.Corrupt);
        Assert.Equal(VfsStatus.Corrupt, file.Sync(dataOnly: true));
        Assert.Equal(VfsStatus.Ok, file.Sync(dataOnly: true));
        Assert.Equal(s_first, _disk.ContentOf("/d/a"));
        Assert.Equal<byte[]?>([], AfterPowerCut().ContentOf("/d/a"));
    }

    [Theory]
    [InlineData(CrashMode.PowerCutLosesAll)]
    [InlineData(CrashMode.PowerCutLosesSome)]
    [InlineData(CrashMode.PowerCutScrambles)]
    public void RenameBetweenFolders_IsOldOrNew_OrBothForOnceUnflushed(CrashMode mode)
    {
        _disk.Put("/d/a", s_first);
        _disk.Put("/e/b", s_second);
        Assert.Equal(VfsStatus.Ok, _disk.Rename("/d/a", "/e/b", RenameMode.Replace));
        var seen = new HashSet<string>();
        for (int seed = 0; seed < 50; seed++)
        {
            var after = _disk.Crash(seed, mode);
            seen.Add($"{after.ContentOf("/d/a")?[0]} {after.ContentOf("/e/b")?[0]}");
        }

        Assert.Equal(mode == CrashMode.PowerCutLosesAll ? ["1 5"] : [" 1", "1 1", "1 5"], seen.Order(StringComparer.Ordinal));
        Assert.Equal(VfsStatus.Ok, _disk.SyncFolder("/e"));
        Assert.Equal(s_first, AfterPowerCut().ContentOf("/e/b"));
    }

    [Fact]
    public void FlushOfTheOldFolder_OfARename_MakesTheNewNameDurableToo()
    {
        _disk.Put("/d/a", s_first);
        Assert.Equal(VfsStatus.Ok, _disk.Rename("/d/a", "/e/b", RenameMode.KeepExisting));
        Assert.Equal(VfsStatus.Ok, _disk.SyncFolder("/d"));
        Assert.Equal(["/e/b"], AfterPowerCut().FilesBelow("/d").Concat(AfterPowerCut().FilesBelow("/e")));
    }

    [Fact]
    public void TornWrites_AreTornAtEveryByte_AndMayReadAsZeros()
    {
        using var file = Create("/d/a");
        Assert.Equal(VfsStatus.Ok, _disk.SyncFolder("/d"));
        Assert.Equal(VfsStatus.Ok, file.Write(0, s_first, out _));
        var seen = Enumerable.Range(0, 300).Select(seed => Convert.ToHexString(_disk.Crash(seed, CrashMode.PowerCutLosesSome).ContentOf("/d/a")!)).ToHashSet();
        Assert.Equal(["", "00000000", "01", "01000000", "0102", "01020000", "010203", "01020300", "01020304"], seen.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void FullVolume_TakesAsMuchAsFits_AndGivesRoomBack()
    {
        _disk.AddVolume("/d/small", 8192);
        Assert.Equal(VfsStatus.Ok, _disk.MakeFolder("/d/small", 0x1C0));
        using (var file = Create("/d/small/a"))
        {
            Assert.Equal(VfsStatus.NoSpace, file.Write(0, new byte[10_000], out int writtenBytes));
            Assert.Equal(8192, writtenBytes);
            Assert.Equal(VfsStatus.Ok, _disk.Unlink("/d/small/a"));
            using var full = Create("/d/small/b");
            Assert.Equal(VfsStatus.NoSpace, full.Write(0, s_first, out _));
        }

        using var room = Create("/d/small/c");
        Assert.Equal(VfsStatus.Ok, room.Write(0, s_first, out _));
        Assert.Equal(VfsStatus.CrossDevice, _disk.Rename("/d/small/c", "/d/c", RenameMode.Replace));
    }

    [Fact]
    public void Stop_EndsEveryCallFromThereOn()
    {
        _disk.Faults.StopBeforeCall = 2;
        Assert.Equal(VfsStatus.Ok, _disk.MakeFolder("/d/x", 0x1C0));
        Assert.Throws<ProcessStoppedException>(() => _disk.MakeFolder("/d/y", 0x1C0));
        Assert.Throws<ProcessStoppedException>(() => _disk.MakeFolder("/d/z", 0x1C0));
        Assert.Equal(["x"], _disk.Crash(0, CrashMode.ProcessDeath).NamesIn("/d"));
    }

    private SimulatedDisk AfterPowerCut() => _disk.Crash(0, CrashMode.PowerCutLosesAll);

    private IDiskFile Create(string path)
    {
        Assert.Equal(VfsStatus.Ok, _disk.Open(path, DiskAccess.CreateNew, 0x180, out var file));
        return file!;
    }
}
