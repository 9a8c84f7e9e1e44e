using System.CommandLine;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Mount.Status;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs flush</c>: archives what is staged at once, without waiting for it to be quiet for long enough.</summary>
internal static class FlushCommand
{
    // Who has more than this to fix reads the status.
    private const int ShownFiles = 20;

    public static Command Create()
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Folder that emfs is mounted on." };
        var paths = new Argument<string[]>("PATH") { Description = "Files and folders of the mount; all of it by default.", Arity = ArgumentArity.ZeroOrMore };
        var wait = new Option<bool>("--wait") { Description = "Return when everything is archived; 1 when files stay staged, for they are open or cannot be archived." };
        var command = new Command(
            "flush", "Archives the staged files of a writable mount at once. Example: emfs flush ~/mrc --wait") { mountPoint, paths, wait };
        command.SetAction(result => (int)Run(result.GetRequiredValue(mountPoint), result.GetValue(paths) ?? [], result.GetValue(wait)));
        return command;
    }

    private static ExitCode Run(string mountPoint, string[] paths, bool waits)
    {
        string?[] inSource = paths.Length == 0 ? [null] : [.. paths.Select(path => MountedPath.InSource(mountPoint, path))];
        string root = MountPlace.ResolveMountedPath(mountPoint);
        foreach (string? path in inSource)
        {
            // Who may not look into the mount may still flush it.
            if (path is not null && LinuxFile.Stat($"{root}/{path}", followLinks: false, out _) is Errno.ENOENT or Errno.ENOTDIR)
            {
                throw new CommandException(ExitCode.Failure, $"there is no {PathBytes.ForDisplay(path)} in {mountPoint}");
            }

            StagingClient.Flush(mountPoint, path);
        }

        int remainingFiles = 0;
        foreach (string? path in waits ? inSource : [])
        {
            StagingAnswer answer = StagingClient.WaitForFlush(mountPoint, path, "Ctrl-C ends the waiting, and nothing else");
            remainingFiles += answer.RemainingFiles;
            Print(answer);
        }

        return remainingFiles == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    /// <summary>Says which files stay staged, and why.</summary>
    public static void Print(StagingAnswer answer)
    {
        foreach (var file in (answer.Remaining ?? []).Take(ShownFiles))
        {
            Console.Error.WriteLine($"emfs: {PathBytes.ForDisplay(file.Path)} stays staged: {file.Reason}");
        }

        if (answer.RemainingFiles > ShownFiles)
        {
            Console.Error.WriteLine($"emfs: and {answer.RemainingFiles - ShownFiles} more");
        }
    }
}
