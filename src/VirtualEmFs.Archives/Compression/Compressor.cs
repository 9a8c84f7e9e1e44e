using System.Reflection;
using VirtualEmFs.Archives.Hdf5;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Native.Hdf5;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Archives.Compression;

/// <summary>
/// Makes an archive from an MRC file, or from another archive: plan, truncate, write, flush, read back, compare, rename. The input is only read.
/// </summary>
/// <remarks>Any thread; calls run side by side. Under the final name there is never anything but a complete, verified archive.</remarks>
/// <param name="formats">The reader that verifies what was written.</param>
public sealed class Compressor(IArchiveFormats formats)
{
    private static readonly string s_programVersion =
        "emfs " + (typeof(Compressor).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0");

    /// <summary>Compresses one file.</summary>
    /// <param name="inputPath">An exact, complete MRC file, or an undamaged EMAN2 archive.</param>
    /// <param name="outputPath">The archive; its folder exists.</param>
    /// <exception cref="ArchiveException">The input is unfit, changed meanwhile, or disk or verification fail.</exception>
    /// <exception cref="KeptRawException">A rule says so.</exception>
    /// <exception cref="TruncationException">What was asked for cannot be done with these samples.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left.</exception>
    public CompressionReport Compress(
        string inputPath, string outputPath, CompressionOptions options, CancellationToken cancellation = default)
    {
        using ICompressionInput input = Open(inputPath, options);
        Treatment treatment = TreatmentOf(input, options);
        if (TargetFile.Obstacle(outputPath) is { } obstacle)
        {
            throw new ArchiveException(outputPath, obstacle);
        }

        if (!options.Overwrites && Path.Exists(outputPath))
        {
            throw new ArchiveException(outputPath, "exists already; it was left as it is (--force replaces it)");
        }

        using var temporary = TemporaryArchive.Beside(outputPath, options.Steps);
        CompressionReport report = Write(input, outputPath, temporary, treatment, options, cancellation);
        temporary.Commit(outputPath, options.Overwrites);
        return report;
    }

    /// <summary>
    /// Compresses one file into a complete, flushed and verified archive under a temporary name: <see cref="Compress"/> without the last
    /// step. Giving it its name is the caller's part.
    /// </summary>
    /// <param name="temporaryPath">Nothing is there; after a failure or cancellation nothing is there either. Its folder exists.</param>
    /// <inheritdoc cref="Compress"/>
    public CompressionReport CompressTo(
        string inputPath, string temporaryPath, CompressionOptions options, CancellationToken cancellation = default)
    {
        using ICompressionInput input = Open(inputPath, options);
        Treatment treatment = TreatmentOf(input, options);
        using var temporary = new TemporaryArchive(temporaryPath, temporaryPath, options.Steps);
        CompressionReport report = Write(input, temporaryPath, temporary, treatment, options, cancellation);
        temporary.Keep();
        return report;
    }

    /// <summary>Tells what <see cref="Compress"/> would give, and writes nothing.</summary>
    /// <returns>Bits exact for the images looked at; sizes and errors predicted from some of their chunks.</returns>
    /// <exception cref="ArchiveException">The input is unfit.</exception>
    /// <exception cref="TruncationException">What was asked for cannot be done with these samples.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public CompressionReport Forecast(
        string inputPath, string outputPath, CompressionOptions options, CancellationToken cancellation = default)
    {
        using ICompressionInput input = Open(inputPath, options);
        Treatment treatment = TreatmentOf(input, options);
        using EarlierArchive? earlier = OpenEarlier(input, options);
        return new CompressionForecast(input, new ImagePlanner(input, options, treatment, earlier, cancellation), cancellation).Run(outputPath, treatment.Rule);
    }

    /// <summary>Tells how a file would be treated, from its name and header alone.</summary>
    /// <exception cref="ArchiveException">The input is unfit.</exception>
    public Treatment TreatmentFor(string inputPath, CompressionOptions options)
    {
        using ICompressionInput input = Open(inputPath, options);
        return ChosenTreatment(input, options);
    }

    /// <summary>Removes from a folder what runs of this machine left there when they were killed; nothing else.</summary>
    public static void RemoveLeftovers(string folder)
    {
        if (Directory.Exists(folder))
        {
            TemporaryArchive.RemoveLeftovers(folder);
        }
    }

