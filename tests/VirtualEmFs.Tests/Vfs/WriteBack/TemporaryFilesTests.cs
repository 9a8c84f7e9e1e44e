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
