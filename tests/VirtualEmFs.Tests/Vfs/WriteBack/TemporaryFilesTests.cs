using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Tests.Vfs.Staging;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.WriteBack;

/// <summary>Sources of several file systems: archives come into being where a rename can give them their name, and nothing is left.</summary>
public sealed class TemporaryFilesTests
{
    private static SimulatedDisk TwoVolumes()
    {
        var disk = new SimulatedDisk("/s", "/s/far", "/d");
        disk.AddVolume("/s/far", 1 << 20);
        return disk;
    }

    [Theory]
    [InlineData("far/a.mrc", "/s/far/a.mrc.hdf")]
    [InlineData("far/a.txt", "/s/far/a.txt")]
    public void TargetOnAnotherFileSystem_HasItsTemporaryFileBesideIt(string path, string result)
    {
        using var fixture = new WriteBackFixture(disk: TwoVolumes());
        fixture.Write(path, "data.");
        fixture.Disk.Faults.Trace = [];
        fixture.Queue.Start();
        fixture.Flush();
        Assert.Equal([result], fixture.InSource());
        Assert.Equal("data.", fixture.ContentOf(path));
        Assert.Contains(fixture.Disk.Faults.Trace, call => call.Contains("/s/far/.emfs-tmp-1-1.", StringComparison.Ordinal));
        Assert.Equal(1, fixture.FinishedCount);
        fixture.AssertClean();
    }

    /// <summary>A bind mount has the number of the device, and yet no rename leads there.</summary>
    [Fact]
    public void RenameThatIsRefused_IsMadeBesideTheTargetFromThenOn()
    {
        using var fixture = WriteBackFixture.Started();
        fixture.Disk.MakeFolder("/s/bound", 0x1ED);
        fixture.Disk.Faults.Fail(DiskCall.Rename, 1, VfsStatus.CrossDevice, isForEver: true, prefix: "/s/.emfs/tmp/");
        fixture.Write("bound/a.mrc", "data.");
        fixture.Flush();
        fixture.Write("bound/b.mrc", "data.");
        fixture.Flush();
        Assert.Equal(["/s/bound/a.mrc.hdf", "/s/bound/b.mrc.hdf"], fixture.InSource());
        Assert.Equal(3, fixture.Tasks.Length);
        fixture.AssertClean();
    }

    /// <summary>More folders than are remembered: each new one is.</summary>
    [Fact]
    public void FoldersThatNoRenameReaches_AreRememberedHoweverManyThereAre()
    {
        using var fixture = new WriteBackFixture();
        var temporaries = new TemporaryFiles(fixture.Area, fixture.Disk);
        var entry = fixture.Write("a.mrc", "data.").Entry;
        for (int i = 0; i < 2500; i++)
        {
            temporaries.NoteFar($"{i}/a.mrc");
            Assert.Equal(VfsStatus.Ok, temporaries.Take(entry, 1, ".hdf", $"{i}/a.mrc", out string path));
            Assert.True(TemporaryFiles.IsBesideTarget(path));
        }
    }

    /// <summary>A full staging folder gets room by what is archived: that must not wait for room.</summary>
    [Fact]
    public void NoteWithoutRoom_IsDoneWithout()
    {
        using var fixture = new WriteBackFixture(disk: TwoVolumes());
        fixture.Write("far/a.mrc", "data.");
        fixture.Disk.Faults.Fail(DiskCall.Write, 1, VfsStatus.NoSpace, isForEver: true, prefix: "/d/temporaries/");
        fixture.Queue.Start();
        Assert.Equal(0, fixture.Flush().RemainingCount);
        Assert.Equal(["/s/far/a.mrc.hdf"], fixture.InSource());
        fixture.AssertClean();
    }

    [Theory]
    [InlineData(CrashMode.ProcessDeath)]
    [InlineData(CrashMode.PowerCutLosesAll)]
    [InlineData(CrashMode.PowerCutLosesSome)]
    [InlineData(CrashMode.PowerCutScrambles)]
    public void MachineThatStopsAnywhere_LeavesNothing(CrashMode mode)
    {
        for (int stop = 1; ; stop++)
        {
            using var fixture = new WriteBackFixture(disk: TwoVolumes());
            fixture.Queue.Start();
            var file = fixture.Write("far/a.mrc", "data.");
            bool isDone = fixture.ArchiveUntilStopped(file, stop, seconds: 30);
            using var next = fixture.After(mode);
            next.Queue.Start();
            Assert.DoesNotContain(next.InSource(), path => path.Contains(".emfs-tmp-", StringComparison.Ordinal));
            next.Flush();
            Assert.Equal(["/s/far/a.mrc.hdf"], next.InSource());
            Assert.Equal("data.", next.ContentOf("far/a.mrc"));
            next.AssertClean();
            if (isDone)
            {
                Assert.InRange(stop, 20, 200);
                return;
            }
        }
    }

    /// <summary>Whatever a note says, nothing is removed but what has the name of a temporary file.</summary>
    [Fact]
    public void NoteOfAnotherFile_RemovesNothing()
    {
        var disk = new SimulatedDisk("/s", "/d", "/d/temporaries");
        disk.Put("/s/a.mrc", "data."u8);
        disk.Put("/d/temporaries/1", """{"path":"a.mrc"}"""u8);
        disk.Put("/d/temporaries/2", "torn"u8);
        using var fixture = new WriteBackFixture(disk: disk);
        fixture.Queue.Start();
        Assert.Equal(["/s/a.mrc"], fixture.InSource());
        Assert.Empty(disk.NamesIn("/d/temporaries"));
    }
}
