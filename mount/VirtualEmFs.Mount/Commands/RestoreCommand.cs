using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Mount.Status;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs restore</c>: gets back a raw file that was kept when it was archived (<c>mount --keep-originals</c>).</summary>
internal sealed class RestoreCommand
{
    private readonly PosixDisk _disk = new();
    private readonly string _staging;
    private readonly OriginalStore _originals;

    private RestoreCommand(string staging) => (_staging, _originals) = (staging, new OriginalStore(_disk, staging));

    public static Command Create()
    {
        var place = new Argument<string>("STAGING|MOUNTPOINT") { Description = "A staging folder, or the mount that has it." };
        var path = new Argument<string?>("PATH") { Description = "The file, by its path in the mount; without it, those that are kept are listed.", Arity = ArgumentArity.ZeroOrOne };
        var to = new Option<string?>("--to") { Description = "A new file to write; by default it takes the place of its archive in the source.", HelpName = "FILE" };
        var command = new Command(
            "restore",
            "Brings back the raw file that a writable mount kept of an archive. Example: emfs restore ~/mrc Micrographs/m1.mrc --to m1-raw.mrc")
        { place, path, to };
        command.SetAction(result => (int)Run(result.GetRequiredValue(place), result.GetValue(path), result.GetValue(to)));
        return command;
    }

    private static ExitCode Run(string place, string? path, string? to)
    {
        bool isMounted = MountTable.Find(MountPlace.ResolveMountedPath(place)) is { IsEmfs: true };
        string staging = isMounted
            ? StatusClient.Get(place).Writing?.StagingFolder
                ?? throw new CommandException(ExitCode.Failure, $"{place} was mounted without --staging: it keeps no originals")
            : Path.GetFullPath(place);
        var command = new RestoreCommand(staging);
        command.RequireStagingFolder();
        if (path is null)
        {
            return to is null ? command.List() : throw new CommandException(
                ExitCode.Usage, $"name the file that is to go to {to}; 'emfs restore {place}' lists those that are kept");
        }

        path = isMounted ? MountedPath.InSource(place, path) : MountedPath.Normalise(path);
        Original original = command._originals.FindNewest(path)
            ?? throw new CommandException(ExitCode.Failure, $"no original of {path} is kept in {staging}; 'emfs restore {place}' lists those that are");
        using var interrupt = new InterruptSource();
        if (to is null)
        {
            command.PutBack(original, interrupt.Token);
        }
        else
        {
            command.Copy(original, Path.GetFullPath(to), interrupt.Token);
        }

        return ExitCode.Success;
    }

    private void RequireStagingFolder()
    {
        if (_disk.Stat($"{_staging}/{Journal.FileName}", out _) is not VfsStatus.Ok and var status)
        {
            throw new CommandException(
                ExitCode.StagingUnusable, $"{_staging} is neither a mount of emfs nor a staging folder that can be read: {Errno.Message(VfsErrno.Of(status))}");
        }
    }

    private ExitCode List()
    {
        Original[] originals = [.. _originals.List()];
        if (originals.Length == 0)
        {
            Console.Error.WriteLine($"emfs: no originals are kept in {_staging}; 'emfs mount --keep-originals' keeps them");
        }

        foreach (Original original in originals)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{PathBytes.ForDisplay(original.Path)} ({CommandOutput.Length(original.LengthBytes)}), archived {original.Time.ToLocalTime():yyyy-MM-dd HH:mm:ss}"));
        }

        return ExitCode.Success;
    }

    private void Copy(Original original, string target, CancellationToken cancellation)
    {
        Require(RawExport.Copy(_disk, _originals.PathOf(original.Id), target, cancellation), target);
        Console.WriteLine($"{target} ({CommandOutput.Length(original.LengthBytes)})");
    }

    /// <summary>The raw file takes its name in the source, and the archive goes, if it was made of this very file.</summary>
    private void PutBack(Original original, CancellationToken cancellation)
    {
        string source;
        try
        {
            if (StagingArea.ReadEntries(_disk, _staging, out source, out _).Any(entry => entry.Path == original.Path))
            {
                throw new CommandException(ExitCode.Busy, $"{original.Path} has been written since and is staged at this moment; --to FILE writes the original elsewhere");
            }
        }
        catch (IOException e)
        {
            throw new CommandException(ExitCode.StagingUnusable, e.Message);
        }

        string target = $"{source}/{original.Path}";
        string archive = $"{source}/{StagingArea.ArchivePathOf(original.Path)}";
        bool hasArchive = _disk.Stat(archive, out SourceStat known) == VfsStatus.Ok;
        if (hasArchive && !IsArchiveOf(archive, _originals.PathOf(original.Id)))
        {
            throw new CommandException(
                ExitCode.Failure, $"{archive} was made of another file than the original that is kept, so both stay; --to FILE writes the original elsewhere");
        }

        string folder = Path.GetDirectoryName(target)!;
        Require(
            RawExport.Copy(_disk, _originals.PathOf(original.Id), $"{folder}/{TemporaryFiles.HiddenPrefix}restored-{original.Id}", target, cancellation), target);
        if (hasArchive)
        {
            // The raw file is there to stay by now, and wins over the archive as long as both are there. Copying it may have taken minutes.
            Require(_disk.Stat(archive, out SourceStat now), archive);
            if (now.Version != known.Version)
            {
                throw new CommandException(
                    ExitCode.Failure, $"{archive} has been written meanwhile, so it stays, and {target} hides it; rename one of the two in {folder}");
            }

            Require(_disk.Unlink(archive), archive);
            Require(_disk.SyncFolder(folder), folder);
        }

        Console.WriteLine($"{target} ({CommandOutput.Length(original.LengthBytes)}), raw until it is written to");
    }

    private static bool IsArchiveOf(string archive, string rawPath)
    {
        try
        {
            using FileStream raw = File.OpenRead(rawPath);
            return ArchiveOrigin.Read(archive)?.Sha256 is { } sha256 && sha256 == Convert.ToHexStringLower(SHA256.HashData(raw));
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static void Require(VfsStatus status, string path)
    {
        if (status != VfsStatus.Ok)
        {
            throw new CommandException(
                ExitCode.Failure,
                status == VfsStatus.AlreadyExists ? $"{path} exists already; it was left as it is" : $"{path} cannot be written: {Errno.Message(VfsErrno.Of(status))}");
        }
    }
}
