using System.CommandLine;
using System.Text.Json;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Extraction;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs verify</c>: decodes everything and names the first damaged frame of each file.</summary>
internal sealed class VerifyCommand
{
    private readonly IArchiveFormats _formats;
    private readonly ChecksumManifest? _manifest;
    private readonly bool _json;

    private VerifyCommand(IArchiveFormats formats, ChecksumManifest? manifest, bool json) => (_formats, _manifest, _json) = (formats, manifest, json);

    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Archives to decode; without any, those of the files in the manifest.", Arity = ArgumentArity.ZeroOrMore };
        var manifest = new Option<string?>("--manifest")
        {
            Description = "SHA-256 sums of the original files, as sha256sum writes them: each must have its archive here.",
            HelpName = "SHA256SUMS",
        };
        var json = new Option<bool>("--json") { Description = "Print a JSON array with a result for each file." };
        var command = new Command(
            "verify",
            "Decodes archives completely and prints the first damaged frame of each (exit code 1). Example: emfs verify Micrographs/*.hdf")
        { files, manifest, json };
        var presentation = new PresentationOptions();
        presentation.AddAllTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(files) is not { Length: > 0 } && result.GetResult(manifest) is null)
            {
                result.AddError("name the archives to decode, or a --manifest");
            }
        });
        command.SetAction(result =>
        {
            ChecksumManifest? sums = result.GetValue(manifest) is string path ? ChecksumManifest.Read(path) : null;
            string[] archives = result.GetValue(files) is { Length: > 0 } named ? named : [.. sums!.Entries.Select(ChecksumManifest.ArchiveOf).Distinct()];
            return new VerifyCommand(presentation.FormatsOf(result), sums, result.GetValue(json)).Run(archives);
        });
        return command;
    }

    private int Run(string[] paths)
    {
        VerifyReport[] reports = [.. paths.Select(path => new VerifyReport(path))];
        using var interrupt = new InterruptSource();
        BlockWorkers.Run(reports.SelectMany(Jobs), Environment.ProcessorCount, interrupt.Token);
        string[] missing = [];
        if (_manifest is not null)
        {
            new ManifestComparison(_formats, _manifest, interrupt.Token).Run(reports);
            missing = [.. _manifest.Missing.Select(entry => entry.Name)];
            foreach (VerifyReport report in reports)
            {
                Print(report);
            }

            foreach (string name in missing)
            {
                Console.Error.WriteLine($"emfs verify: {_manifest.Path} lists {name}, of which there is no archive here");
            }
        }

        if (_json)
        {
            Console.WriteLine(JsonSerializer.Serialize(reports, CommandOutput.Json));
        }

        return (int)(missing.Length == 0 && reports.All(report => report.Ok) ? ExitCode.Success : ExitCode.Failure);
    }

    private IEnumerable<IBlockJob> Jobs(VerifyReport report)
    {
        int order = 0, firstFrame = 0;
        ArchiveOrigin? origin = OriginOf(report);
        VirtualFile[] files = report.Ok ? [.. NamedArchive.VirtualFilesOf(_formats, report.File)] : [];
        foreach (VirtualFile file in files)
        {
            if (!report.Ok)
            {
                break;
            }

            ArchiveVerification? job = Open(report, file, order++, origin, ref firstFrame, isLast: order == files.Length);
            if (job is not null)
            {
                report.Begin();
                yield return job;
            }
        }

        if (origin?.IsHeaderAsWritten == false)
        {
            report.Fail(order, $"{report.File}: its preserved MRC header is not the one that was stored: its checksum differs");
        }

        End(report);
    }

    /// <summary>What the archive says of itself; null where it is another program's, or cannot be read: decoding says why.</summary>
    private static ArchiveOrigin? OriginOf(VerifyReport report)
    {
        try
        {
            return File.Exists(report.File) ? ArchiveOrigin.Read(report.File) : null;
        }
        catch (ArchiveException e)
        {
            report.Fail(0, e.Message);
            return null;
        }
    }

    private ArchiveVerification? Open(VerifyReport report, VirtualFile file, int order, ArchiveOrigin? origin, ref int firstFrame, bool isLast)
    {
        try
        {
            IArchive archive = _formats.Open(file.Describe());
            int first = firstFrame;
            firstFrame += archive.Description.Shape.FrameCount;

            // Frames that another program added have no checksums, and may have moved the others.
            bool hasRecords = origin is not null && firstFrame <= origin.FrameCount && (!isLast || firstFrame == origin.FrameCount);
            return new ArchiveVerification(archive, hasRecords ? frame => origin!.RecordOf(first + frame) : null, fault =>
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
        if (report.End() && _manifest is null)
        {
            Print(report);
        }
    }

    private void Print(VerifyReport report)
    {
        if (!_json)
        {
            (report.Ok ? Console.Out : Console.Error).WriteLine(
                report.Fault ?? $"{report.File}: ok{(report.Original is string original ? ", " + original : "")}");
        }
    }
}
