using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>A staged file in the hands of a worker.</summary>
/// <remarks>Any thread.</remarks>
internal sealed class RunningJob : IDisposable
{
    private readonly CancellationTokenSource _stopping;

    /// <param name="stopping">Cancelled when everything ends.</param>
    public RunningJob(PendingFile pending, long timestamp, CancellationToken stopping)
    {
        (Pending, StartedTimestamp) = (pending, timestamp);
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(stopping);

        // Before the entry: a change in between makes the job out of date, never the other way round.
        Generation = pending.File.Generation;
        Entry = pending.File.Entry;
    }

    public PendingFile Pending { get; }

    public StagedFile File => Pending.File;

    /// <summary>The file's, as the job took it.</summary>
    public StagedEntry Entry { get; set; }

    /// <summary>Likewise.</summary>
    public long Generation { get; }

    public long StartedTimestamp { get; }

    /// <summary>Somebody waits for it.</summary>
    public bool IsAwaited { get; init; }

    /// <summary>Bytes of the raw file.</summary>
    public long RawLengthBytes { get; set; }

    /// <summary>Absolute path of what comes into being; null before.</summary>
    public string? TemporaryPath { get; set; }

    /// <summary>The file is gone, has another name or other bytes, or a program may be about to change them.</summary>
    public CancellationToken Cancellation => _stopping.Token;

    /// <summary>Nothing about the file has changed since the job took it.</summary>
    public bool IsCurrent => !File.IsGone && File.Entry == Entry && File.Generation == Generation;

    /// <summary>Stops work that nobody needs. One that has the file open for writing is about to change it.</summary>
    public void CancelIfOutdated()
    {
        if (!IsCurrent || File.Activity.HasWriter)
        {
            _stopping.Cancel();
        }
    }

    public void Dispose() => _stopping.Dispose();
}

/// <summary>How a job ended.</summary>
internal enum JobEnd
{
    /// <summary>The staged file is gone: it was archived, or went to the source unchanged.</summary>
    Done,

    /// <summary>Programs changed, renamed or removed the file meanwhile.</summary>
    Superseded,

    /// <summary>Finished, but a program has the file open.</summary>
    WaitsForClose,

    /// <summary>To be tried again later.</summary>
    Failed,

    /// <summary>Not to be tried again until someone asks.</summary>
    Parked,
}

/// <summary>How a job ended.</summary>
/// <param name="Finished">What takes, or took, the file's place.</param>
/// <param name="Reason">One sentence for a failure.</param>
/// <param name="IsForEver">A failure that says nothing about the file (a full disk): it is tried again for ever.</param>
internal sealed record JobOutcome(JobEnd End, FinishedFile? Finished = null, string? Reason = null, bool IsForEver = false)
{
    public static JobOutcome Superseded { get; } = new(JobEnd.Superseded);
}
