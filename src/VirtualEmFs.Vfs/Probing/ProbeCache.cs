using System.Diagnostics.CodeAnalysis;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Vfs.Probing;

/// <summary>
/// Probes each version of a file once, however many ask, and remembers what was found: failures too, since a folder of broken
/// archives must not be probed at each listing. A file that is being written is not remembered.
/// </summary>
/// <remarks>Any thread; the one that asks first probes, so ask from an I/O thread. The gate covers the dictionaries, never a probe.</remarks>
/// <param name="descriptionLimit">Whole descriptions kept: about 2 KB each.</param>
/// <param name="summaryLimit">Outcomes kept: about 200 bytes each.</param>
internal sealed class ProbeCache(IArchiveFormats formats, TimeProvider time, int descriptionLimit = 8_192, int summaryLimit = 262_144)
{
    // A network disk that failed for a moment must not break an archive until remount; ten thousand broken ones are probed
    // again this often at most.
    private static readonly TimeSpan s_brokenLifetime = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<SourceVersion, Task<Probed>> _results = [];      // guarded by _gate
    private readonly Queue<SourceVersion> _described = new();                    // guarded by _gate; oldest first
    private readonly Queue<SourceVersion> _summarised = new();                   // guarded by _gate; oldest first
    private long _probeCount;

    /// <summary>Probes made so far.</summary>
    public long ProbeCount => Interlocked.Read(ref _probeCount);

    /// <summary>What is known of a version without probing.</summary>
    public bool TryPeek(SourceVersion version, [NotNullWhen(true)] out Probed? probed)
    {
        lock (_gate)
        {
            probed = _results.TryGetValue(version, out var known) && known.IsCompletedSuccessfully && !IsExpired(known) ? known.Result : null;
            return probed is not null;
        }
    }

    /// <summary>Probes a file, or waits for who does, or remembers.</summary>
    /// <param name="version">The version that the caller has seen; a probe that meets another one is "being written".</param>
    /// <param name="fullPath">Absolute path, links resolved.</param>
    /// <param name="needsDescription">Probe again when the description was dropped.</param>
    public Task<Probed> Probe(SourceVersion version, string fullPath, bool needsDescription)
    {
        TaskCompletionSource<Probed> flight;
        lock (_gate)
        {
            if (_results.TryGetValue(version, out var known)
                && !(needsDescription && IsDropped(known)) && !IsExpired(known))
            {
                return known;
            }

            // Waiters go on in their own lanes, not on the thread that probed.
            flight = new TaskCompletionSource<Probed>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_results.ContainsKey(version))
            {
                _summarised.Enqueue(version);
            }

            _results[version] = flight.Task;
        }

        try
        {
            Interlocked.Increment(ref _probeCount);
            var result = formats.Probe(fullPath);
            bool isOther = result.Description is { } description && description.Version != version;
            Land(version, flight, Probed.Of(isOther ? ProbeResult.BeingWritten() : result, time.GetTimestamp()));
        }
        catch (Exception exception)
        {
            // One file must not take its folder's listing with it, whatever is wrong with it; the reason is told where broken archives are.
            string reason = exception is ArchiveException archive ? archive.Reason : $"cannot be probed ({exception.GetType().Name}: {exception.Message})";
            Land(version, flight, Probed.Of(ProbeResult.Broken(reason), time.GetTimestamp()));
        }

        return flight.Task;
    }

    /// <summary>Forgets what was probed: the next one who asks probes again.</summary>
    public void Forget(SourceVersion version)
    {
        lock (_gate)
        {
            _results.Remove(version);
        }
    }

    private bool IsExpired(Task<Probed> known) =>
        known.IsCompletedSuccessfully && known.Result is { Outcome: ProbeOutcome.Broken, Timestamp: var timestamp }
        && time.GetElapsedTime(timestamp) > s_brokenLifetime;

    private static bool IsDropped(Task<Probed> known) =>
        known.IsCompletedSuccessfully && known.Result is { Outcome: ProbeOutcome.Archive, Description: null };

    private void Land(SourceVersion version, TaskCompletionSource<Probed> flight, Probed probed)
    {
        if (probed.Outcome == ProbeOutcome.BeingWritten)
        {
            Forget(version);
        }
        else if (probed.Description is not null)
        {
            lock (_gate)
            {
                _described.Enqueue(version);
                while (_described.Count > descriptionLimit)
                {
                    DropDescription(_described.Dequeue());
                }
            }
        }

        lock (_gate)
        {
            while (_summarised.Count > summaryLimit)
            {
                _results.Remove(_summarised.Dequeue());
            }
        }

        flight.SetResult(probed);
    }

    private void DropDescription(SourceVersion version)
    {
        if (_results.TryGetValue(version, out var known) && known.IsCompletedSuccessfully && known.Result.Description is not null)
        {
            _results[version] = Task.FromResult(known.Result with { Description = null });
        }
    }
}
