using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using VirtualEmFs.Mount.Fuse;

namespace VirtualEmFs.Mount.Status;

/// <summary>Asks a mount's own process for its state; touches neither the mount nor its data.</summary>
internal static class StatusClient
{
    // Far longer than the answer takes; a process that is stopped must not hang its user's terminal.
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(5);

    private const int MaximumReportLengthBytes = 16 << 20;

    /// <summary>The report as JSON.</summary>
    /// <exception cref="CommandException">There is no such mount, or its process does not answer.</exception>
    public static string GetJson(string mountPoint)
    {
        string fullPath = MountPlace.ResolveMountedPath(mountPoint);
        if (MountTable.Find(fullPath) is not { IsEmfs: true } mount)
        {
            throw new CommandException(ExitCode.NotMounted, $"{fullPath} is not a mount of emfs; 'findmnt -t fuse.emfs' lists them");
        }

        foreach (string socketPath in RuntimeFolder.FindSocketPaths(mount))
        {
            try
            {
                using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                socket.ReceiveTimeout = socket.SendTimeout = (int)s_timeout.TotalMilliseconds;
                socket.Connect(new UnixDomainSocketEndPoint(socketPath));
                socket.Send(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new StatusRequest("status"), StatusJson.Default.StatusRequest) + "\n"));
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

        throw new CommandException(
            ExitCode.Failure, $"no process answers for {fullPath}: it has died, or belongs to another user; clear it with: emfs unmount {fullPath}");
    }

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

    /// <summary>The report.</summary>
    /// <exception cref="CommandException">As for <see cref="GetJson"/>.</exception>
    public static StatusReport Get(string mountPoint) =>
        JsonSerializer.Deserialize(GetJson(mountPoint), StatusJson.Default.StatusReport)
        ?? throw new CommandException(ExitCode.Failure, $"the process that serves {mountPoint} sent an empty report");
}
