using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace VirtualEmFs.Mount.Status;

/// <summary>Answers status requests on a Unix socket: a line of JSON in, a line of JSON out.</summary>
/// <remarks>A thread of its own with blocking calls, so that it answers while every file operation hangs.</remarks>
internal sealed partial class StatusServer : IDisposable
{
    // A client that connects and says nothing may not keep the others waiting for longer.
    private static readonly TimeSpan s_clientTimeout = TimeSpan.FromSeconds(1);
    private const int MaximumRequestLengthBytes = 4096;

    private readonly string _socketPath;
    private readonly Func<StatusReport> _report;
    private readonly ILogger _logger;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public StatusServer(string mountPoint, Func<StatusReport> report, ILogger logger)
    {
        _socketPath = RuntimeFolder.CreateSocketPath(mountPoint);
        _report = report;
        _logger = logger;
    }

    public void Start()
    {
        File.Delete(_socketPath); // what a killed emfs left; the mount point itself admits only one
        _listener.Bind(new UnixDomainSocketEndPoint(_socketPath));
        _listener.Listen();
        new Thread(Accept) { IsBackground = true, Name = "status" }.Start();
    }

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(_socketPath);
    }

    private void Accept()
    {
        while (true)
        {
            try
            {
                using Socket client = _listener.Accept();
                Answer(client);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.OperationAborted or SocketError.Interrupted or SocketError.InvalidArgument)
            {
                return; // disposed while waiting
            }
            catch (Exception e) when (e is SocketException or JsonException)
            {
                ClientFailed(_logger, e.Message);
            }
        }
    }

    private void Answer(Socket client)
    {
        client.ReceiveTimeout = client.SendTimeout = (int)s_clientTimeout.TotalMilliseconds;
        var request = JsonSerializer.Deserialize(StatusLine.Receive(client, MaximumRequestLengthBytes), StatusJson.Default.StatusRequest);
        string answer = request is { Command: "status" }
            ? JsonSerializer.Serialize(_report(), StatusJson.Default.StatusReport)
            : "{}";
        client.Send(Encoding.UTF8.GetBytes(answer + "\n"));
    }

    [LoggerMessage(120, LogLevel.Debug, "A status request failed: {Reason}")]
    private static partial void ClientFailed(ILogger logger, string reason);
}
