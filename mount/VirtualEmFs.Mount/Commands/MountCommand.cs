using System.CommandLine;
using Microsoft.Extensions.Logging;
using VirtualEmFs.Codecs;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Mount.Status;
using VirtualEmFs.Vfs.Reading;
using VirtualEmFs.Vfs.Tree;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs mount</c>: shows a folder of archives as a folder of .mrc files.</summary>
internal sealed class MountCommand
{
    private readonly MountingOptions _mounting = new();
    private readonly PresentationOptions _presentation = new();
    private readonly WritingOptions _writing = new();

    private readonly Argument<string> _source = new("SOURCE") { Description = "Folder with the archives." };
    private readonly Argument<string> _mountPoint = new("MOUNTPOINT") { Description = "An empty folder outside SOURCE." };

    private readonly Option<Quantity<long>> _cacheSize = Quantities.Bytes("--cache-size", "1GiB", "Memory for decoded blocks that are kept for later readers.");
    private readonly Option<Quantity<long>> _decodeMemory = Quantities.Bytes("--decode-memory", "512MiB", "Memory for blocks being decoded while the cache is full.");

    private readonly Option<int> _threads = NumberOption.Create(
        "--threads", 1, NumberOption.MostThreads, static () => Environment.ProcessorCount,
        "Threads that decode at once. One for each core is the default.");

    private readonly Option<bool> _showArchives = new("--show-archives") { Description = "List the archives beside their .mrc files." };

    private readonly Option<DamagePolicy> _damaged = WordOption.Create(
        "--damaged", DamagePolicy.Refuse,
        "What to do with damaged archives: refuse to open them, or serve every sound image and end reads before a damaged one.");

    private readonly Option<bool> _strictStatistics = new("--strict-statistics")
    {
        Description = "Headers state statistics only where they are exactly those of the samples, as mrcfile-validate wants.",
    };

    private readonly Option<Quantity<TimeSpan>> _attributeTimeout = Quantities.Time("--attr-timeout", "1s", "How old names and attributes may be.");

    private readonly Option<bool> _immutable = new("--immutable") { Description = "Nothing in SOURCE changes: the kernel may keep names and attributes for a day." };

    private readonly Option<bool> _followSymlinks = new("--follow-symlinks") { Description = "Open archives through symbolic links that lead out of SOURCE." };

    private MountCommand()
    {
    }

    public static Command Create() => new MountCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "mount", "Shows a folder of compressed archives as a folder of .mrc files. Example: emfs mount ~/archives ~/mrc --background")
        {
            _source, _mountPoint, _cacheSize, _decodeMemory, _threads, _showArchives, _damaged, _strictStatistics, _attributeTimeout, _immutable,
            _followSymlinks,
        };
        command.Validators.Add(result =>
        {
            // What is written must read back as it was written, and changes.
            if (_writing.IsGivenIn(result) && (result.GetValue(_immutable) || _presentation.ConvertsMrcFiles(result)))
            {
                result.AddError($"--staging and {(result.GetValue(_immutable) ? _immutable.Name : "--float32")} exclude each other");
            }
        });
        _presentation.AddAllTo(command);
        _writing.AddTo(command);
        _mounting.AddTo(command);
        command.SetAction(result => _mounting.Run(
            result, result.GetRequiredValue(_source), result.GetRequiredValue(_mountPoint), (source, mountPoint, log) => MakeTree(result, source, mountPoint, log)));
        return command;
    }

    private MountedTree MakeTree(ParseResult result, string source, string mountPoint, ILoggerFactory log)
    {
        Task check = Task.Run(DecoderCheck.Run);
        IArchiveFormats formats = _presentation.FormatsOf(result);
        DamagePolicy damaged = result.GetWord(_damaged, DamagePolicy.Refuse);
        var engine = new ReadEngine(formats, new ReadEngineOptions(
            result.GetValue(_cacheSize).Value, result.GetValue(_decodeMemory).Value, result.GetValue(_threads), damaged == DamagePolicy.Serve));
        var options = new VirtualTreeOptions
        {
            ShowArchives = result.GetValue(_showArchives),
            Damaged = damaged,
            UseStrictStatistics = result.GetValue(_strictStatistics),
            AttributeTimeout = result.GetValue(_attributeTimeout).Value,
            IsImmutable = result.GetValue(_immutable),
            FollowSymlinks = result.GetValue(_followSymlinks),
            ConvertsMrcFiles = _presentation.ConvertsMrcFiles(result),
        };
        try
        {
            check.GetAwaiter().GetResult();
            WritableMount? writable = OpenForWriting(result, source, mountPoint, formats, engine, log);
            try
            {
                return MakeTree(source, formats, engine, options, writable, log);
            }
            catch
            {
                writable?.Dispose();
                throw;
            }
        }
        catch (InvalidDataException e)
        {
            engine.Dispose();
            throw new CommandException(
                ExitCode.InternalError, $"the decoders fail on this machine, so nothing is mounted: {e.Message}; VEMFS_KERNEL=Scalar may help, and please report it");
        }
        catch (IOException e)
        {
            engine.Dispose();
            throw new CommandException(ExitCode.SourceUnusable, e.Message);
        }
    }

    private static MountedTree MakeTree(
        string source, IArchiveFormats formats, ReadEngine engine, VirtualTreeOptions options, WritableMount? writable, ILoggerFactory log)
    {
        TreeWriting? writing = writable is null ? null : new TreeWriting(writable.Disk, writable.Area, writable.Archiver, writable.OwnNameList);
        var tree = new VirtualTree(new PosixSourceTree(source), formats, engine, options, writing, log.CreateLogger("emfs"));
        TreeStatus Status() => TreeStatus.Of(tree.Statistics, engine.Statistics);
        if (writable is null)
        {
            return new MountedTree(tree, tree, engine) { Status = Status, DescribeNode = tree.DescribeNode };
        }

        writable.Start();
        return new MountedTree(tree, writable.Queue, tree, writable, engine)
        {
            Status = Status,
            DescribeNode = tree.DescribeNode,
            Writing = writable.Control.Report,
            Serve = writable.Control.Serve,
        };
    }

    /// <summary>Takes the staging folder and the source; null for a mount that only reads.</summary>
    private WritableMount? OpenForWriting(
        ParseResult result, string source, string mountPoint, IArchiveFormats formats, ReadEngine engine, ILoggerFactory log)
    {
        if (_writing.StagingOf(result) is not { } staging)
        {
            return null;
        }

        MrcArchiverOptions archiving = _writing.ArchivingOf(result) with
        {
            ByteSign = _presentation.ByteSignOf(result),
            UseStrictStatistics = result.GetValue(_strictStatistics),
        };
        MountOwner owner = MountOwner.Current(mountPoint, StagingPlace.Resolve(staging, source, mountPoint), source);
        return WritableMount.Open(
            owner, formats, archiving, _writing.WriteBackOf(result), _writing.TakesOver(result), () => engine.Statistics.QueuedBlocks > 0,
            log.CreateLogger("emfs"));
    }
}
