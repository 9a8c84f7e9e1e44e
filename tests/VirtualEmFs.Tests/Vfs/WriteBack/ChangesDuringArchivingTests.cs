using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.WriteBack;

/// <summary>What programs do to a file while it is being archived wins, in every state.</summary>
public sealed class ChangesDuringArchivingTests
{
    /// <summary>Where the write-back is when a program comes.</summary>
    public enum Moment
    {
        /// <summary>Not quiet yet.</summary>
        Writing,

        /// <summary>Due, while the only worker is busy with another file.</summary>
        Quiet,

        /// <summary>The archive is being made.</summary>
        Compressing,

        /// <summary>The archive is there, and waits for the file's name.</summary>
        Committing,
    }

    public enum Change
    {
        Rename,
        RenameAway,
        Unlink,
        Write,
        WriteAndKeepOpen,
        RenameOver,
        SetAttributes,
    }

    public static TheoryData<Moment, Change> All => [.. Enum.GetValues<Moment>().SelectMany(moment => Enum.GetValues<Change>().Select(change => (moment, change)))];

    [Theory]
    [MemberData(nameof(All))]
    public void Change_InAnyState_Wins(Moment moment, Change change)
    {
        using var fixture = new WriteBackFixture();
        using var begun = new SemaphoreSlim(0);
        using var mayGoOn = new SemaphoreSlim(0);
        string held = moment == Moment.Quiet ? "other.mrc" : "a.mrc";
        bool isHeld = moment is Moment.Quiet or Moment.Compressing;
        fixture.Archiver.Midway = (task, _) =>
        {
            if (isHeld && task.RelativePath == held)
            {
                isHeld = false;
                begun.Release();
                Assert.True(mayGoOn.Wait(WriteBackFixture.Deadline, CancellationToken.None)); // one that does not listen
            }
        };
        fixture.Queue.Start();
        if (moment == Moment.Quiet)
        {
            fixture.Write("other.mrc", "other.");
            fixture.Time.Advance(TimeSpan.FromSeconds(1));
        }

        var file = fixture.Write("a.mrc", "data.");
        Reach(fixture, file, moment, begun);
        if (moment != Moment.Committing)
        {
            file.Names.Wait(TestContext.Current.CancellationToken);
        }

        bool isOpen = Do(fixture, file, change);
        file.Names.Release();
        mayGoOn.Release();
        var result = fixture.Flush();
        Assert.Equal(isOpen ? 1 : 0, result.RemainingCount);
        if (isOpen)
        {
            Assert.Equal(new HeldFile("a.mrc", "a program has it open"), Assert.Single(result.Remaining));
            Assert.Equal("newer.", fixture.ContentOf("a.mrc"));
            fixture.Area.Close(file, isWriter: true);
            Assert.Equal(0, fixture.Flush().RemainingCount);
        }

        string[] expected = change switch
        {
            Change.Rename => ["b.mrc.hdf: data."],
            Change.RenameAway => ["a.mrc~: data."],
            Change.Unlink => [],
            Change.RenameOver => ["a.mrc.hdf: third."],
            Change.SetAttributes => ["a.mrc.hdf: data."],
            _ => ["a.mrc.hdf: newer."],
        };
        Assert.Equal(expected, Found(fixture).Where(found => !found.StartsWith("other", StringComparison.Ordinal)));
        if (change == Change.SetAttributes)
        {
            fixture.Disk.Stat("/s/a.mrc.hdf", out var stat);
            Assert.Equal((0x100u, 123_456_789L), (stat.Permissions, stat.Version.MtimeNs));
        }

        Assert.Equal(0, fixture.Area.Index.Count);
        Assert.Empty(fixture.Disk.NamesIn("/d/files"));
        fixture.AssertClean();
    }

