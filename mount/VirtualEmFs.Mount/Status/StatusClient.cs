using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Status;

/// <summary>Asks a mount's own process for its state, or to do something; touches neither the mount nor its data.</summary>
internal static class StatusClient
{
    // Far longer than the answer takes, on a busy machine too; a process that is stopped must not hang its user's terminal.
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_openTimeout = TimeSpan.FromSeconds(5);

    private const int MaximumReportLengthBytes = 16 << 20;

    /// <summary>The report as JSON.</summary>
    /// <exception cref="CommandException">There is no such mount, or its process does not answer.</exception>
    public static string GetJson(string mountPoint) => Ask(mountPoint, new StatusRequest("status"), s_timeout);

    /// <summary>The report.</summary>
    /// <exception cref="CommandException">As for <see cref="GetJson"/>.</exception>
    public static StatusReport Get(string mountPoint) =>
        JsonSerializer.Deserialize(GetJson(mountPoint), StatusJson.Default.StatusReport)
        ?? throw new CommandException(ExitCode.Failure, $"the process that serves {mountPoint} sent an empty report");

    /// <summary>The answer to a request, in JSON.</summary>
    /// <param name="timeout">Null waits for as long as it takes.</param>
    /// <exception cref="CommandException">There is no such mount, or its process does not answer.</exception>
    public static string Ask(string mountPoint, StatusRequest request, TimeSpan? timeout)
    {
        string fullPath = MountPlace.ResolveMountedPath(mountPoint);
        MountedFileSystem mount = Find(fullPath);

        // Before a connection is there: the mount does not wait long for those who say nothing.
        byte[] line = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(request, StatusJson.Default.StatusRequest) + "\n");
        foreach (string socketPath in RuntimeFolder.FindSocketPaths(mount))
        {
            try
            {
                using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                socket.SendTimeout = (int)s_timeout.TotalMilliseconds;
                socket.ReceiveTimeout = (int)(timeout ?? TimeSpan.Zero).TotalMilliseconds; // 0 is for ever
                socket.Connect(new UnixDomainSocketEndPoint(socketPath));
                socket.Send(line);
                byte[] answer = StatusLine.Receive(socket, MaximumReportLengthBytes);
                if (answer.Length > 0)
                {
                    return Encoding.UTF8.GetString(answer);
                }
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
            {
                continue; // left behind by a killed process
            }
            catch (SocketException e)
            {
                throw new CommandException(ExitCode.Failure, $"the process that serves {fullPath} does not answer: {e.Message}");
            }
        }

        mount.RequireOwn();
        throw new CommandException(ExitCode.Failure, IsDead(mount)
            ? $"no process answers for {fullPath}: it has died; clear it with: emfs unmount {fullPath}"
            : $"the process that serves {fullPath} does not answer: it has no status socket where this command looks for it, perhaps because the user's last logout removed $XDG_RUNTIME_DIR, or because that variable has another value here");
    }

    /// <summary>The mount on a path.</summary>
    /// <param name="fullPath">As <see cref="MountPlace.ResolveMountedPath"/> returned it.</param>
    /// <exception cref="CommandException">There is none of this program.</exception>
    public static MountedFileSystem Find(string fullPath) => MountTable.Find(fullPath) is { IsEmfs: true } mount
        ? mount
        : throw new CommandException(ExitCode.NotMounted, $"{fullPath} is not a mount of emfs; 'findmnt -t fuse.emfs' lists them");

    /// <summary>True while a process answers for a mount, even one that has just been unmounted.</summary>
    public static bool IsServed(MountedFileSystem mount)
    {
        foreach (string socketPath in RuntimeFolder.FindSocketPaths(mount))
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(socketPath));
                return true;
            }
            catch (SocketException)
            {
                continue; // left behind by a killed process, or gone in this moment
            }
        }

        return false;
    }

    /// <summary>True when the process that served a mount is gone for certain. Asks the mount itself, so only where no process answers.</summary>
    public static bool IsDead(MountedFileSystem mount)
    {
        // Opening asks the connection, where a stat may be answered from the kernel's cache long after the process has died. On a thread of its own:
        // a process that is stopped does not answer, and must not hang its user's terminal.
        var opening = Task.Factory.StartNew(
            () =>
            {
                int errno = LinuxFile.Open(mount.MountPoint, LinuxFile.O_RDONLY | LinuxFile.O_DIRECTORY, out SafeFileHandle? folder);
                folder?.Dispose();
                return errno;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (!opening.Wait(s_openTimeout))
        {
            return false;
        }

        // The kernel refuses everybody but the mount's user, root too, before it looks whether anybody serves it. Then the owner of the source tells.
        return opening.Result == Errno.ENOTCONN || (opening.Result == Errno.EACCES
            && MountOwner.OfSource(mount.Source) is { IsOfThisKernel: true, IsAlive: false } owner && owner.MountPoint == mount.MountPoint);
    }
}