    private CompressionReport Write(
        ICompressionInput input, string outputPath, TemporaryArchive temporary, Treatment treatment, CompressionOptions options,
        CancellationToken cancellation)
    {
        SourceVersion version = input.File.Version;

        // Hashing is serial and slow (0.4 GB/s without SHA instructions): with threads to spare it runs beside everything else.
        using var stopsHashing = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bool hashes = options.HashesOriginal && input.Earlier is null;
        Task<string>? hash = hashes && options.Threads > 1
            ? Task.Factory.StartNew(
                () => Sha256OfFile.Compute(input.File, stopsHashing.Token), stopsHashing.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            : null;
        try
        {
            using EarlierArchive? earlier = OpenEarlier(input, options);
            var planner = new ImagePlanner(input, options, treatment, earlier, cancellation);
            using var builder = new ArchiveBuilder(input, options, planner, temporary.Path, cancellation);
            builder.WriteImages();
            string? sha256 = hash?.GetAwaiter().GetResult() ?? (hashes ? Sha256OfFile.Compute(input.File, cancellation) : null);
            Provenance provenance = ProvenanceOf(input, treatment, sha256, options) with
            {
                Inodes = options.Inode is ulong inode ? (inode, temporary.Inode) : null,
            };
            builder.Close(provenance);
            temporary.MakeDurable(input.File, options.KeepsOwner);
            options.Steps.Before(CommitStep.Verify);
            new ArchiveVerifier(formats, options.Threads, cancellation).Verify(temporary.Path, builder.Expected, provenance);
            long outputLengthBytes = new FileInfo(temporary.Path).Length;
            options.Steps.Before(CommitStep.CheckInput);
            input.File.CheckUnchanged(version);
            cancellation.ThrowIfCancellationRequested();
            return builder.Account.Report(input, builder.Expected.Count, outputPath, outputLengthBytes, treatment.Rule);
        }
        catch (Hdf5Exception e)
        {
            throw new ArchiveException(outputPath, $"cannot be written: {e.SystemReason ?? e.Message}", inner: e) { Errno = e.Errno };
        }
        finally
        {
            stopsHashing.Cancel();
            (hash as IAsyncResult)?.AsyncWaitHandle.WaitOne();
        }
    }

    private ICompressionInput Open(string path, CompressionOptions options)
    {
        var file = SourceFile.Open(path);
        try
        {
            if (options.TakesOnlyMrc)
            {
                return OpenMrc(file, options);
            }

            Span<byte> signature = stackalloc byte[Superblock.Signature.Length];
            file.Read(0, signature);
            return signature.SequenceEqual(Superblock.Signature)
                ? Eman2CompressionInput.Open(file, formats)
                : ArchiveCompressionInput.TryOpen(file, formats) as ICompressionInput
                ?? OpenMrc(file, options);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private EarlierArchive? OpenEarlier(ICompressionInput input, CompressionOptions options) =>
        options.EarlierArchivePath is string path && input is MrcCompressionInput { Mrc: (int mode, var header) }
            ? EarlierArchive.Open(path, mode, header, formats)
            : null;

    private static MrcCompressionInput OpenMrc(SourceFile file, CompressionOptions options)
    {
        var mrc = MrcInput.Open(file, options.ByteSign);
        return options.TakesOnlyMrc && mrc.Header.Mode == MrcSampleFormat.PackedNibblesMode
            ? throw new UnfitMrcException(file.Path, $"is of mode {mrc.Header.Mode}, which programs seldom read: it is left as it is")
            : new MrcCompressionInput(mrc, options.OriginalName ?? file.Path, options.ThirdAxis);
    }

    private static Treatment TreatmentOf(ICompressionInput input, CompressionOptions options)
    {
        Treatment treatment = ChosenTreatment(input, options);
        return treatment.KeepsRaw ? throw new KeptRawException(input.File.Path, treatment.Rule) : treatment;
    }

    private static Treatment ChosenTreatment(ICompressionInput input, CompressionOptions options) => options.Treatment
        ?? options.Rules.For(options.RelativePath ?? Path.GetFileName(input.File.Path), input.Content, input.Mrc.Mode ?? 2);

    private static Provenance ProvenanceOf(ICompressionInput input, Treatment treatment, string? sha256, CompressionOptions options) =>
        input.Earlier is Provenance earlier
            ? earlier with { ProgramVersion = s_programVersion, Time = DateTimeOffset.UtcNow }
            : new Provenance
            {
                ProgramVersion = s_programVersion,
                Time = DateTimeOffset.UtcNow,
                Rule = treatment.Rule,
                RulesSha256 = options.RulesSha256,
                OriginalName = options.OriginalName ?? Path.GetFileName(input.File.Path),
                OriginalMtimeNs = input.File.Version.MtimeNs,
                OriginalSha256 = sha256,
                MrcMode = input.Mrc.Mode,
                MrcHeader = input.Mrc.Header,
            };
}
