using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>What people are told.</summary>
internal sealed partial class WriteBackQueue
{
    /// <summary>How things stand. Waits for the disk: it asks for the length of every staged file.</summary>
    public WriteBackStatus GetStatus()
    {
        int openCount = 0, queuedCount = 0, parkedCount = 0, failingCount = 0;
        long stagedBytes = 0;
        var oldest = TimeSpan.Zero;
        var parked = new List<HeldFile>();
        var failing = new List<HeldFile>();
        var files = _area.Index.All();
        foreach (var file in files)
        {
            var entry = file.Entry;
            var (isOpen, _, changed) = file.Activity;
            var age = _time.GetElapsedTime(changed);
            oldest = age > oldest ? age : oldest;
            stagedBytes += _area.Stat(file, out var stat) == VfsStatus.Ok ? stat.Version.LengthBytes : 0;
            openCount += isOpen ? 1 : 0;
            queuedCount += file.State == StagedState.Quiet ? 1 : 0;
            if (entry.ParkedReason is { } reason)
            {
                parkedCount++;
                Add(parked, new HeldFile(entry.Path, reason));
            }
            else if (ReasonOf(file) is { } last)
            {
                failingCount++;
                Add(failing, new HeldFile(entry.Path, last));
            }
        }

        var compressing = Compressing();
        string? problem = _area.Problem();
        lock (_gate)
        {
            return new WriteBackStatus(
                files.Length, stagedBytes, oldest, openCount, queuedCount, compressing, failing, parked, _totals, [.. _forecasts])
            {
                ParkedCount = parkedCount,
                FailingCount = failingCount,
                StagingProblem = problem,
            };
        }
    }

    private List<CompressingFile> Compressing()
    {
        (string Path, long RawLengthBytes, string? TemporaryPath, long Started)[] jobs;
        lock (_gate)
        {
            jobs = [.. _running.Select(job => (job.Entry.Path, job.RawLengthBytes, job.TemporaryPath, job.StartedTimestamp))];
        }

        var compressing = new List<CompressingFile>();
        foreach (var job in jobs)
        {
            SourceStat stat = default;
            bool isBegun = job.TemporaryPath is not null && _disk.Stat(job.TemporaryPath, out stat) == VfsStatus.Ok;
            compressing.Add(new CompressingFile(
                job.Path, job.RawLengthBytes, isBegun ? stat.Version.LengthBytes : 0, _time.GetElapsedTime(job.Started)));
        }

        return compressing;
    }

    private string? ReasonOf(StagedFile file)
    {
        lock (_gate)
        {
            return _pending.TryGetValue(file.Id, out var pending) && pending.IsFailing ? pending.Reason : null;
        }
    }

    private static void Add(List<HeldFile> files, HeldFile file)
    {
        if (files.Count < ReportLimit)
        {
            files.Add(file);
        }
    }
}
