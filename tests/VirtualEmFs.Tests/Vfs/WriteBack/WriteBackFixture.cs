using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using VirtualEmFs.Tests.Vfs.Staging;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.WriteBack;

/// <summary>A source <c>/s</c>, a staging folder <c>/d</c> and a write-back between them, whose clock stands still.</summary>
internal sealed class WriteBackFixture : IDisposable, ILogger
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly WriteBackOptions _options;

    public WriteBackFixture(WriteBackOptions? options = null, SimulatedDisk? disk = null, Func<bool>? readersAreActive = null)
    {
        _options = options ?? new WriteBackOptions { Workers = 1, FlushPatience = TimeSpan.Zero };
        Disk = disk ?? new SimulatedDisk("/s", "/d");
        Archiver = new FakeArchiver(Disk);
        Area = StagingArea.Open(Disk, "/d", "/s", this, Time);
        Queue = new WriteBackQueue(Area, Disk, Archiver, _options, this, Time) { ReadersAreActive = readersAreActive };
    }

    public SimulatedDisk Disk { get; }

    public SteppedTime Time { get; } = new();

    public FakeArchiver Archiver { get; }

    public StagingArea Area { get; }

    public WriteBackQueue Queue { get; }

    /// <summary>Files that are staged no more, for they were archived or went to the source.</summary>
    public long FinishedCount
    {
        get
        {
            var totals = Queue.GetStatus().Totals;
            return totals.ArchivedFiles + totals.KeptRawFiles + totals.UntouchedFiles;
        }
    }

    public ConcurrentQueue<string> Log { get; } = new();

    public ArchiveTask[] Tasks => [.. Archiver.Tasks];

    public static WriteBackFixture Started(WriteBackOptions? options = null)
    {
        var fixture = new WriteBackFixture(options);
        fixture.Queue.Start();
        return fixture;
    }

    /// <summary>Waits for what other threads do.</summary>
    public static void Until(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, Deadline), "did not happen in time");

    /// <summary>Lets time pass until a file that is durable is archived, or the machine stops before one of the calls to the disk that this takes.</summary>
    /// <param name="stop">That call; the first is 1.</param>
    /// <param name="seconds">How long the file must have been quiet.</param>
    /// <returns>True when it was archived.</returns>
    public bool ArchiveUntilStopped(StagedFile file, int stop, int seconds)
    {
        Assert.Equal(VfsStatus.Ok, RawCopy.Flush(Disk, Area.RawPathOf(file.Entry)));
        Assert.Equal(VfsStatus.Ok, Area.SyncNames());
        Look();
        Disk.Faults.StopBeforeCall = Disk.Faults.Calls + stop;
        Time.Advance(TimeSpan.FromSeconds(seconds));
        Until(() =>
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            return Disk.Faults.IsStopped || Disk.NamesIn("/d/files").Length == 0;
        });
        return !Disk.Faults.IsStopped;
    }

    public void Dispose()
    {
        Queue.Dispose();
        Area.Dispose();
    }

    /// <summary>Moves the clock, and waits until the write-back has seen it.</summary>
    public void Advance(double seconds)
    {
        Time.Advance(TimeSpan.FromSeconds(seconds));
        Look();
    }

    /// <summary>Waits until the write-back knows everything that has happened so far: a flush of nothing ends with its next look.</summary>
    public void Look() => Assert.Equal(0, Wait(Queue.Flush("no such file", TestContext.Current.CancellationToken)).RemainingCount);

    public static T Wait<T>(Task<T> task)
    {
        Assert.True(task.Wait(Deadline, TestContext.Current.CancellationToken), "did not end in time");
        return task.Result;
    }

    public FlushResult Flush(string? path = null) => Wait(Queue.Flush(path, TestContext.Current.CancellationToken));

    /// <summary>A program creates a file and closes it; or takes its archive back, or what is in the source, if that is there, and writes it anew.</summary>
    public StagedFile Write(string path, string content)
    {
        var file = OpenForWriting(path);
        Put(file, content);
        Area.Close(file, isWriter: true);
        return file;
    }

    /// <summary>Opens a file for writing, staging it where it is not.</summary>
    public StagedFile OpenForWriting(string path)
    {
        var file = Area.Index.Find(path) ?? Stage(path);
        Open(file, isWriter: true);
        return file;
    }

    public StagedFile Stage(string path)
    {
        StagedFile? file;
        if (Disk.ContentOf("/s/" + path) is not null)
        {
            Assert.Equal(VfsStatus.Ok, Area.Adopt(path, null, null, out file));
            return file!;
        }

        string archivePath = "/s/" + StagingArea.ArchivePathOf(path);
        if (Disk.ContentOf(archivePath) is not { } archive)
        {
            Assert.Equal(VfsStatus.Ok, Area.Create(path, new Creation(0x1A0, 1000, 100), out file));
            return file!;
        }

        Assert.Equal(VfsStatus.Ok, Disk.Stat(archivePath, out var stat));
        var earlier = new ArchiveBase(StagingArea.ArchivePathOf(path), FileIdentity.Of(stat), KeepsLimits: true);
        Assert.Equal(VfsStatus.Ok, Area.Take(path, 7, new Creation(stat.Permissions, stat.Uid, stat.Gid), earlier, (raw, rawPath) =>
        {
            var status = raw.Write(0, archive.AsSpan("archive of ".Length), out int _);
            return status == VfsStatus.Ok ? raw.SetAttributes(new AttributeChange(AtimeNs: stat.AtimeNs, MtimeNs: stat.Version.MtimeNs)) : status;
        }, _ => VfsStatus.Ok, out file));
        return file!;
    }

    public void Open(StagedFile file, bool isWriter)
    {
        file.Names.Wait(TestContext.Current.CancellationToken);
        try
        {
            Assert.Equal(VfsStatus.Ok, Area.Open(file, 1, isWriter ? 1 : 0));
        }
        finally
        {
            file.Names.Release();
        }
    }

    /// <summary>Writes an open file's whole content.</summary>
    public void Put(StagedFile file, string content)
    {
        Assert.Equal(VfsStatus.Ok, file.Raw.Write(0, Encoding.ASCII.GetBytes(content), out _));
        Assert.Equal(VfsStatus.Ok, file.Raw.SetLength(content.Length));
        Area.NoteChange(file);
    }

    /// <summary>What a program reads under a name; null when there is no file. An archive shows the raw bytes.</summary>
    public string? ContentOf(string path)
    {
        byte[]? bytes = Area.Index.Find(path) is { } file ? Disk.ContentOf(Area.RawPathOf(file.Entry)) : Disk.ContentOf("/s/" + path);
        if (bytes is null && Disk.ContentOf($"/s/{path}.hdf") is { } archive)
        {
            bytes = archive["archive of ".Length..];
        }

        return bytes is null ? null : Encoding.ASCII.GetString(bytes);
    }

    /// <summary>Files below the source, our own folder aside.</summary>
    public string[] InSource() => [.. Disk.FilesBelow("/s").Where(path => !path.StartsWith("/s/.emfs/", StringComparison.Ordinal))];

    /// <summary>Nothing is left under a temporary name.</summary>
    public void AssertClean()
    {
        Assert.Empty(Disk.NamesIn("/s/.emfs/tmp"));
        Assert.Empty(Disk.NamesIn("/d/temporaries"));
        Assert.DoesNotContain(InSource(), path => path.Contains(".emfs-tmp-", StringComparison.Ordinal));
    }

    /// <summary>What a kill, or a power cut, leaves: the next mount of the same folders.</summary>
    public WriteBackFixture After(CrashMode mode, WriteBackOptions? options = null) => new(options ?? _options, Disk.Crash(1, mode));

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Log.Enqueue(formatter(state, exception));
}
