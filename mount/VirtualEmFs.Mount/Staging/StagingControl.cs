using System.Diagnostics;
using System.Text.Json;
using VirtualEmFs.Mount.Status;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;

namespace VirtualEmFs.Mount.Staging;

/// <summary>Answers what users ask a writable mount: how it stands, to archive at once, to try again.</summary>
/// <remarks>Any thread. Requests end with their client.</remarks>
internal sealed class StagingControl(WriteBackQueue queue, StagingArea area, bool isDryRun)
{
    // Measuring staged files waits for their disk; whoever asks how things stand does not, beyond this.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private Task<WriteBackStatus>? _asked;                    // guarded by _gate
    private long _askedTimestamp;                             // guarded by _gate
    private (WriteBackStatus Status, long Timestamp)? _known; // guarded by _gate

    /// <summary>How writing stands: now, or, when a disk hangs, when it last answered.</summary>
    public WritingReport Report()
    {
        Task<WriteBackStatus> asked;
        long askedTimestamp;
        lock (_gate)
        {
            if (_asked is null || _asked.IsCompleted)
            {
                _askedTimestamp = Stopwatch.GetTimestamp();
                _asked = Task.Run(queue.GetStatus);
            }

            (asked, askedTimestamp) = (_asked, _askedTimestamp);
        }

        if (asked.Wait(s_patience))
        {
            lock (_gate)
            {
                _known = (asked.Result, askedTimestamp); // what has happened since is perhaps not in it
            }
        }

        lock (_gate)
        {
            return _known is var (status, timestamp)
                ? WritingReport.Of(status, area.FolderPath, isDryRun, Stopwatch.GetElapsedTime(timestamp))
                : WritingReport.Of(
                    new WriteBackStatus(area.Index.Count, 0, TimeSpan.Zero, 0, 0, [], [], [], new WriteBackTotals(), []), area.FolderPath, isDryRun,
                    Stopwatch.GetElapsedTime(_started));
        }
    }

    /// <summary>Does what a client asks, and answers in JSON.</summary>
    public async Task<string> Serve(StatusRequest request, CancellationToken cancellation) => JsonSerializer.Serialize(
        request.Command switch
        {
            "flush" => await Flush(request, cancellation),
            "retry" when request.Path is { } path => await Task.Run(() => Retry(path), cancellation),
            _ => new StagingAnswer($"this mount knows no request '{request.Command}': it is another version of emfs"),
        },
        StatusJson.Default.StagingAnswer);

    private async Task<StagingAnswer> Flush(StatusRequest request, CancellationToken cancellation)
    {
        if (!request.Waits)
        {
            // The work goes on when the client has gone.
            queue.Hurry(request.Path);
            return new StagingAnswer();
        }

        FlushResult result = await queue.Flush(request.Path, cancellation);
        return new StagingAnswer(null, result.Remaining, result.RemainingCount);
    }

    private StagingAnswer Retry(string path) => queue.Retry(path)
        ? new StagingAnswer()
        : new StagingAnswer($"{PathBytes.ForDisplay(path)} is not staged: it is archived already, or there is no such file");
}
