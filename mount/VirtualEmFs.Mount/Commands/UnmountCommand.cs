using System.CommandLine;
using System.Diagnostics;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Mount.Staging;
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
        bool isSilent = false;
        WritingReport? writing = mount.IsWritable ? AskForWriting(mount, leavesStaged, out isSilent) : null;
        if (writing is not null && !leavesStaged)
        {
            FlushCommand.Print(StagingClient.WaitForFlush(
                fullPath, path: null, "Ctrl-C leaves it mounted, and unmount --leave-staged keeps them staged for the next mount"));
        }

        writing = writing is null ? null : StagingClient.TryGetWriting(fullPath) ?? writing;
        MountOwner? silent = isSilent ? MountOwner.OfSource(mount.Source) : null;
        switch (Unmounter.Unmount(fullPath, detach: false, out string reason))
        {
            case UnmountOutcome.Busy:
                throw new CommandException(ExitCode.Busy, $"{fullPath} is busy and stays mounted: {MountHolders.Describe(fullPath)}");
            case UnmountOutcome.Failed:
                throw new CommandException(ExitCode.Failure, $"{fullPath} cannot be unmounted: {reason}");
        }

        // The process removes its socket when it has ended its work: only then is the source free, and the next mount safe.
        long started = Stopwatch.GetTimestamp();
        while ((StatusClient.IsServed(mount) || silent is { IsOfThisKernel: true, IsAlive: true }) && Stopwatch.GetElapsedTime(started) < s_endTimeout)
        {
            Thread.Sleep(10);
        }

        if (isSilent || writing is { StagedFiles: > 0 })
        {
            string stagingFolder = writing?.StagingFolder ?? silent?.StagingPath ?? "STAGING";
            string staged = writing is null
                ? $"its process did not answer, so that files may still be staged in {stagingFolder}: they are"
                : $"still staged in {stagingFolder}: {CommandOutput.Files(writing.StagedFiles)} ({CommandOutput.Length(writing.StagedBytes)}),";
            Console.Error.WriteLine(
                $"emfs: {staged} archived by the next emfs mount {mount.Source} {fullPath} --staging {stagingFolder}, and without a mount exported by: emfs recover {stagingFolder} --to FOLDER");
        }

        return ExitCode.Success;
    }

    /// <summary>How writing stands; null when the mount's process is dead, or does not answer.</summary>
    /// <param name="isSilent">The process lives, as far as anybody knows, and does not answer.</param>
    /// <exception cref="CommandException">Likewise, and what is staged was not to be left.</exception>
    private static WritingReport? AskForWriting(MountedFileSystem mount, bool leavesStaged, out bool isSilent)
    {
        isSilent = false;
        try
        {
            return StatusClient.Get(mount.MountPoint).Writing;
        }
        catch (CommandException e) when (e.ExitCode != ExitCode.NotMounted && !StatusClient.IsDead(mount))
        {
            isSilent = true;
            return leavesStaged ? null : throw new CommandException(
                e.ExitCode, $"{e.Message}; so what is staged cannot be waited for, and it stays mounted: unmount --leave-staged leaves that to the next mount");
        }
        catch (CommandException)
        {
            return null; // whatever it left staged, the next mount goes on with
        }
    }
}
