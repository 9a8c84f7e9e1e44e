using VirtualEmFs.Tests.Vfs.Staging;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.WriteBack;

/// <summary>Quiet files become archives, once, and what is no MRC file goes to the source as it is.</summary>
public sealed class WriteBackQueueTests
{
    [Fact]
    public void ClosedFile_IsArchivedWhenItHasBeenQuietForItsDelay()
    {
        using var fixture = WriteBackFixture.Started();
        var file = fixture.Write("a.mrc", "data.");
        fixture.Advance(29.9);
        Assert.Equal(StagedState.Writing, file.State);
        Assert.Empty(fixture.Tasks);
        fixture.Advance(0.1);
        WriteBackFixture.Until(() => fixture.FinishedCount > 0);
        Assert.Equal(FakeArchiver.ArchiveOf("data."), fixture.Disk.ContentOf("/s/a.mrc.hdf"));
        Assert.Equal(["/s/a.mrc.hdf"], fixture.InSource());
        Assert.Equal(1, fixture.FinishedCount);
        Assert.True(file.IsGone);
        Assert.Equal(0, fixture.Area.Index.Count);
        var task = Assert.Single(fixture.Tasks);
        Assert.Equal(("a.mrc", null, file.Entry.Inode), (task.RelativePath, task.EarlierArchivePath, task.Inode));
        fixture.AssertClean();
    }

