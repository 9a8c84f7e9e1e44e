using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using VirtualEmFs.Mount.Commands;
using VirtualEmFs.Mount.Status;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>
/// The life of one mount in this process: mounted, served until a signal or an unmount ends it, drained. A signal unmounts; on a mount in use it
/// says who holds it and goes on serving, and a second signal detaches it.
/// </summary>
internal static partial class MountSession
{
    private static readonly TimeSpan s_endTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Mounts, and returns when the mount has ended.</summary>
    /// <param name="mountPoint">As <see cref="MountPlace.ResolveMountPoint"/> returned it.</param>
    /// <param name="tree">Disposed of when the mount has ended, before the status socket goes: whoever waits for that finds the source free.</param>
    /// <param name="ready">Called once the mount answers.</param>
    /// <exception cref="CommandException">It could not be mounted.</exception>
    public static ExitCode Run(MountedTree tree, FuseHostOptions options, string mountPoint, ILogger logger, Action ready)
    {
        using var signalled = new AutoResetEvent(false);
        FuseHost? host = null;
        StatusServer? status = null;
        try
        {
            host = new FuseHost(tree.Tree, options, logger);
            status = new StatusServer(mountPoint, () => StatusReport.Of(host, options.FileSystemName, mountPoint, tree), tree.Serve, logger);
            return Serve(host, status, mountPoint, signalled, logger, ready);
        }
        catch when (host is { IsServing: true })
        {
            // The end of the process alone would leave a mount that answers nobody.
            Unmounter.Unmount(mountPoint, detach: true, out _);
            throw;
        }
        finally
        {
            host?.Dispose();
            tree.Dispose();
            status?.Dispose();
        }
    }

    private static ExitCode Serve(
        FuseHost host, StatusServer status, string mountPoint, AutoResetEvent signalled, ILogger logger, Action ready)
    {
        // Before the mount: a signal that came while it starts would leave a dead one.
        using PosixSignalRegistration interrupt = Register(PosixSignal.SIGINT, signalled);
        using PosixSignalRegistration terminate = Register(PosixSignal.SIGTERM, signalled);
        using PosixSignalRegistration hangUp = Register(PosixSignal.SIGHUP, signalled);
        status.Start(); // first of all that may fail: without a socket there is to be no mount
        host.Start(mountPoint);
        ready();

        bool wasBusy = false;
        while (WaitHandle.WaitAny([host.Ended, signalled]) != 0)
        {
            switch (Unmounter.Unmount(mountPoint, detach: wasBusy, out string reason))
            {
                case UnmountOutcome.Unmounted:
                    if (wasBusy)
                    {
                        Detached(logger, mountPoint);
                        return ExitCode.Success; // the end of the process gives the remaining readers an error
                    }

                    host.Ended.WaitOne(s_endTimeout);
                    return ExitCode.Success;
                case UnmountOutcome.Busy:
                    wasBusy = true;
                    Busy(logger, mountPoint, MountHolders.Describe(mountPoint));
                    break;
                default:
                    if (MountTable.Find(mountPoint) is not { IsEmfs: true })
                    {
                        return ExitCode.Success; // somebody else has unmounted it in the same moment
                    }

                    UnmountFailed(logger, mountPoint, reason);
                    break;
            }
        }

        return ExitCode.Success;
    }

    private static PosixSignalRegistration Register(PosixSignal signal, AutoResetEvent signalled) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true; // the default would end the process and leave a dead mount
            signalled.Set();
        });

    [LoggerMessage(110, LogLevel.Warning, "{MountPoint} is busy and stays mounted: {Holders}. A second signal detaches it at once.")]
    private static partial void Busy(ILogger logger, string mountPoint, string holders);

    [LoggerMessage(111, LogLevel.Warning, "{MountPoint} was detached while in use; its readers get an error")]
    private static partial void Detached(ILogger logger, string mountPoint);

    [LoggerMessage(112, LogLevel.Error, "{MountPoint} cannot be unmounted: {Reason}")]
    private static partial void UnmountFailed(ILogger logger, string mountPoint, string reason);
}
