using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Tests.Vfs.Staging;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.WriteBack;

/// <summary>What cannot be archived stays staged: it is tried again, or parked with its reason, and never lost.</summary>
public sealed class FailureTests
{
    [Fact]
    public void RepeatedFailure_IsTriedAgainAfterGrowingPauses_ThenParked()
    {
        using var fixture = WriteBackFixture.Started();
        fixture.Archiver.Midway = (task, _) => throw new ArchiveException(task.RawPath, "does not decode to what was written");
        var file = fixture.Write("a.mrc", "data.");
        fixture.Advance(30);
        int tries = 1;
        double[] pauses = [1, 4, 16, 64];
        foreach (double pause in pauses)
        {
            Tried(fixture, file, tries);
            Assert.Equal([new HeldFile("a.mrc", "does not decode to what was written")], fixture.Queue.GetStatus().Failing);
            fixture.Advance(pause - 0.1);
            Assert.Equal(tries, fixture.Tasks.Length);
            fixture.Advance(0.1);
            tries++;
        }

        // The log has it last: until then the file counts as one that is worked on.
        WriteBackFixture.Until(() => file.Entry.ParkedReason is not null && fixture.Log.Any(line => line.Contains("parked", StringComparison.Ordinal)));
        fixture.Advance(100_000);
        Assert.Equal(5, fixture.Tasks.Length);
        Assert.Equal(StagedState.Parked, file.State);
        var status = fixture.Queue.GetStatus();
        Assert.Equal([new HeldFile("a.mrc", "does not decode to what was written")], status.Parked);
        Assert.Empty(status.Failing);
        Assert.Equal("data.", fixture.ContentOf("a.mrc"));
        Assert.Single(fixture.Log, line => line.Contains("not archived yet", StringComparison.Ordinal));
        Assert.Single(fixture.Log, line => line.Contains("parked", StringComparison.Ordinal));
        fixture.AssertClean();
    }

    public enum Ending
    {
        Write,
        Rename,
        Retry,
    }

    [Theory]
    [InlineData(Ending.Write)]
    [InlineData(Ending.Rename)]
    [InlineData(Ending.Retry)]
    public void ParkedFile_IsTriedAgainWhenSomethingHappensToIt(Ending ending)
    {
        using var fixture = WriteBackFixture.Started();
        var file = Parked(fixture);
        Assert.Equal(new HeldFile("a.mrc", "a.mrc.hdf " + InTheWay), Assert.Single(fixture.Flush().Remaining));
        fixture.Disk.Remove("/s/a.mrc.hdf");
        fixture.Look();
        Assert.Equal(StagedState.Parked, file.State);
        switch (ending)
        {
            case Ending.Write:
                fixture.Write("a.mrc", "newer.");
                break;
            case Ending.Rename:
                Assert.Equal(VfsStatus.Ok, fixture.Area.Rename(file, "b.mrc", null, null));
                break;
            case Ending.Retry:
                Assert.False(fixture.Queue.Retry("b.mrc"));
                Assert.True(fixture.Queue.Retry("a.mrc"));
                WriteBackFixture.Until(() => file.IsGone);
                break;
        }

        Assert.Equal(0, fixture.Flush().RemainingCount);
        Assert.Equal([ending == Ending.Rename ? "/s/b.mrc.hdf" : "/s/a.mrc.hdf"], fixture.InSource());
        Assert.True(file.IsGone);
    }

    [Fact]
    public void ParkedFile_StaysParkedInTheNextMount_UntilItIsWrittenTo()
    {
        using var fixture = WriteBackFixture.Started();
        Parked(fixture);
        using var next = fixture.After(CrashMode.ProcessDeath);
        next.Queue.Start();
        Assert.Equal(1, next.Flush().RemainingCount);
        next.Disk.Remove("/s/a.mrc.hdf");
        next.Write("a.mrc", "newer.");
        Assert.Equal(0, next.Flush().RemainingCount);
        Assert.Equal(FakeArchiver.ArchiveOf("newer."), next.Disk.ContentOf("/s/a.mrc.hdf"));
    }

