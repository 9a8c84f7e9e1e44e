using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>The process ended before a call to the disk. Nothing may catch it: whatever runs after it is not there any more.</summary>
internal sealed class ProcessStoppedException(long call) : Exception($"the process was stopped before call {call}");

/// <summary>Counts the calls to a <see cref="SimulatedDisk"/>, ends the process before one of them, and lets calls fail.</summary>
/// <remarks>Under the disk's lock.</remarks>
internal sealed class SimulatedFaults
{
    private readonly List<Fault> _faults = [];
    private bool _isStopped;

    /// <summary>Calls made so far.</summary>
    public long Calls { get; private set; }

    /// <summary>Failures that calls were answered with.</summary>
    public long Failures { get; private set; }

    /// <summary>The process ends before this call; the first is 1.</summary>
    public long StopBeforeCall { get; set; } = long.MaxValue;

    /// <summary>The process ends before the first call of which this is true.</summary>
    public Func<DiskCall, string, bool>? StopBefore { get; set; }

    public bool IsStopped => _isStopped;

    /// <summary>What was called, when somebody wants to know.</summary>
    public List<string>? Trace { get; set; }

    /// <summary>Lets the n-th call of a kind from now on fail, or all from the n-th on.</summary>
    /// <param name="kind">Null for calls of any kind.</param>
    /// <param name="isShort">A write takes half of its bytes before it fails.</param>
    /// <param name="prefix">Only calls about paths that begin so.</param>
    public void Fail(DiskCall? kind, long ordinal, VfsStatus status, bool isForEver = false, bool isShort = false, string prefix = "") =>
        _faults.Add(new Fault(kind is { } one ? [one] : null, ordinal, status, isForEver, isShort, prefix));

    /// <summary>The same for calls of some kinds.</summary>
    public void Fail(DiskCall[] kinds, long ordinal, VfsStatus status, bool isForEver) =>
        _faults.Add(new Fault(kinds, ordinal, status, isForEver, false, ""));

    /// <summary>The disk is in order again.</summary>
    public void Clear() => _faults.Clear();

    /// <summary>Counts a call that is about to be made.</summary>
    public VfsStatus Before(DiskCall kind, string path, out bool isShort)
    {
        isShort = false;
        if (_isStopped || Calls + 1 >= StopBeforeCall || StopBefore?.Invoke(kind, path) == true)
        {
            _isStopped = true;
            throw new ProcessStoppedException(Calls + 1);
        }

        Calls++;
        Trace?.Add($"{Calls} {kind} {path}");
        var status = VfsStatus.Ok;
        foreach (var fault in _faults)
        {
            if (fault.Strikes(kind, path))
            {
                Failures++;
                (status, isShort) = (fault.Status, fault.IsShort);
            }
        }

        return status;
    }

    private sealed class Fault(DiskCall[]? kinds, long ordinal, VfsStatus status, bool isForEver, bool isShort, string prefix)
    {
        private long _matches;

        public VfsStatus Status => status;

        public bool IsShort => isShort;

        public bool Strikes(DiskCall made, string path)
        {
            if (kinds?.Contains(made) == false || !path.StartsWith(prefix, StringComparison.Ordinal))
            {
                return false;
            }

            _matches++;
            return isForEver ? _matches >= ordinal : _matches == ordinal;
        }
    }
}
