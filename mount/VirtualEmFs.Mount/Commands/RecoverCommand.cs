using System.CommandLine;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs recover</c>: gets the raw files out of a staging folder whose mount is gone for good. The folder stays as it is.</summary>
internal sealed class RecoverCommand
{
    private readonly PosixDisk _disk = new();
    private readonly string _staging;
    private readonly string _target;
    private int _exportedFiles, _failures;
    private long _exportedBytes;

    private RecoverCommand(string staging, string target) => (_staging, _target) = (staging, target);

    public static Command Create()
    {
        var staging = new Argument<string>("STAGING") { Description = "Staging folder of a mount that has ended." };
        var to = new Option<string>("--to") { Description = "Folder to export to; files that are there stay.", HelpName = "DIR", Required = true };
        var force = new Option<bool>("--force") { Description = "Export although a mount uses the folder: what is being written comes out in part." };
        var command = new Command(
            "recover",
            "Exports every raw file of a staging folder under its path, without a mount. Example: emfs recover /scratch/staging --to ~/rescued")
        { staging, to, force };
        command.SetAction(result => (int)Run(result.GetRequiredValue(staging), result.GetRequiredValue(to), result.GetValue(force)));
        return command;
    }

    private static ExitCode Run(string staging, string target, bool force)
    {
        int errno = LinuxTree.ResolveLinks(staging, out string fullPath);
        if (errno != 0)
        {
            throw new CommandException(ExitCode.StagingUnusable, $"the staging folder {staging} cannot be read: {Errno.Message(errno)}");
        }

        target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        if (MountPlace.Holds(fullPath, target))
        {
            throw new CommandException(ExitCode.Overlap, $"{target} lies in the staging folder {fullPath}; choose a folder elsewhere");
        }

        if (File.Exists(target))
        {
            throw new CommandException(ExitCode.Usage, $"{target} is a file; --to needs a folder to export to, which need not exist");
        }

        if (!Path.Exists($"{fullPath}/{Journal.FileName}") && !Path.Exists($"{fullPath}/{StagingArea.FilesFolder}"))
        {
            throw new CommandException(ExitCode.StagingUnusable, $"{fullPath} is no staging folder of emfs: it has neither a journal nor raw files");
        }

        using IDisposable? hold = OwnerLock.HoldDead($"the staging folder {fullPath}", $"{fullPath}/{OwnerLock.FileName}", force);
        using var interrupt = new InterruptSource();
        return new RecoverCommand(fullPath, target).Export(interrupt.Token);
    }

    private ExitCode Export(CancellationToken cancellation)
    {
        IReadOnlyList<StagedEntry> entries = [];
        try
        {
            entries = StagingArea.ReadEntries(_disk, _staging, out string source, out bool isDamaged);
            foreach (StagedEntry entry in entries)
            {
                cancellation.ThrowIfCancellationRequested();
                ExportEntry(entry, source, cancellation);
            }

            if (isDamaged)
            {
                Fail($"{_staging}/{Journal.FileName} is damaged: names may be missing, or those of earlier times");
            }
        }
        catch (IOException e)
        {
            Fail(e.Message);
        }

        ReportUnnamed(entries);
        Console.WriteLine($"{CommandOutput.Files(_exportedFiles)} ({CommandOutput.Length(_exportedBytes)}) exported to {_target}; {_staging} is as it was");
        return _failures == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private void ExportEntry(StagedEntry entry, string source, CancellationToken cancellation)
    {
        string name = PathBytes.ForDisplay(entry.Path);
        if (entry.IsInPlace)
        {
            Console.WriteLine($"{name} lies in the source, as {PathBytes.ForDisplay($"{source}/{entry.Path}")}");
            return;
        }

        string rawPath = $"{_staging}/{StagingArea.FilesFolder}/{entry.Id}";
        if (entry.Path.Split('/').Any(static part => part is "" or "." or ".."))
        {
            Fail($"{name} is no path in a source; its bytes are in {rawPath}");
            return;
        }

        string path = $"{_target}/{entry.Path}";
        VfsStatus status = MakeFolders(Path.GetDirectoryName(path)!);
        status = status == VfsStatus.Ok ? RawExport.Copy(_disk, rawPath, path, cancellation) : status;
        switch (status)
        {
            case VfsStatus.Ok:
                _exportedFiles++;
                _exportedBytes += _disk.Stat(path, out SourceStat stat) == VfsStatus.Ok ? stat.Version.LengthBytes : 0;
                Console.WriteLine(PathBytes.ForDisplay(path));
                break;
            case VfsStatus.AlreadyExists:
                Fail($"{PathBytes.ForDisplay(path)} exists already and was left as it is; the staged file is {rawPath}");
                break;
            default:
                Fail($"{name} cannot be exported: {Errno.Message(VfsErrno.Of(status))}; its bytes are in {rawPath}");
                break;
        }
    }

    /// <summary>Raw files without a name: a damaged journal has lost it, or their files were removed or archived and nobody has cleaned up yet.</summary>
    private void ReportUnnamed(IReadOnlyList<StagedEntry> entries)
    {
        var named = entries.Where(static entry => !entry.IsInPlace).Select(static entry => $"{entry.Id}").ToHashSet();
        foreach (string folder in new[] { StagingArea.FilesFolder, StagingArea.OrphansFolder })
        {
            if (_disk.List($"{_staging}/{folder}", out IReadOnlyList<SourceName> files) != VfsStatus.Ok)
            {
                continue;
            }

            foreach (SourceName file in files)
            {
                if (folder == StagingArea.OrphansFolder || !named.Contains(file.Name))
                {
                    Console.WriteLine($"{_staging}/{folder}/{PathBytes.ForDisplay(file.Name)} has no name any more: a file that was removed, archived, or whose name the journal has lost");
                }
            }
        }
    }

    private VfsStatus MakeFolders(string path)
    {
        VfsStatus status = _disk.Stat(path, out _);
        if (status != VfsStatus.NotFound)
        {
            return status;
        }

        status = MakeFolders(Path.GetDirectoryName(path)!);
        status = status == VfsStatus.Ok ? _disk.MakeFolder(path, 0x1C0) : status;
        return status == VfsStatus.AlreadyExists ? VfsStatus.Ok : status;
    }

    private void Fail(string message)
    {
        _failures++;
        Console.Error.WriteLine($"emfs recover: {message}");
    }
}