    /// <summary>A full source says nothing about a file: it waits for room for as long as it takes, and others do not all try in vain.</summary>
    [Fact]
    public void FullSource_IsWaitedForForEver()
    {
        using var fixture = WriteBackFixture.Started();
        bool isFull = true;
        fixture.Archiver.Midway = (task, _) =>
        {
            if (isFull)
            {
                throw new DiskFailedException(task.TemporaryPath, "no space left", VfsStatus.NoSpace);
            }
        };
        for (int i = 0; i < 10; i++)
        {
            fixture.Write($"{i}.mrc", "data.");
        }

        fixture.Advance(30);
        WriteBackFixture.Until(() => fixture.Queue.GetStatus().FailingCount == 1);
        Assert.Single(fixture.Tasks);
        for (int i = 0; i < 40; i++)
        {
            fixture.Advance(600);
            int last = fixture.Tasks.Length;
            WriteBackFixture.Until(() => fixture.Queue.GetStatus() is { Compressing.Count: 0, FailingCount: > 0 });
            Assert.InRange(fixture.Tasks.Length, last, last + 10);
        }

        WriteBackFixture.Until(() =>
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(60));
            return fixture.Queue.GetStatus().FailingCount == 10;
        });
        Assert.Equal(0, fixture.Queue.GetStatus().ParkedCount);
        int Told() => fixture.Log.Count(line => line.Contains("no space left", StringComparison.Ordinal));
        WriteBackFixture.Until(() => Told() >= 10); // the log follows the figures by a moment
        Assert.Equal(10, Told());
        isFull = false;
        Assert.Equal(0, fixture.Flush().RemainingCount); // at once, though the next try was minutes away
        Assert.Equal(10, fixture.InSource().Length);
        fixture.AssertClean();
    }

    /// <summary>A folder of the source that is full, or somebody's quota: as many files as find a turn in each pause, and older than all others.</summary>
    [Fact]
    public void FilesWithoutRoom_DoNotKeepOthersFromTheirTurn()
    {
        using var fixture = WriteBackFixture.Started();
        fixture.Archiver.Midway = (task, _) =>
        {
            if (task.RelativePath.StartsWith("full", StringComparison.Ordinal))
            {
                throw new DiskFailedException(task.TemporaryPath, "quota exceeded", VfsStatus.QuotaExceeded);
            }
        };
        for (int i = 0; i < 20; i++)
        {
            fixture.Write($"full{i}.mrc", "data.");
        }

        WriteBackFixture.Until(() =>
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(60));
            return fixture.Queue.GetStatus() is { FailingCount: 20, Compressing.Count: 0 };
        });
        var file = fixture.Write("a.mrc", "data.");
        fixture.Advance(30);
        int tries = fixture.Tasks.Length;
        WriteBackFixture.Until(() =>
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(60));
            return file.IsGone;
        });
        Assert.Equal(["/s/a.mrc.hdf"], fixture.InSource());
        Assert.InRange(Array.FindIndex(fixture.Tasks, task => task.RelativePath == "a.mrc"), 20, tries + 1);
    }

    /// <summary>A disk that was full for long says nothing about what fails after it.</summary>
    [Fact]
    public void FailureAfterAFullDisk_IsTheFirst()
    {
        using var fixture = WriteBackFixture.Started();
        var status = VfsStatus.NoSpace;
        fixture.Archiver.Midway = (task, _) => throw new DiskFailedException(task.TemporaryPath, status.InWords(), status);
        var file = fixture.Write("a.mrc", "data.");
        fixture.Advance(30);
        for (int tries = 1; tries <= 7; tries++)
        {
            Tried(fixture, file, tries);
            status = tries < 6 ? VfsStatus.NoSpace : VfsStatus.Corrupt;
            fixture.Advance(600);
        }

        Assert.Null(file.Entry.ParkedReason);
        for (int tries = 8; tries <= 10; tries++)
        {
            Tried(fixture, file, tries);
            fixture.Advance(600);
        }

        WriteBackFixture.Until(() => file.Entry.ParkedReason is not null);
        Assert.Equal(11, fixture.Tasks.Length);
    }

    [Theory]
    [InlineData("a.mrc")]
    [InlineData("a.txt")]
    public void SourceThatIsReallyFull_KeepsTheRawFile_AndRecovers(string name)
    {
        var disk = new SimulatedDisk("/s", "/d");
        var volume = disk.AddVolume("/s", 1 << 14);
        using var fixture = new WriteBackFixture(disk: disk);
        disk.Put("/s/filling", new byte[1 << 14]);
        fixture.Write(name, new string('x', 10_000) + ".");
        fixture.Queue.Start();
        fixture.Advance(30);
        WriteBackFixture.Until(() => fixture.Queue.GetStatus().FailingCount == 1);
        Assert.Equal(10_001, fixture.ContentOf(name)!.Length);
        Assert.Empty(disk.NamesIn("/s/.emfs/tmp"));
        volume.CapacityBytes = 1 << 20;
        fixture.Advance(1);
        WriteBackFixture.Until(() => fixture.Area.Index.Count == 0);
        Assert.Equal(10_001, fixture.ContentOf(name)!.Length);
    }

    /// <summary>Whatever a disk answers once, at any call: the file is archived in the end, and nothing is left.</summary>
    [Theory]
    [InlineData(VfsStatus.Corrupt, false)]
    [InlineData(VfsStatus.NoSpace, false)]
    [InlineData(VfsStatus.Corrupt, true)]
    public void AnySingleFailureOfADisk_IsGotOver(VfsStatus status, bool keepsOriginals)
    {
        var options = new WriteBackOptions { Workers = 1, KeepOriginals = keepsOriginals ? new OriginalsPolicy(null, null) : null };
        for (int call = 1; ; call++)
        {
            using var fixture = new WriteBackFixture(options);
            fixture.Write("a.mrc", "data.");
            fixture.Write("b.txt", "text.");
            fixture.Write("b.mrc", "incomplete");
            fixture.Queue.Start();
            fixture.Look();
            fixture.Disk.Faults.Fail(null, call, status);
            long failures = fixture.Disk.Faults.Failures;
            fixture.Time.Advance(TimeSpan.FromSeconds(30));
            WriteBackFixture.Until(() =>
            {
                fixture.Time.Advance(TimeSpan.FromSeconds(1));
                return fixture.Area.Index.Count == 0;
            });
            bool hasFailed = fixture.Disk.Faults.Failures > failures;
            fixture.Disk.Faults.Clear();
            fixture.Flush();
            Assert.Equal(("data.", "text.", "incomplete"), (fixture.ContentOf("a.mrc"), fixture.ContentOf("b.txt"), fixture.ContentOf("b.mrc")));
            Assert.Equal(["/s/a.mrc.hdf", "/s/b.mrc", "/s/b.txt"], fixture.InSource().Order(StringComparer.Ordinal));
            if (!hasFailed)
            {
                Assert.InRange(call, 40, 1_000);
                return;
            }
        }
    }

    [Fact]
    public void ErrorOfOurOwn_CostsNeitherTheFileNorTheWorker()
    {
        using var fixture = WriteBackFixture.Started();
        fixture.Archiver.Midway = (task, _) =>
        {
            if (task.RelativePath == "a.mrc")
            {
                throw new InvalidOperationException("a mistake");
            }
        };
        var file = fixture.Write("a.mrc", "data.");
        fixture.Write("b.mrc", "other.");
        fixture.Advance(30);
        WriteBackFixture.Until(() => fixture.FinishedCount > 0);
        Assert.Equal(["/s/b.mrc.hdf"], fixture.InSource());
        Assert.False(file.IsGone);
    }

    /// <summary>A commit never replaces a file that the mount did not write.</summary>
    [Theory]
    [InlineData("/s/a.mrc.hdf", true)]
    [InlineData("/s/a.mrc.hdf", false)]
    [InlineData("/s/a.mrc", true)]
    [InlineData("/s/a.mrc", false)]
    public void ForeignFileInTheWay_StaysAsItIs(string foreign, bool comesDuringCompression)
    {
        using var fixture = new WriteBackFixture();
        var file = fixture.Write("a.mrc", "data.");
        if (comesDuringCompression)
        {
            fixture.Archiver.Midway = (_, _) => fixture.Disk.Put(foreign, "foreign"u8);
        }
        else
        {
            fixture.Disk.Put(foreign, "foreign"u8);
        }

        fixture.Queue.Start();
        Assert.Equal($"{foreign[3..]} {InTheWay}", Assert.Single(fixture.Flush().Remaining).Reason);
        Assert.Equal("foreign"u8.ToArray(), fixture.Disk.ContentOf(foreign));
        Assert.Equal("data."u8.ToArray(), fixture.Disk.ContentOf(fixture.Area.RawPathOf(file.Entry)));
        Assert.Equal(comesDuringCompression ? 1 : 0, fixture.Tasks.Length);
        fixture.AssertClean();
    }

    [Fact]
    public void FlushOfAFolder_WaitsForThatAlone_AndNotForWhatComesLater()
    {
        using var fixture = WriteBackFixture.Started();
        fixture.Disk.MakeFolder("/s/in", 0x1ED);
        fixture.Disk.MakeFolder("/s/inner", 0x1ED);
        fixture.Write("in/a.mrc", "data.");
        fixture.Write("inner/b.mrc", "data.");
        var open = fixture.OpenForWriting("in/open.mrc");
        fixture.Archiver.Midway = (_, _) =>
        {
            for (int i = 0; fixture.Tasks.Length == 1 && i < 3; i++)
            {
                fixture.Write($"in/later{i}.mrc", "data.");
            }
        };
        var result = fixture.Flush("in");
        Assert.Equal([new HeldFile("in/open.mrc", "a program has it open")], result.Remaining);
        Assert.Equal(["/s/in/a.mrc.hdf"], fixture.InSource());
        Assert.Equal(0, fixture.Flush("inner/b.mrc").RemainingCount);
        Assert.Equal(["/s/in/a.mrc.hdf", "/s/inner/b.mrc.hdf"], fixture.InSource());
        fixture.Area.Close(open, isWriter: true);
    }

    /// <summary>Whoever copies a staged file while others wait for it must not end their waiting; a viewer left open must, or they would wait for it all day.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FlushOfAFileThatIsOpen_WaitsForTwoSecondsThatItIsClosed(bool isClosed)
    {
        using var fixture = WriteBackFixture.Started(new WriteBackOptions { Workers = 1 });
        var file = fixture.Write("a.mrc", "data.");
        fixture.Open(file, isWriter: false);
        fixture.Look();
        fixture.Advance(10); // the kernel may tell of a close after the flush was asked for
        var flush = fixture.Queue.Flush(null, TestContext.Current.CancellationToken);
        fixture.Advance(1.9);
        Assert.False(flush.IsCompleted);
        if (isClosed)
        {
            fixture.Area.Close(file, isWriter: false);
            Assert.Empty(WriteBackFixture.Wait(flush).Remaining);
            Assert.Equal(["/s/a.mrc.hdf"], fixture.InSource());
            return;
        }

        fixture.Advance(0.1);
        Assert.Equal([new HeldFile("a.mrc", "a program has it open")], WriteBackFixture.Wait(flush).Remaining);
        Assert.Empty(fixture.InSource());
        fixture.Area.Close(file, isWriter: false);
    }

    [Fact]
    public void FlushThatIsCancelled_EndsAtOnce()
    {
        using var fixture = WriteBackFixture.Started();
        fixture.Archiver.Midway = (task, _) => throw new DiskFailedException(task.RawPath, "no space left", VfsStatus.NoSpace);
        fixture.Write("a.mrc", "data.");
        using var stopping = new CancellationTokenSource();
        var flush = fixture.Queue.Flush(null, stopping.Token);
        WriteBackFixture.Until(() => !fixture.Archiver.Tasks.IsEmpty);
        Assert.False(flush.IsCompleted);
        stopping.Cancel();
        Assert.True(flush.IsCanceled);
    }

    private const string InTheWay =
        "is in the source already, and this mount did not write it; move it away there, then 'emfs retry', or give the file another name";

    private static StagedFile Parked(WriteBackFixture fixture)
    {
        fixture.Disk.Put("/s/a.mrc.hdf", "foreign"u8);
        Assert.Equal(VfsStatus.Ok, fixture.Area.Create("a.mrc", new Creation(0x1A0, 0, 0), out var file));
        fixture.Write("a.mrc", "data.");
        Assert.Equal(1, fixture.Flush().RemainingCount);
        return file!;
    }

    private static void Tried(WriteBackFixture fixture, StagedFile file, int count) =>
        WriteBackFixture.Until(() => fixture.Tasks.Length == count && file.State is StagedState.Quiet && fixture.Queue.GetStatus().Compressing.Count == 0);
}
