using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Compressing;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs compress</c>: MRC files to archives, as e2compress does, without its traps.</summary>
internal sealed class CompressCommand(IArchiveFormats formats, ParseResult result, CompressArguments arguments)
{
    public static Command Create()
    {
        var arguments = new CompressArguments();
        var command = new Command(
            "compress",
            "Compresses MRC files, or archives again, to bit-truncated EMAN2 HDF5. Without --bits, rules by name and content decide (emfs rules show). "
            + "Example: emfs compress --bits 5 --sigrange 4,4 Micrographs/*.mrc");
        arguments.AddTo(command);
        var presentation = new PresentationOptions();
        presentation.AddTo(command);
        command.SetAction(result => new CompressCommand(presentation.FormatsOf(result), result, arguments).Run());
        return command;
    }

    private int Run()
    {
        (CompressionRunOptions options, List<CompressionJob> jobs) = Prepare();
        using var interrupt = new InterruptSource();
        foreach (string folder in options.IsDryRun ? [] : jobs.Select(job => Path.GetDirectoryName(Path.GetFullPath(job.OutputPath))!).Distinct())
        {
            Compressor.RemoveLeftovers(folder);
        }

        bool isJson = result.GetValue(arguments.Json), isVerbose = arguments.IsVerbose(result) || options.IsDryRun;
        CompressionOutcome[] outcomes = [];
        long begin = Stopwatch.GetTimestamp();
        try
        {
            CompressionRun? run = null;
            CompressionBar.Run(jobs.Sum(job => job.LengthBytes), !isJson, () => run?.Ratio ?? 0, tell =>
            {
                run = new CompressionRun(formats, options, tell, interrupt.Token);
                outcomes = run.Run(jobs);
            });
        }
        catch (OperationCanceledException)
        {
            throw new CommandException(ExitCode.Interrupted, "interrupted; no partial archive is left, and originals are as they were.");
        }

        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        if (isJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { Files = outcomes, Totals = Totals(outcomes, seconds) }, CommandOutput.Json));
        }
        else
        {
            Print(outcomes, isVerbose, seconds);
        }

        return (int)(outcomes.Any(outcome => outcome.Status == CompressionStatus.Failed) ? ExitCode.Failure : ExitCode.Success);
    }

    private (CompressionRunOptions Options, List<CompressionJob> Jobs) Prepare()
    {
        try
        {
            OutputSpec? output = result.GetValue(arguments.Output) is string text ? OutputSpec.Parse(text) : null;
            (TruncationRules rules, string? rulesSha256) = arguments.Rules.Read(result);
            int? bits = arguments.BitsOf(result, output);
            var compression = new CompressionOptions
            {
                Treatment = arguments.TreatmentOf(result, output),
                Rules = rules,
                RulesSha256 = rulesSha256,
                IsUncompressed = bits < 0,
                Level = arguments.LevelOf(result),
                ThirdAxis = arguments.ThirdAxisOf(result),
                ByteSign = arguments.ByteSignOf(result),
                Threads = result.GetValue(arguments.Threads),
                Overwrites = result.GetValue(arguments.Force),
                HashesOriginal = !result.GetValue(arguments.NoSha256),
            };
            var options = new CompressionRunOptions
            {
                Compression = compression,
                IsDryRun = result.GetValue(arguments.DryRun),
                OnlyUnfinished = result.GetValue(arguments.OnlyUnfinished),
                DeletesOriginals = result.GetValue(arguments.DeleteOriginals),
            };
            return (options, CompressionJobs.List(
                arguments.FilesOf(result), result.GetValue(arguments.Recursive), result.GetValue(arguments.AllFormats), result.GetValue(arguments.OutPath),
                output?.Path));
        }
        catch (Exception e) when (e is TruncationException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, e.Message);
        }
    }

    private static void Print(CompressionOutcome[] outcomes, bool isVerbose, double seconds)
    {
        foreach (CompressionOutcome outcome in outcomes)
        {
            foreach (string warning in outcome.Report?.Warnings ?? [])
            {
                Console.Error.WriteLine($"emfs compress: {outcome.Input}: warning: {warning}");
            }

            if (isVerbose && outcome.Status != CompressionStatus.Failed)
            {
                Console.WriteLine(outcome.Line);
            }
        }

        CompressionTotals totals = Totals(outcomes, seconds);
        Console.WriteLine(totals.Line);
        foreach (CompressionOutcome failure in outcomes.Where(outcome => outcome.Status == CompressionStatus.Failed))
        {
            Console.Error.WriteLine($"emfs compress: {failure.Line}");
        }
    }

    private static CompressionTotals Totals(CompressionOutcome[] outcomes, double seconds)
    {
        CompressionReport[] reports = [.. outcomes.Select(outcome => outcome.Report).OfType<CompressionReport>()];
        return new CompressionTotals(
            reports.Length, outcomes.Count(outcome => outcome.Status is CompressionStatus.Finished or CompressionStatus.KeptRaw),
            outcomes.Count(outcome => outcome.Status == CompressionStatus.Failed),
            reports.Count(report => report.GuardedCount > 0), reports.Sum(report => report.InputLengthBytes),
            reports.Sum(report => report.OutputLengthBytes), seconds, outcomes.Any(outcome => outcome.Status == CompressionStatus.Predicted));
    }
}