    /// <summary>A viewer that has the file open all day costs no second compression, and no worker.</summary>
    [Fact]
    public void ReaderThatComesDuringCompression_IsWaitedForWithTheFinishedArchive()
    {
        using var fixture = new WriteBackFixture();
        var file = Compressed(fixture, file => fixture.Open(file, isWriter: false));
        Assert.Equal("data.", fixture.ContentOf("a.mrc"));
        fixture.Write("b.mrc", "other.");
        Assert.Equal(1, fixture.Flush().RemainingCount);
        Assert.Equal(["b.mrc.hdf: other."], Found(fixture));
        fixture.Area.Close(file, isWriter: false);
        WriteBackFixture.Until(() => file.IsGone);
        Assert.Equal(["a.mrc.hdf: data.", "b.mrc.hdf: other."], Found(fixture));
        Assert.Equal(2, fixture.Tasks.Length);
        fixture.AssertClean();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void FileChangedWhileItsFinishedArchiveWaits_IsArchivedAgain(bool isRemoved)
    {
        using var fixture = new WriteBackFixture();
        var file = Compressed(fixture, file => fixture.Open(file, isWriter: false));
        WriteBackFixture.Until(() => fixture.Queue.GetStatus().Compressing.Count == 0);
        Assert.Single(fixture.Disk.NamesIn("/s/.emfs/tmp"));
        if (isRemoved)
        {
            Assert.Equal(VfsStatus.Ok, fixture.Area.Remove(file));
        }
        else
        {
            fixture.Write("a.mrc", "newer.");
        }

        fixture.Area.Close(file, isWriter: false);
        fixture.Flush();
        WriteBackFixture.Until(() => fixture.Disk.NamesIn("/s/.emfs/tmp").Length == 0);
        Assert.Equal(isRemoved ? [] : ["a.mrc.hdf: newer."], Found(fixture));
        Assert.Equal(isRemoved ? 1 : 2, fixture.Tasks.Length);
    }

    /// <summary>Work that nobody needs ends at once when a name changes, and within a second when a program opens the file for writing.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void OutdatedWork_IsCancelled(bool isRenamed)
    {
        using var fixture = new WriteBackFixture();
        using var begun = new SemaphoreSlim(0);
        using var ended = new SemaphoreSlim(0);
        fixture.Archiver.Midway = (_, cancellation) =>
        {
            begun.Release();
            if (fixture.Tasks.Length == 1)
            {
                Assert.True(cancellation.WaitHandle.WaitOne(WriteBackFixture.Deadline));
                ended.Release();
            }
        };
        fixture.Queue.Start();
        var file = fixture.Write("a.mrc", "data.");
        fixture.Advance(30);
        Assert.True(begun.Wait(WriteBackFixture.Deadline, TestContext.Current.CancellationToken));
        fixture.Look();
        if (isRenamed)
        {
            Assert.Equal(VfsStatus.Ok, fixture.Area.Rename(file, "b.mrc", null, null));
        }
        else
        {
            fixture.Open(file, isWriter: true);

            // A look that is still under way sets its second from when it ends: then it is the next one.
            for (int second = 0; second < 2; second++)
            {
                fixture.Time.Advance(TimeSpan.FromSeconds(1));
                WriteBackFixture.Until(() => ended.CurrentCount > 0 || fixture.Time.IsTimerSet);
            }
        }

        Assert.True(ended.Wait(WriteBackFixture.Deadline, TestContext.Current.CancellationToken));
        if (!isRenamed)
        {
            fixture.Area.Close(file, isWriter: true);
        }

        fixture.Flush();
        Assert.Equal([isRenamed ? "b.mrc.hdf: data." : "a.mrc.hdf: data."], Found(fixture));
        Assert.Equal(1, fixture.Queue.GetStatus().Totals.DiscardedJobs);
    }

    private static string[] Found(WriteBackFixture fixture) =>
        [.. fixture.InSource().Select(path => path[3..]).Select(name => $"{name}: {fixture.ContentOf(name.Replace(".hdf", "", StringComparison.Ordinal))}")];

    /// <summary>Lets a program come in the middle of a file's compression.</summary>
    private static StagedFile Compressed(WriteBackFixture fixture, Action<StagedFile> meanwhile)
    {
        StagedFile? file = null;
        fixture.Archiver.Midway = (task, _) =>
        {
            if (task.RelativePath == "a.mrc" && fixture.Tasks.Length == 1)
            {
                meanwhile(file!);
            }
        };
        file = fixture.Write("a.mrc", "data.");
        fixture.Queue.Start();
        fixture.Advance(30);
        WriteBackFixture.Until(() => fixture.Tasks.Length == 1 && file.IsOpen);
        return file;
    }

    private static void Reach(WriteBackFixture fixture, StagedFile file, Moment moment, SemaphoreSlim begun)
    {
        switch (moment)
        {
            case Moment.Writing:
                fixture.Advance(10);
                Assert.Equal(StagedState.Writing, file.State);
                break;
            case Moment.Quiet:
                fixture.Advance(30);
                Assert.True(begun.Wait(WriteBackFixture.Deadline, TestContext.Current.CancellationToken));
                fixture.Look();
                Assert.Equal(StagedState.Quiet, file.State);
                break;
            case Moment.Compressing:
                fixture.Advance(30);
                Assert.True(begun.Wait(WriteBackFixture.Deadline, TestContext.Current.CancellationToken));
                Assert.Equal(StagedState.Compressing, file.State);
                break;
            case Moment.Committing:
                file.Names.Wait(TestContext.Current.CancellationToken); // the program was quicker
                fixture.Advance(30);
                WriteBackFixture.Until(() => file.State == StagedState.Verifying);
                break;
        }
    }

    /// <summary>Does what a program does, while the file's names are held.</summary>
    /// <returns>True when the file stays open.</returns>
    private static bool Do(WriteBackFixture fixture, StagedFile file, Change change)
    {
        switch (change)
        {
            case Change.Rename:
                Assert.Equal(VfsStatus.Ok, fixture.Area.Rename(file, "b.mrc", null, null));
                return false;
            case Change.RenameAway:
                Assert.Equal(VfsStatus.Ok, fixture.Area.Rename(file, "a.mrc~", null, null));
                return false;
            case Change.Unlink:
                Assert.Equal(VfsStatus.Ok, fixture.Area.Remove(file));
                return false;
            case Change.RenameOver:
                var third = fixture.Write("third.mrc", "third.");
                Assert.Equal(VfsStatus.Ok, fixture.Area.Rename(third, "a.mrc", file, null));
                return false;
            case Change.SetAttributes:
                fixture.Disk.SetAttributes(fixture.Area.RawPathOf(file.Entry), new AttributeChange(0x100, MtimeNs: 123_456_789));
                fixture.Area.NoteChange(file);
                return false;
        }

        Assert.Equal(VfsStatus.Ok, fixture.Area.Open(file, 1, 1));
        fixture.Put(file, "newer.");
        if (change == Change.Write)
        {
            fixture.Area.Close(file, isWriter: true);
            return false;
        }

        return true;
    }
}
