using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace VirtualEmFs.Mount.Status;

/// <summary>Answers requests on a Unix socket: a line of JSON in, a line of JSON out.</summary>
/// <remarks>
/// A thread of its own with blocking calls, so that it answers while every file operation hangs. What may take long is waited for beside it,
/// and ends when its client goes.
/// </remarks>
internal sealed partial class StatusServer : IDisposable
{
    // A client that connects and says nothing may not keep the others waiting for longer; one that a busy machine has stopped in between must be heard.
    private static readonly TimeSpan s_clientTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_nameInterval = TimeSpan.FromSeconds(5);
    private const int MaximumRequestLengthBytes = 64 * 1024; // a path of 4096 bytes, each of them escaped

    private readonly string _mountPoint;
    private readonly Func<StatusReport> _report;
    private readonly Func<StatusRequest, CancellationToken, Task<string>>? _serve;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _gate = new();
    private NamedSocket? _socket; // changed under _gate, by the thread that listens to it
    private bool _isDisposed; // guarded by _gate

    /// <param name="serve">Answers what is no status request, in JSON; must not throw, unless it is cancelled. Null where there is nothing to ask.</param>
    public StatusServer(string mountPoint, Func<StatusReport> report, Func<StatusRequest, CancellationToken, Task<string>>? serve, ILogger logger)
    {
        _mountPoint = mountPoint;
        _report = report;
        _serve = serve;
        _logger = logger;
    }

    /// <exception cref="CommandException">The socket cannot be made.</exception>
    public void Start()
    {
        _socket = new NamedSocket(RuntimeFolder.CreateSocketPath(_mountPoint));
        new Thread(Accept) { IsBackground = true, Name = "status" }.Start();
    }

    /// <summary>Ends what is waited for, without an answer, and removes the socket.</summary>
    public void Dispose()
    {
        _ended.Cancel();
        lock (_gate)
        {
            _isDisposed = true;
            _socket?.Dispose();
        }
    }

    private void Accept()
    {
        while (true)
        {
            try
            {
                if (_socket!.Listener.Poll(s_nameInterval, SelectMode.SelectRead))
                {
                    Answer(_socket.Listener.Accept());
                }
                else
                {
                    KeepName();
                }
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.OperationAborted or SocketError.Interrupted or SocketError.InvalidArgument)
            {
                return; // disposed while waiting
            }
            catch (SocketException e)
            {
                ClientFailed(_logger, e.Message);
            }
        }
    }

    /// <summary>Takes a name again that is gone: the system removes a user's session folder at the last logout, and a mount in the background lives on.</summary>
    private void KeepName()
    {
        lock (_gate)
        {
            if (_isDisposed || !_socket!.HasLostItsName)
            {
                return;
            }

            try
            {
                var renewed = new NamedSocket(RuntimeFolder.CreateSocketPath(_mountPoint));
                _socket.Dispose();
                _socket = renewed;
            }
            catch (CommandException e)
            {
                NameLost(_logger, e.Message);
            }
        }
    }

    private void Answer(Socket client)
    {
        Task<string>? answer = null;
        try
        {
            client.ReceiveTimeout = client.SendTimeout = (int)s_clientTimeout.TotalMilliseconds;
            var request = JsonSerializer.Deserialize(StatusLine.Receive(client, MaximumRequestLengthBytes), StatusJson.Default.StatusRequest);
            if (request is { Command: "status" })
            {
                Send(client, JsonSerializer.Serialize(_report(), StatusJson.Default.StatusReport));
            }
            else if (request is null || _serve is null)
            {
                Send(client, "{}");
            }
            else
            {
                var cancellation = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
                answer = _serve(request, cancellation.Token);
                _ = SendLater(client, answer, cancellation);
            }
        }
        catch (Exception e)
        {
            // What is reported on may end in this moment; whatever it is, a question must not end the mount.
            ClientFailed(_logger, e.Message);
        }
        finally
        {
            if (answer is null)
            {
                client.Dispose();
            }
        }
    }

    private async Task SendLater(Socket client, Task<string> answer, CancellationTokenSource cancellation)
    {
        using (client)
        using (cancellation)
        {
            // It says nothing more: when something can be read all the same, that is its end.
            Task<int> gone = client.ReceiveAsync(new byte[1], cancellation.Token).AsTask();
            try
            {
                bool isGone = await Task.WhenAny(answer, gone) == gone;
                await cancellation.CancelAsync();
                string text = await answer;
                if (!isGone)
                {
                    Send(client, text);
                }
            }
            catch (Exception e)
            {
                ClientFailed(_logger, e.Message);
            }

            await gone.ContinueWith(static _ => { }, TaskScheduler.Default); // whatever it was, nobody waits for it
        }
    }

    private static void Send(Socket client, string answer) => client.Send(Encoding.UTF8.GetBytes(answer + "\n"));

    [LoggerMessage(120, LogLevel.Debug, "A status request failed: {Reason}")]
    private static partial void ClientFailed(ILogger logger, string reason);

    [LoggerMessage(121, LogLevel.Debug, "The status socket is gone, and comes later: {Reason}")]
    private static partial void NameLost(ILogger logger, string reason);
}
