using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>Asks a mount by its socket, as the commands do, without the half second that a process takes to start.</summary>
internal static class MountControl
{
    private const int LongestAnswerBytes = 1 << 20;
    private const string FlushRequest = """{"command":"flush","waits":true}""";

    /// <summary>What <c>emfs flush --wait</c> asks for.</summary>
    /// <returns>0, or the error number when the mount died meanwhile.</returns>
    public static int Flush(string mountPoint, TimeSpan deadline) => Ask(mountPoint, FlushRequest, deadline) is null ? Errno.ENOTCONN : 0;

    /// <summary>The same, until nothing is left that is open: the kernel tells the mount of a close after the program has gone on, and a program that another
    /// thread of this one starts has, for a moment, everything open that this one has.</summary>
    /// <returns>Likewise.</returns>
    public static int FlushClosed(string mountPoint, TimeSpan deadline)
    {
        for (long started = Stopwatch.GetTimestamp(); ; Thread.Sleep(10))
        {
            if (Ask(mountPoint, FlushRequest, deadline) is not { } answer)
            {
                return Errno.ENOTCONN;
            }

            bool isOpen = answer.GetProperty("remaining").EnumerateArray().Any(static file => file.GetProperty("reason").GetString() == "a program has it open");
            if (!isOpen || Stopwatch.GetElapsedTime(started) > deadline)
            {
                return 0;
            }
        }
    }

    /// <summary>What <c>emfs status --json</c> prints of the writing, as it was counted after this was called.</summary>
    public static JsonElement Writing(string mountPoint, TimeSpan deadline) => MountedProcess.WritingIn(() => Status(mountPoint, deadline));

    /// <summary>What <c>emfs status --json</c> prints.</summary>
    public static JsonElement Status(string mountPoint, TimeSpan deadline) =>
        Ask(mountPoint, """{"command":"status"}""", deadline) ?? throw new IOException($"{mountPoint} does not answer");

    private static JsonElement? Ask(string mountPoint, string request, TimeSpan deadline)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)deadline.TotalMilliseconds };
            socket.Connect(new UnixDomainSocketEndPoint(SocketOf(mountPoint)));
            socket.Send(Encoding.UTF8.GetBytes(request + "\n"));
            using var answer = new MemoryStream();
            var buffer = new byte[4096];
            while (socket.Receive(buffer) is var lengthBytes and > 0 && answer.Length < LongestAnswerBytes)
            {
                answer.Write(buffer, 0, lengthBytes);
            }

            return answer.Length == 0 ? null : JsonSerializer.Deserialize<JsonElement>(answer.ToArray());
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            throw new TimeoutException($"{mountPoint} did not answer within {deadline}");
        }
        catch (Exception e) when (e is SocketException or JsonException)
        {
            return null;
        }
    }

    private static string SocketOf(string mountPoint)
    {
        string folder = Environment.IsPrivilegedProcess ? "/run/emfs"
            : Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } session ? Path.Combine(session, "emfs")
            : $"/tmp/emfs-{Programs.Check("id", "-u").Trim()}";
        return Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(PathBytes.Encode(mountPoint)))[..16] + ".sock");
    }
}
