using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.WriteBack;

/// <summary>When files are due.</summary>
public sealed class DelayTests
{
    [Fact]
    public void OpenFile_IsNeverDue()
    {
        using var fixture = WriteBackFixture.Started();
        var file = fixture.OpenForWriting("a.mrc");
        fixture.Put(file, "data.");
        fixture.Advance(100_000);
        Assert.Equal(StagedState.Writing, file.State);
        fixture.Area.Close(file, isWriter: true);
        fixture.Advance(29);
        Assert.Empty(fixture.Tasks);
        fixture.Advance(1);
        WriteBackFixture.Until(() => file.IsGone);
    }

    [Fact]
    public void Rule_HasADelayOfItsOwn()
    {
        using var fixture = WriteBackFixture.Started();
        fixture.Archiver.Delays.Add("slow.mrc", TimeSpan.FromMinutes(10));
        var slow = fixture.Write("slow.mrc", "data.");
        var usual = fixture.Write("usual.mrc", "data.");
        fixture.Advance(599);
        WriteBackFixture.Until(() => usual.IsGone);
        Assert.Equal(StagedState.Writing, slow.State);
        fixture.Advance(1);
        WriteBackFixture.Until(() => slow.IsGone);
    }

    /// <summary>RELION opens, appends and closes a stack for each particle; SerialEM adds a section every few minutes.</summary>
    [Fact]
    public void Archiving_LetsOthersGoFirst_UnlessSomebodyWaits()
    {
        using var fixture = WriteBackFixture.Started();
        fixture.Write("due.mrc", "due.");
        fixture.Advance(31);
        WriteBackFixture.Until(() => fixture.InSource().Length == 1);
        fixture.Write("hurried.mrc", "hurried.");
        fixture.Queue.Hurry(null);
        WriteBackFixture.Until(() => fixture.InSource().Length == 2);
        fixture.Write("awaited.mrc", "awaited.");
        fixture.Flush();
        Assert.Equal(
            [("due.mrc", false), ("hurried.mrc", false), ("awaited.mrc", true)], fixture.Tasks.Select(task => (task.RelativePath, task.IsAwaited)));
    }

    [Fact]
    public void SeriesThatGrows_IsCompressedASmallNumberOfTimes()
    {
        using var fixture = WriteBackFixture.Started();
        string content = "";
        for (int section = 0; section < 41; section++)
        {
            content = string.Concat(content.AsSpan(0, Math.Max(0, content.Length - 1)), $"section {section},.");
            fixture.Write("TS.mrc", content);
            for (int second = 0; second < 31; second++)
            {
                fixture.Advance(1);
                WriteBackFixture.Until(() => fixture.Area.Index.Find("TS.mrc") is not { State: not StagedState.Writing });
            }
        }

        fixture.Flush();
        Assert.InRange(fixture.Tasks.Length, 2, 6);
        Assert.Equal(content, fixture.ContentOf("TS.mrc"));
        Assert.Equal(["/s/TS.mrc.hdf"], fixture.InSource());
        fixture.AssertClean();
    }

    [Fact]
    public void FileWrittenAgainAfterItsCommit_WaitsTwiceAsLongUntilTheLongestDelay()
    {
        var options = new WriteBackOptions { Workers = 1, LongestDelay = TimeSpan.FromSeconds(100) };
        using var fixture = WriteBackFixture.Started(options);
        double[] delays = [30, 60, 100, 100];
        for (int i = 0; i < delays.Length; i++)
        {
            var file = fixture.Write("a.mrc", $"version {i}.");
            fixture.Advance(delays[i] - 0.1);
            Assert.Equal(StagedState.Writing, file.State);
            fixture.Advance(0.1);

            // Not until the file is gone: when it was committed is noted after that, and the clock must not go on before.
            WriteBackFixture.Until(() => fixture.FinishedCount == i + 1);
            fixture.Advance(5);
        }

        fixture.Time.Advance(options.ReopenWindow);
        fixture.Write("a.mrc", "long after.");
        fixture.Advance(30);
        WriteBackFixture.Until(() => fixture.FinishedCount == delays.Length + 1);
        Assert.Equal(5, fixture.Tasks.Length);
    }

    [Fact]
    public void ClockSetBack_HoldsNothingUp()
    {
        using var fixture = WriteBackFixture.Started();
        var file = fixture.Write("a.mrc", "data.");
        fixture.Time.Correction = TimeSpan.FromDays(-400);
        fixture.Advance(30);
        WriteBackFixture.Until(() => file.IsGone);
    }

    /// <summary>A full day of reading must not let the staging folder fill up, and a moment of it costs a moment.</summary>
    [Fact]
    public void Readers_GoFirstForAWhile()
    {
        bool areActive = true;
        using var mayGoOn = new ManualResetEventSlim();
        using var fixture = new WriteBackFixture(readersAreActive: () => Volatile.Read(ref areActive));
        fixture.Archiver.Midway = (_, cancellation) => mayGoOn.Wait(WriteBackFixture.Deadline, cancellation);
        fixture.Queue.Start();
        var first = fixture.Write("a.mrc", "data.");
        var second = fixture.Write("b.mrc", "data.");
        fixture.Advance(30);
        fixture.Advance(4.9);
        Assert.Equal(StagedState.Quiet, first.State);
        Assert.Empty(fixture.Tasks);
        WriteBackFixture.Until(() =>
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(0.1));
            return fixture.Tasks.Length > 0;
        });
        mayGoOn.Set();
        WriteBackFixture.Until(() => first.IsGone);
        fixture.Advance(4.9);
        Assert.Equal(StagedState.Quiet, second.State);
        Volatile.Write(ref areActive, false);
        fixture.Time.Advance(TimeSpan.FromSeconds(0.1));
        WriteBackFixture.Until(() =>
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(0.01));
            return second.IsGone;
        });
    }
}
