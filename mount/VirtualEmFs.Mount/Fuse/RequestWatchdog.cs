using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>Logs each request that waits too long, once, with what it is about.</summary>
/// <remarks>A thread of its own: it must speak when every other thread of the process waits.</remarks>
internal sealed class RequestWatchdog : IDisposable
{
    // Enough to see what hangs; a thousand readers of one dead disk say the same.
    private const int MaximumReported = 16;

    private readonly ActiveRequests _active;
    private readonly TimeSpan _stalledAfter;
    private readonly ILogger _logger;
    private readonly ManualResetEventSlim _stop = new();

    public RequestWatchdog(ActiveRequests active, TimeSpan stalledAfter, ILogger logger)
    {
        _active = active;
        _stalledAfter = stalledAfter;
        _logger = logger;
    }

    public void Start() => new Thread(Watch) { IsBackground = true, Name = "request watchdog" }.Start();

    public void Dispose() => _stop.Set();

    private void Watch()
    {
        TimeSpan period = _stalledAfter / 6;
        while (!_stop.Wait(period))
        {
            foreach (FuseRequest request in _active.OlderThan(_stalledAfter, MaximumReported))
            {
                if (!request.IsReported)
                {
                    request.IsReported = true;
                    FuseLog.RequestWaits(_logger, (int)Stopwatch.GetElapsedTime(request.StartedTimestamp).TotalSeconds, request.ToString());
                }
            }
        }
    }
}