    /// <summary>The raw file's room is free a second after its archive is there, whatever else happens.</summary>
    [Fact]
    public void RawFile_IsRemovedWhenTheJournalIsDurable()
    {
        using var fixture = WriteBackFixture.Started();
        fixture.Write("a.mrc", "data.");
        fixture.Advance(30);
        WriteBackFixture.Until(() => fixture.FinishedCount > 0);
        fixture.Look();
        WriteBackFixture.Until(() =>
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(1));
            return fixture.Disk.NamesIn("/d/files").Length == 0;
        });
        Assert.False(fixture.Area.HasDiscards);
    }

    /// <summary>rsync writes under a name of its own, and RELION under <c>.tmp</c>: the name at the time decides.</summary>
    [Fact]
    public void NameThatIsNoMrcName_SendsTheFileToTheSourceUnchanged()
    {
        using var fixture = WriteBackFixture.Started();
        var file = fixture.Write("notes.mrc", "text.");
        fixture.Disk.SetExtendedAttribute(fixture.Area.RawPathOf(file.Entry), "user.note", [1, 2], ExtendedAttributeMode.Create);
        fixture.Disk.SetAttributes(fixture.Area.RawPathOf(file.Entry), new AttributeChange(0x9A4, MtimeNs: 1_234_567_890));
        fixture.Disk.Stat(fixture.Area.RawPathOf(file.Entry), out var raw);
        Assert.Equal(VfsStatus.Ok, fixture.Area.Rename(file, "notes.mrc~", null, null));
        fixture.Flush();
        Assert.Empty(fixture.Tasks);
        Assert.Equal("text.", fixture.ContentOf("notes.mrc~"));
        fixture.Disk.Stat("/s/notes.mrc~", out var stat);
        Assert.Equal((0x9A4u, 1000u, 100u, 1_234_567_890L, raw.AtimeNs), (stat.Permissions, stat.Uid, stat.Gid, stat.Version.MtimeNs, stat.AtimeNs));
        Assert.Equal(VfsStatus.Ok, fixture.Disk.GetExtendedAttribute("/s/notes.mrc~", "user.note", out byte[] value));
        Assert.Equal<byte>([1, 2], value);
        Assert.Empty(fixture.Disk.NamesIn("/d/files"));
        fixture.AssertClean();
    }

    /// <summary>MotionCor and cisTEM write the header when they close: what a killed one leaves is no MRC file, and stays raw until it is one.</summary>
    [Fact]
    public void IncompleteFile_StaysRawUntilItIsComplete()
    {
        using var fixture = WriteBackFixture.Started();
        fixture.Write("a.mrc", "no header yet");
        fixture.Flush();
        Assert.Equal("no header yet", fixture.ContentOf("a.mrc"));
        Assert.Equal(["/s/a.mrc"], fixture.InSource());
        Assert.Equal(1, fixture.Queue.GetStatus().Totals.KeptRawFiles);

        var file = fixture.OpenForWriting("a.mrc"); // where it lies
        Assert.True(file.Entry.IsInPlace);
        fixture.Area.Close(file, isWriter: true);
        fixture.Flush();
        Assert.Equal(["/s/a.mrc"], fixture.InSource());
        Assert.Equal(0, fixture.Area.Index.Count);

        fixture.Write("a.mrc", "complete.");
        fixture.Flush();
        Assert.Equal(["/s/a.mrc.hdf"], fixture.InSource());
        Assert.Equal("complete.", fixture.ContentOf("a.mrc"));
        fixture.AssertClean();
    }

    [Fact]
    public void Files_AreArchivedOldestFirst()
    {
        using var fixture = WriteBackFixture.Started();
        string[] names = ["c.mrc", "a.mrc", "d.mrc", "b.mrc"];
        foreach (string name in names)
        {
            fixture.Write(name, "data.");
            fixture.Time.Advance(TimeSpan.FromSeconds(1));
        }

        fixture.Write("c.mrc", "newer.");
        fixture.Advance(30);
        WriteBackFixture.Until(() => fixture.FinishedCount == 4);
        Assert.Equal(["a.mrc", "d.mrc", "b.mrc", "c.mrc"], fixture.Tasks.Select(task => task.RelativePath));
    }

    [Fact]
    public void Workers_AreAsManyAsAskedFor()
    {
        using var fixture = new WriteBackFixture(new WriteBackOptions { Workers = 3 });
        using var meeting = new Barrier(3);
        fixture.Archiver.Midway = (_, cancellation) => Assert.True(meeting.SignalAndWait(WriteBackFixture.Deadline, cancellation));
        for (int i = 0; i < 12; i++)
        {
            fixture.Write($"{i}.mrc", "data.");
        }

        fixture.Queue.Start();
        fixture.Flush();
        Assert.Equal((3, 12), (fixture.Archiver.MostAtOnce, fixture.Tasks.Length));
    }

    [Fact]
    public void DryRun_TellsWhatEachFileWouldGet()
    {
        using var fixture = WriteBackFixture.Started(new WriteBackOptions { Workers = 1, IsDryRun = true });
        fixture.Write("a.mrc", "data.");
        fixture.Write("b.mrc", "incomplete");
        fixture.Flush();
        Assert.Equal(["/s/a.mrc", "/s/b.mrc"], fixture.InSource());
        Assert.Equal("data.", fixture.ContentOf("a.mrc"));
        var forecasts = fixture.Queue.GetStatus().Forecasts;
        Assert.Equal(
            [new Forecast("a.mrc", new ArchivingResult(null, "the rule", 10, 1, 2, 5, 16)), new Forecast("b.mrc", new ArchivingResult("the file is incomplete"))],
            forecasts);
        Assert.Contains("a.mrc: would be archived, 5 bytes in 16 (the rule, 10 bits)", fixture.Log);
        Assert.Empty(fixture.Tasks);
        fixture.AssertClean();
    }

    [Fact]
    public void Status_TellsWhatIsStagedAndWhatWasSaved()
    {
        using var fixture = WriteBackFixture.Started();
        fixture.Write("a.mrc", "data.");
        fixture.Flush();
        using var begun = new ManualResetEventSlim();
        using var mayGoOn = new ManualResetEventSlim();
        fixture.Archiver.Midway = (_, cancellation) =>
        {
            begun.Set();
            mayGoOn.Wait(WriteBackFixture.Deadline, cancellation);
        };
        fixture.Write("b.mrc", "more data.");
        fixture.Advance(60);
        Assert.True(begun.Wait(WriteBackFixture.Deadline, TestContext.Current.CancellationToken));
        fixture.OpenForWriting("c.mrc");
        fixture.Advance(10);
        var status = fixture.Queue.GetStatus();
        Assert.Equal((2, 10L, 1, 0), (status.StagedFiles, status.StagedBytes, status.OpenFiles, status.QueuedFiles));
        Assert.Equal(TimeSpan.FromSeconds(70), status.OldestAge);
        Assert.Equal([new CompressingFile("b.mrc", 10, 0, TimeSpan.FromSeconds(10))], status.Compressing);
        Assert.Equal(new WriteBackTotals(ArchivedFiles: 1, GuardedFiles: 1, ClampedSamples: 2, RawBytes: 5, ArchiveBytes: 16), status.Totals);
        mayGoOn.Set();
    }

    /// <summary>One timer for all of them, and few looks at all however many of them change at once.</summary>
    [Fact]
    public void HundredThousandStagedFiles_CostLittle()
    {
        const int Count = 100_000;
        using var fixture = WriteBackFixture.Started();
        for (int i = 1; i <= Count; i++)
        {
            var entry = new StagedEntry(1000 + i, $"{i % 100}/{i}.mrc", IsInPlace: false, 7);
            fixture.Area.Index.Put(new StagedFile(entry, fixture.Time.GetTimestamp()), entry);
        }

        fixture.Look();
        long looks = fixture.Queue.ScanCount;
        for (int i = 0; i < 10_000; i++)
        {
            fixture.Area.Close(fixture.OpenForWriting("x.mrc"), isWriter: true);
        }

        fixture.Look();
        Assert.InRange(fixture.Queue.ScanCount - looks, 1, 1_000);
        Assert.Equal(1, fixture.Time.TimerCount);
    }

    [Fact]
    public void Dispose_LeavesEverythingStaged_AndTheNextMountArchivesIt()
    {
        using var fixture = WriteBackFixture.Started();
        using var begun = new ManualResetEventSlim();
        fixture.Archiver.Midway = (_, cancellation) =>
        {
            begun.Set();
            cancellation.WaitHandle.WaitOne(WriteBackFixture.Deadline);
        };
        fixture.Write("a.mrc", "data.");
        var flush = fixture.Queue.Flush(null, TestContext.Current.CancellationToken);
        Assert.True(begun.Wait(WriteBackFixture.Deadline, TestContext.Current.CancellationToken));
        fixture.Queue.Dispose();
        Assert.True(flush.IsCanceled);
        Assert.True(fixture.Queue.Flush(null, TestContext.Current.CancellationToken).IsCanceled);
        Assert.Empty(fixture.InSource());
        Assert.Equal("data.", fixture.ContentOf("a.mrc"));
        fixture.AssertClean();

        using var next = fixture.After(CrashMode.ProcessDeath);
        next.Queue.Start();
        next.Flush();
        Assert.Equal("data.", next.ContentOf("a.mrc"));
        Assert.Equal(["/s/a.mrc.hdf"], next.InSource());
    }
}
