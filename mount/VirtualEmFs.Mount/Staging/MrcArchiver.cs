using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Extraction;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Truncation;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Mount.Staging;

/// <summary>How a mount archives what was written through it.</summary>
internal sealed record MrcArchiverOptions
{
    public TruncationRules Rules { get; init; } = TruncationRules.BuiltIn;

    /// <summary>SHA-256 of the rules' file, as hexadecimal digits; null for built-in rules.</summary>
    public string? RulesSha256 { get; init; }

    /// <summary>Deflate level 0–9 whatever a rule says; null leaves it to the rules.</summary>
    public int? Level { get; init; }

    /// <summary>Threads that compute for each archive; several may come into being at once.</summary>
    public int Threads { get; init; } = 1;

    public MrcByteSign ByteSign { get; init; }

    /// <summary>As the mount shows headers: <see cref="VirtualMrc.Create"/>.</summary>
    public bool UseStrictStatistics { get; init; }

    /// <summary>Makes what sees every step of writing an archive before it is taken, from the archive's temporary path; null for nobody.</summary>
    public Func<string, ICommitSteps>? Steps { get; init; }
}

/// <summary>Makes EMAN2 archives from raw MRC files by the rules, and raw files from archives of every format.</summary>
/// <remarks>
/// Any thread. Archiving works on threads of its own at low priority, so that readers go first. Memory is bounded by the threads, not by
/// the files.
/// </remarks>
internal sealed class MrcArchiver(IArchiveFormats formats, MrcArchiverOptions options) : IArchiver
{
    // Programs wait for what is restored; two threads decode and write faster than one disk takes it.
    private const int RestoringThreads = 2;

    private readonly Compressor _compressor = new(formats);

    public ArchivingResult Archive(ArchiveTask task, CancellationToken cancellation) =>
        Run(task, compression => _compressor.CompressTo(task.RawPath, task.TemporaryPath, compression, cancellation));

    public ArchivingResult Forecast(ArchiveTask task, CancellationToken cancellation) =>
        Run(task, compression => _compressor.Forecast(task.RawPath, task.TemporaryPath, compression, cancellation));

    public TimeSpan? DelayOf(string relativePath) => options.Rules.ForName(relativePath).Delay;

    public bool ShowsSame(string archivePath, string rawPath, CancellationToken cancellation)
    {
        if (formats.Probe(archivePath) is not { Outcome: ProbeOutcome.Archive, Description: { Content: not ArchiveContent.Folder, Damage.IsEmpty: true } description })
        {
            return false;
        }

        MrcView view = VirtualNames.Of(archivePath, description).View;
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var comparison = new RawComparison(rawPath, stopping);
        try
        {
            // Most that differ do so in their length or header: nothing is decoded then.
            if (comparison.HasLength(VirtualMrc.Create(VirtualMrc.Normalise(description), view, options.UseStrictStatistics).LengthBytes))
            {
                LowPriority.Run(() =>
                {
                    Restore(description, view, comparison, _ => { }, stopping.Token);
                    return true;
                });
            }
        }
        catch (Exception e) when (e is ArchiveException || (comparison.HasDifference && e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }

        return !comparison.HasDifference;
    }

    public void Restore(ArchiveDescription description, MrcView view, IDiskFile destination, Action<long> progress, CancellationToken cancellation)
    {
        if (description.Damage.FirstOrDefault() is { } damage)
        {
            throw new ArchiveException(description.Files[0], damage.Reason, damage.FrameIndex);
        }

        description = VirtualMrc.Normalise(description);
        var mrc = VirtualMrc.Create(description, view, options.UseStrictStatistics);
        try
        {
            using IArchive archive = formats.Open(description);
            var restoration = new MrcRestoration(archive, mrc, destination, progress);
            restoration.WriteHeader();
            BlockWorkers.Run([restoration], RestoringThreads, cancellation);
            restoration.ThrowIfFailed();
        }
        catch (ArchiveException e) when (e.Errno != 0)
        {
            throw DiskFailure(e);
        }
    }

    private ArchivingResult Run(ArchiveTask task, Func<CompressionOptions, CompressionReport> run)
    {
        try
        {
            CompressionReport report = task.IsAwaited ? run(OptionsFor(task)) : LowPriority.Run(() => run(OptionsFor(task)));
            return new ArchivingResult(
                null, report.Rule, report.Bits.Most, report.GuardedCount, report.TruncatedCount, report.InputLengthBytes, report.OutputLengthBytes);
        }
        catch (Exception e) when (e is UnfitMrcException or KeptRawException)
        {
            return new ArchivingResult($"the file {((ArchiveException)e).Reason}");
        }
        catch (ArchiveException e) when (e.Errno != 0)
        {
            throw DiskFailure(e);
        }
        catch (Exception e) when (e is TruncationException or UnauthorizedAccessException or DllNotFoundException or (IOException and not ArchiveException))
        {
            throw new ArchiveException(task.RawPath, $"cannot be archived: {e.Message}", inner: e);
        }
    }

    private static DiskFailedException DiskFailure(ArchiveException e) => new(e.ArchivePath, e.Reason, VfsErrno.ToStatus(e.Errno), e);

    private CompressionOptions OptionsFor(ArchiveTask task)
    {
        var compression = new CompressionOptions
        {
            Rules = options.Rules,
            RulesSha256 = options.RulesSha256,
            RelativePath = task.RelativePath,
            OriginalName = Path.GetFileName(task.RelativePath),
            Level = options.Level,
            Threads = options.Threads,
            ByteSign = options.ByteSign,
            EarlierArchivePath = task.EarlierArchivePath,
            Inode = task.Inode,
            KeepsOwner = true,
            TakesOnlyMrc = true,
            ThirdAxis = MrcThirdAxis.OneFile,
        };
        return options.Steps is { } steps ? compression with { Steps = steps(task.TemporaryPath) } : compression;
    }
}
