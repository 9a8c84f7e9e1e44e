using System.Collections.Concurrent;
using System.Diagnostics;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Mount.Compressing;

/// <summary>What a run does with its files beyond compressing them.</summary>
internal sealed record CompressionRunOptions
{
    public required CompressionOptions Compression { get; init; }

    public bool IsDryRun { get; init; }

    public bool OnlyUnfinished { get; init; }

    public bool DeletesOriginals { get; init; }
}

/// <summary>Compresses files: small ones side by side on a thread each, large ones one after another on all threads.</summary>
internal sealed class CompressionRun(IArchiveFormats formats, CompressionRunOptions options, Action<long> progress, CancellationToken cancellation)
{
    // 256 MiB: four 4k micrographs. Above it one file keeps all threads busy, and memory should not be multiplied by their number.
    private const long LargeLengthBytes = 256L << 20;

    private readonly Compressor _compressor = new(formats);
    private readonly ConcurrentDictionary<int, CompressionOutcome> _outcomes = new();
    private long _inputBytes;
    private long _outputBytes;

    /// <summary>Input over output of the files that are done; 0 before the first.</summary>
    public double Ratio => Interlocked.Read(ref _outputBytes) is > 0 and long output ? (double)Interlocked.Read(ref _inputBytes) / output : 0;

    /// <summary>Runs all jobs; a failure of one leaves the others alone.</summary>
    /// <exception cref="OperationCanceledException">Interrupted; no partial output is left.</exception>
    public CompressionOutcome[] Run(IReadOnlyList<CompressionJob> jobs)
    {
        int threads = options.Compression.Threads;
        int[] small = [.. Enumerable.Range(0, jobs.Count).Where(i => jobs[i].LengthBytes <= LargeLengthBytes)];
        if (small.Length < 2 * threads)
        {
            small = [];
        }

        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
        Parallel.ForEach(small, parallel, i => _outcomes[i] = Run(jobs[i], threads: 1));
        foreach (int i in Enumerable.Range(0, jobs.Count).Except(small))
        {
            _outcomes[i] = Run(jobs[i], threads);
        }

        return [.. Enumerable.Range(0, jobs.Count).Select(i => _outcomes[i])];
    }

    private CompressionOutcome Run(CompressionJob job, int threads)
    {
        long begin = Stopwatch.GetTimestamp();
        var outcome = new CompressionOutcome(job.InputPath, job.OutputPath, CompressionStatus.Failed);
        long told = 0;
        try
        {
            outcome = options.OnlyUnfinished && IsFinished(job)
                ? outcome with { Status = CompressionStatus.Finished, Reason = "its archive is there already" }
                : Compress(job, outcome, threads, bytes =>
                {
                    told += bytes;
                    progress(bytes);
                });
        }
        catch (KeptRawException e)
        {
            outcome = outcome with { Status = CompressionStatus.KeptRaw, Reason = e.Reason };
        }
        catch (ArchiveException e)
        {
            outcome = outcome with { Reason = e.ArchivePath == job.InputPath ? e.Reason : e.Message };
        }
        catch (Exception e) when (e is TruncationException or IOException or UnauthorizedAccessException or DllNotFoundException)
        {
            outcome = outcome with { Reason = e.Message };
        }
        catch (Exception e) when (e is OverflowException or OutOfMemoryException)
        {
            // What a file claims about itself, in the end: the others are none the worse for it.
            outcome = outcome with { Reason = "its images are larger than this machine's memory, or than can be counted" };
        }

        progress(Math.Max(0, job.LengthBytes - told));
        return outcome with { Seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds };
    }

    private CompressionOutcome Compress(CompressionJob job, CompressionOutcome outcome, int threads, Action<long> tell)
    {
        CompressionOptions compression = options.Compression with { RelativePath = job.RelativePath, Threads = threads, Progress = tell };
        if (options.IsDryRun)
        {
            CompressionReport forecast = _compressor.Forecast(job.InputPath, job.OutputPath, compression, cancellation);
            return outcome with { Status = CompressionStatus.Predicted, Report = Counted(forecast) };
        }

        CreateFolderOf(job.OutputPath);
        CompressionReport report = _compressor.Compress(job.InputPath, job.OutputPath, compression, cancellation);

        // An archive that took its original's place, perhaps by another spelling of its path, is all there is.
        bool isDeleted = options.DeletesOriginals && !TargetFile.AreSame(job.InputPath, job.OutputPath);
        if (isDeleted && formats.Probe(job.InputPath).Description is { Format: "EER" })
        {
            isDeleted = false;
            report = report with { Warnings = report.Warnings.Add("the original stays: an archive of summed frames cannot replace an EER movie") };
        }

        if (isDeleted)
        {
            // The archive is verified, durable and has its name.
            File.Delete(job.InputPath);
        }

        return outcome with { Status = CompressionStatus.Compressed, Report = Counted(report), OriginalDeleted = isDeleted };
    }

    private static void CreateFolderOf(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArchiveException(path, $"its folder cannot be made: {e.Message}", inner: e);
        }
    }

    private CompressionReport Counted(CompressionReport report)
    {
        Interlocked.Add(ref _inputBytes, report.InputLengthBytes);
        Interlocked.Add(ref _outputBytes, report.OutputLengthBytes);
        return report;
    }

    /// <summary>Archives carry the modification time of their originals: a newer original is unfinished business.</summary>
    private bool IsFinished(CompressionJob job) =>
        File.Exists(job.OutputPath)
        && File.GetLastWriteTimeUtc(job.OutputPath) == File.GetLastWriteTimeUtc(job.InputPath)
        && formats.Probe(job.OutputPath) is { Outcome: ProbeOutcome.Archive, Description.Damage.IsEmpty: true };
}
