using System.CommandLine;
using System.Text.Json;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Extraction;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs verify</c>: decodes everything and names the first damaged frame of each file.</summary>
internal sealed class VerifyCommand
{
    private readonly IArchiveFormats _formats;
    private readonly bool _json;

    private VerifyCommand(IArchiveFormats formats, bool json) => (_formats, _json) = (formats, json);

    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Archives to decode.", Arity = ArgumentArity.OneOrMore };
        var json = new Option<bool>("--json") { Description = "Print a JSON array with a result for each file." };
        var command = new Command(
            "verify", "Decodes archives completely and prints the first damaged frame of each (exit code 1). Example: emfs verify Micrographs/*.hdf")
        { files, json };
        var presentation = new PresentationOptions();
        presentation.AddAllTo(command);
        command.SetAction(result => new VerifyCommand(presentation.FormatsOf(result), result.GetValue(json)).Run(result.GetRequiredValue(files)));
        return command;
    }

    private int Run(string[] paths)
    {
        VerifyReport[] reports = [.. paths.Select(path => new VerifyReport(path))];
        using var interrupt = new InterruptSource();
        BlockWorkers.Run(reports.SelectMany(Jobs), Environment.ProcessorCount, interrupt.Token);
        if (_json)
        {
            Console.WriteLine(JsonSerializer.Serialize(reports, CommandOutput.Json));
        }

        return (int)(reports.All(report => report.Ok) ? ExitCode.Success : ExitCode.Failure);
    }

    private IEnumerable<IBlockJob> Jobs(VerifyReport report)
    {
        int order = 0;
        foreach (VirtualFile file in NamedArchive.VirtualFilesOf(_formats, report.File))
        {
            if (!report.Ok)
            {
                break;
            }

            ArchiveVerification? job = Open(report, file, order++);
            if (job is not null)
            {
                report.Begin();
                yield return job;
            }
        }

        End(report);
    }

    private ArchiveVerification? Open(VerifyReport report, VirtualFile file, int order)
    {
        try
        {
            IArchive archive = _formats.Open(file.Describe());
            return new ArchiveVerification(archive, fault =>
            {
                if (fault is not null)
                {
                    report.Fail(order, NamedArchive.Sentence(archive.Description, fault));
                }

                End(report);
            });
        }
        catch (ArchiveException e)
        {
            report.Fail(order, e.Message);
            return null;
        }
    }

    private void End(VerifyReport report)
    {
        if (report.End() && !_json)
        {
            (report.Ok ? Console.Out : Console.Error).WriteLine(report.Fault ?? $"{report.File}: ok");
        }
    }
}
