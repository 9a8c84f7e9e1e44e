using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Extraction;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs info</c>: what archives hold, without decoding them.</summary>
internal static class InfoCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Archives to describe.", Arity = ArgumentArity.OneOrMore };
        var json = new Option<bool>("--json") { Description = "Print a JSON array with an object for each file." };
        var command = new Command(
            "info", "Prints shape, pixel size, bits, limits, codec and sizes of archives. Example: emfs info particles.hdf")
        { files, json };
        var presentation = new PresentationOptions();
        presentation.AddAllTo(command);
        command.SetAction(result => Run(presentation.FormatsOf(result), result.GetRequiredValue(files), result.GetValue(json)));
        return command;
    }

    private static int Run(IArchiveFormats formats, string[] paths, bool json)
    {
        ArchiveReport[] reports = [.. paths.Select(path => Report(formats, path))];
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(reports, CommandOutput.Json));
        }
        else
        {
            Print(reports);
        }

        return (int)(reports.All(report => report.Error is null) ? ExitCode.Success : ExitCode.Failure);
    }

    private static ArchiveReport Report(IArchiveFormats formats, string path)
    {
        ArchiveDescription archive;
        try
        {
            archive = NamedArchive.Describe(formats, path);
        }
        catch (ArchiveException e)
        {
            return new ArchiveReport(
                path, "", "", null, 0, 0, 0, [], false, "", null, null, null, "", 0, null, 0, 0, 0, [], [], e.Message);
        }

        long virtualLengthBytes = 0;
        List<string> damage = [.. archive.Damage.OrderBy(fault => fault.FrameIndex).Select(fault =>
            fault.FrameIndex is int frame ? NamedArchive.Sentence(archive, frame, fault.Reason) : fault.Reason)];
        foreach (VirtualFile file in NamedArchive.VirtualFilesOf(formats, path, archive))
        {
            try
            {
                virtualLengthBytes += VirtualMrc.LengthOf(file.Describe());
            }
            catch (ArchiveException e)
            {
                damage.Add(e.Message);
            }
        }

        long storedLengthBytes = archive.Files.Sum(file => new FileInfo(file).Length);
        Rescale rescale = archive.Rescale;
        return new ArchiveReport(
            path, archive.Format, archive.Content.ToString().ToLowerInvariant(), VirtualNames.Of(path, archive).Name,
            archive.Shape.Nx, archive.Shape.Ny, archive.Shape.FrameCount,
            [archive.PixelSize.X, archive.PixelSize.Y, archive.PixelSize.Z], archive.IsPixelSizeAssumed,
            archive.SampleType.ToString().ToLowerInvariant(), rescale.IsNone ? null : rescale.Bits,
            rescale.IsNone ? null : rescale.Minimum, rescale.IsNone ? null : rescale.Maximum, archive.Codec, archive.MrcMode,
            archive.Content == ArchiveContent.Folder ? archive.Members.Length : null,
            storedLengthBytes, virtualLengthBytes, Math.Round((double)virtualLengthBytes / storedLengthBytes, 4), [.. damage], [.. archive.Remarks], null);
    }

    private static void Print(IEnumerable<ArchiveReport> reports)
    {
        foreach (ArchiveReport report in reports)
        {
            if (report.Error is not null)
            {
                Console.Error.WriteLine(report.Error);
                continue;
            }

            var table = new Table { Border = TableBorder.None, ShowHeaders = false };
            table.AddColumns("", "");
            foreach ((string name, string value) in report.Rows())
            {
                table.AddRow(new Text($"  {name}"), new Text(value));
            }

            Console.WriteLine(report.File);
            CommandOutput.Write(table);
        }
    }
}
