using System.CommandLine;
using VirtualEmFs.Archives;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Extraction;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs extract</c>: writes the files that a mount would show.</summary>
internal sealed class ExtractCommand
{
    private readonly IArchiveFormats _formats;
    private readonly string[] _paths;
    private readonly string? _output;
    private readonly bool _isFolder;
    private readonly bool _force;
    private readonly bool _useStrictStatistics;
    private readonly HashSet<string> _targets = [];
    private int _failures;

    private ExtractCommand(IArchiveFormats formats, string[] paths, string? output, bool force, bool useStrictStatistics)
    {
        (_formats, _paths, _output, _force, _useStrictStatistics) = (formats, paths, output, force, useStrictStatistics);
        _isFolder = output is not null && (paths.Length > 1 || output.EndsWith('/') || Directory.Exists(output));
    }

    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Archives to extract.", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string?>("--output", "-o")
        {
            Description = "The file to write, or the folder to write into (which several FILEs need); by default each file appears beside its archive.",
        };
        var force = new Option<bool>("--force") { Description = "Replace files that exist." };
        var strict = new Option<bool>("--strict-statistics") { Description = "Header statistics only where they are exactly those of the samples." };
        var command = new Command(
            "extract", "Writes archives as the MRC files that a mount shows, without a mount. Example: emfs extract Micrographs/*.hdf -o /scratch/Micrographs")
        { files, output, force, strict };
        var presentation = new PresentationOptions();
        presentation.AddAllTo(command);
        command.SetAction(result =>
            new ExtractCommand(
                presentation.FormatsOf(result), result.GetRequiredValue(files), result.GetValue(output), result.GetValue(force),
                result.GetValue(strict)).Run());
        return command;
    }

    private int Run()
    {
        if (_isFolder && File.Exists(_output))
        {
            throw new CommandException(ExitCode.Usage, $"{_output} is a file; several archives need a folder to go to");
        }

        using var interrupt = new InterruptSource();
        BlockWorkers.Run(_paths.SelectMany(Jobs), Environment.ProcessorCount, interrupt.Token);
        return (int)(_failures == 0 ? ExitCode.Success : ExitCode.Failure);
    }

    private IEnumerable<IBlockJob> Jobs(string path)
    {
        foreach (VirtualFile file in NamedArchive.VirtualFilesOf(_formats, path))
        {
            MrcExtraction? job = Open(path, file);
            if (job is not null)
            {
                yield return job;
            }
        }
    }

    private MrcExtraction? Open(string path, VirtualFile file)
    {
        IArchive? archive = null;
        try
        {
            ArchiveDescription description = file.Describe();
            if (!description.Damage.IsEmpty)
            {
                ArchiveDamage damage = description.Damage.MinBy(fault => fault.FrameIndex)!;
                throw new IOException(NamedArchive.Sentence(description, new ArchiveException(path, damage.Reason, damage.FrameIndex)));
            }

            VirtualMrc mrc = VirtualMrc.Create(description, file.View, _useStrictStatistics);
            string target = TargetOf(path, file);
            CheckTarget(path, target);
            archive = _formats.Open(description);
            return new MrcExtraction(archive, mrc, target, _force, Report);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            archive?.Dispose();
            Fail(e.Message);
            return null;
        }
    }

    /// <summary>The file to write: what <c>-o</c> says, or the name that the mount shows, beside the archive or in the folder named.</summary>
    private string TargetOf(string path, VirtualFile file)
    {
        string target = _output is null ? Path.Combine(Path.GetDirectoryName(path) ?? "", file.Name)
            : _isFolder ? Path.Combine(_output, file.Name)
            : file.Member is null ? _output
            : Path.Combine(_output, Path.GetFileName(file.Name));
        if (file.Member is not null || _output is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
        }

        return target;
    }

    private void CheckTarget(string path, string target)
    {
        if (!_targets.Add(Path.GetFullPath(target)))
        {
            throw new IOException($"{path}: another archive of this command is written to {target} already; extract them to different folders.");
        }

        if (TargetFile.Obstacle(target) is { } obstacle)
        {
            throw new IOException($"{target}: {obstacle}");
        }

        if (TargetFile.AreSame(path, target))
        {
            throw new IOException($"{target}: this is the archive itself; name another place with -o");
        }

        if (!_force && File.Exists(target))
        {
            throw new IOException($"{target}: the file exists; --force replaces it.");
        }
    }

    private void Report(MrcExtraction extraction, IOException? fault)
    {
        if (fault is null)
        {
            Console.WriteLine($"{extraction.Path} ({CommandOutput.Length(extraction.LengthBytes)})");
        }
        else
        {
            Fail(NamedArchive.Sentence(extraction.Description, fault));
        }
    }

    private void Fail(string message)
    {
        Interlocked.Increment(ref _failures);
        Console.Error.WriteLine($"emfs extract: {message}");
    }
}
