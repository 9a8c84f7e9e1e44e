using System.CommandLine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Mount.Status;

namespace VirtualEmFs.Mount.Commands;

/// <summary>What every mounting command offers: background or foreground, who may use the mount, what is logged.</summary>
internal sealed class MountingOptions
{
    private readonly Option<bool> _background = new("--background")
    {
        Description = "Return once the mount is ready; a second process serves it.",
    };

    private readonly Option<bool> _allowOther = new("--allow-other") { Description = "Let other users use the mount, as file permissions allow." };

    private readonly Option<LogLevel> _logLevel = WordOption.Create(
        "--log-level", LogLevel.Warning, "Least severity that is logged to standard error.");

    private readonly Option<int> _servingThreads = new("--serving-threads")
    {
        Description = "Threads that receive requests from the kernel.",
        DefaultValueFactory = _ => FuseHostOptions.DefaultServingThreads,
        Hidden = true,
    };

    private readonly Option<Quantity<TimeSpan>> _stalledAfter = Quantities.Time("--stalled-after", "30s", "Age at which a request is logged as waiting.");

    // The pipe that the process in the background reports to.
    private readonly Option<string?> _readyPipe = new(BackgroundProcess.ReadyPipeOption) { Hidden = true };

    public void AddTo(Command command)
    {
        _stalledAfter.Hidden = true;
        foreach (Option option in new Option[] { _background, _allowOther, _logLevel, _servingThreads, _stalledAfter, _readyPipe })
        {
            command.Add(option);
        }
    }

    /// <summary>Checks the place, makes the tree, and serves it until the mount ends; or starts another process that does.</summary>
    /// <param name="sourceFolder">What is mounted; null for a tree without a source.</param>
    /// <param name="makeTree">From the source and the mount point with their links resolved, and the log.</param>
    public int Run(ParseResult result, string? sourceFolder, string mountPoint, Func<string, string, ILoggerFactory, MountedTree> makeTree)
    {
        if (result.GetValue(_background) && result.GetValue(_readyPipe) is null)
        {
            // What forbids the mount is told before the log is touched, which may be that of a live one.
            (_, string place, MountPointLock beginning) = Claim(result, sourceFolder, mountPoint);
            string logPath;
            using (beginning)
            {
                logPath = RuntimeFolder.CreateLogPath(place);
            }

            return BackgroundProcess.Start(logPath);
        }

        using BackgroundProcess? background = result.GetValue(_readyPipe) is { } pipe ? BackgroundProcess.Enter(pipe) : null;
        try
        {
            return (int)Serve(result, sourceFolder, mountPoint, makeTree, background);
        }
        catch (CommandException e) when (background is not null)
        {
            background.ReportFailure(e);
            return (int)e.ExitCode;
        }
    }

    /// <summary>Checks the place, and keeps others from mounting there.</summary>
    /// <returns>The source and the mount point with their links resolved, and the lock, to be disposed of once it is mounted.</returns>
    private (string Source, string Place, MountPointLock Beginning) Claim(ParseResult result, string? sourceFolder, string mountPoint)
    {
        MountPlace.RequireFuse(result.GetValue(_allowOther));
        string source = sourceFolder is null ? "null" : MountPlace.ResolveSource(sourceFolder);
        if (sourceFolder is not null)
        {
            MountPlace.RequireApart(source, MountPlace.ResolveMountedPath(mountPoint));
        }

        MountPointLock beginning = MountPointLock.Acquire(MountPlace.ResolveMountedPath(mountPoint));
        try
        {
            return (source, MountPlace.ResolveMountPoint(mountPoint), beginning);
        }
        catch
        {
            beginning.Dispose();
            throw;
        }
    }

    private ExitCode Serve(
        ParseResult result, string? sourceFolder, string mountPoint, Func<string, string, ILoggerFactory, MountedTree> makeTree,
        BackgroundProcess? background)
    {
        (string source, string place, MountPointLock claimed) = Claim(result, sourceFolder, mountPoint);
        using MountPointLock beginning = claimed;
        LogLevel least = result.GetWord(_logLevel, LogLevel.Warning);
        using ILoggerFactory log = LoggerFactory.Create(builder => builder
            .SetMinimumLevel(least)
            .AddSimpleConsole(static console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "yyyy-MM-dd HH:mm:ss.fff ";
                console.ColorBehavior = LoggerColorBehavior.Disabled;
            })
            .AddConsole(static console =>
            {
                console.LogToStandardErrorThreshold = LogLevel.Trace;

                // A reader of the log that stops, a pager for instance, must not stop the mount with it.
                console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
            }));
        using MountedTree tree = makeTree(source, place, log);
        var options = new FuseHostOptions(source)
        {
            IsWritable = tree.IsWritable,
            AllowOther = result.GetValue(_allowOther),
            ServingThreads = result.GetValue(_servingThreads),
            StalledAfter = result.GetValue(_stalledAfter).Value,
            Fault = FaultSeam.FromEnvironment(),
            DescribeNode = tree.DescribeNode ?? (static _ => null),
        };
        string ready = $"{source} is mounted on {place} (process {Environment.ProcessId}); end it with: emfs unmount {place}";
        return MountSession.Run(tree, options, place, log.CreateLogger("emfs"), () =>
        {
            beginning.Dispose();
            if (background is null)
            {
                Console.WriteLine($"emfs: {ready}");
            }
            else
            {
                background.ReportReady(ready);
            }
        });
    }
}
