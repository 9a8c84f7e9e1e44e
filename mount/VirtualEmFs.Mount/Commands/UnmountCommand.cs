using System.CommandLine;
using System.Diagnostics;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Mount.Status;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs unmount</c>: ends a mount, and returns when its process has let go of it.</summary>
internal static class UnmountCommand
{
    private static readonly TimeSpan s_endTimeout = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Folder that emfs is mounted on." };
        var command = new Command("unmount", "Ends a mount. Example: emfs unmount ~/mrc") { mountPoint };
        command.SetAction(result => (int)Run(result.GetRequiredValue(mountPoint)));
        return command;
    }

    private static ExitCode Run(string mountPoint)
    {
        string fullPath = MountPlace.ResolveMountedPath(mountPoint);
        if (MountTable.Find(fullPath) is not { IsEmfs: true } mount)
        {
            throw new CommandException(ExitCode.NotMounted, $"{fullPath} is not a mount of emfs; 'findmnt -t fuse.emfs' lists them");
        }

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

        return ExitCode.Success;
    }
}
