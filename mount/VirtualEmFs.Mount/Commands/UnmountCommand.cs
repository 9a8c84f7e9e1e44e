using System.CommandLine;
using System.Diagnostics;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Mount.Status;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs unmount</c>: ends a mount, and returns when its process has let go of it.</summary>
internal static class UnmountCommand
{
    // A writable mount ends its archiving and closes its staging folder first.
    private static readonly TimeSpan s_endTimeout = TimeSpan.FromSeconds(60);

    public static Command Create()
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Folder that emfs is mounted on." };
        var leaveStaged = new Option<bool>("--leave-staged") { Description = "Do not wait until a writable mount has archived what is staged: the next mount does." };
        var command = new Command("unmount", "Ends a mount, once what is staged is archived. Example: emfs unmount ~/mrc") { mountPoint, leaveStaged };
        command.SetAction(result => (int)Run(result.GetRequiredValue(mountPoint), result.GetValue(leaveStaged)));
        return command;
    }

    private static ExitCode Run(string mountPoint, bool leavesStaged)
    {
        string fullPath = MountPlace.ResolveMountedPath(mountPoint);
        MountedFileSystem mount = StatusClient.Find(fullPath);
        mount.RequireOwn();
        string source = mount.Source;
        WritingReport? writing = StagingClient.TryGetWriting(fullPath);
        if (writing is not null && !leavesStaged)
        {
            FlushCommand.Print(StagingClient.WaitForFlush(
                fullPath, path: null, "Ctrl-C leaves it mounted, and unmount --leave-staged keeps them staged for the next mount"));
        }

        writing = writing is null ? null : StagingClient.TryGetWriting(fullPath);
        switch (Unmounter.Unmount(fullPath, detach: false, out string reason))
        {
            case UnmountOutcome.Busy:
                throw new CommandException(ExitCode.Busy, $"{fullPath} is busy and stays mounted: {MountHolders.Describe(fullPath)}");
            case UnmountOutcome.Failed:
                throw new CommandException(ExitCode.Failure, $"{fullPath} cannot be unmounted: {reason}");
        }

        // The process removes its socket when it has ended its work: only then is the source free, and the next mount safe.
        long started = Stopwatch.GetTimestamp();
        while (StatusClient.IsServed(mount) && Stopwatch.GetElapsedTime(started) < s_endTimeout)
        {
            Thread.Sleep(10);
        }

        if (writing is { StagedFiles: > 0 })
        {
            Console.Error.WriteLine(
                $"emfs: still staged in {writing.StagingFolder}: {CommandOutput.Files(writing.StagedFiles)} ({CommandOutput.Length(writing.StagedBytes)}), archived by the next emfs mount {source} {fullPath} --staging {writing.StagingFolder}, and without a mount exported by: emfs recover {writing.StagingFolder} --to FOLDER");
        }

        return ExitCode.Success;
    }
}
