using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using VirtualEmFs.Native.Fuse3;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>
/// Serves a tree as a FUSE mount: the session, the threads that receive its requests, and what is known about them.
/// </summary>
/// <remarks>
/// Start, Join and Dispose belong to one owner; the figures may be read from any thread at any time. A process mounts one tree, once.
/// libfuse's own loops, daemonizing and signal handlers are not used: under .NET the last two end in a dead mount.
/// </remarks>
public sealed class FuseHost : IDisposable
{
    // 64 requests of read-ahead at once: 64 MiB, enough for eight streams with the kernel's window of 8 requests each.
    private const uint MaximumBackgroundRequests = 64;

    // The kernel's own limit without root's help (256 pages); the longest read and write.
    private const uint MaximumRequestLengthBytes = 1 << 20;

    // Measured: cold sequential reads gain 25-40 % at 512 KiB and more over the kernel's 128 KiB; from 1 MiB on nothing.
    private const int ReadAheadKiB = 1024;

    private static readonly TimeSpan s_negotiationTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_drainTimeout = TimeSpan.FromSeconds(5);

    // libfuse's log function takes no argument of ours.
    private static ILogger? s_libraryLogger;
    private static string? s_libraryError;

    private readonly FuseHostOptions _options;
    private readonly ILogger _logger;
    private readonly ManualResetEventSlim _negotiated = new();
    private readonly CountdownEvent _serving;
    private readonly ConcurrentDictionary<(FuseOperation Operation, Type Exception), bool> _loggedExceptions = new();
    private readonly RequestWatchdog _watchdog;
    private FuseSession? _session;
    private GCHandle _self;
    private bool _isServing;

    /// <param name="tree">Outlives the host.</param>
    public FuseHost(IFileTree tree, FuseHostOptions options, ILogger logger)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ServingThreads, 1);
        Tree = tree;
        _options = options;
        _logger = logger;
        _serving = new CountdownEvent(options.ServingThreads);
        _watchdog = new RequestWatchdog(Active, options.StalledAfter, logger);
    }

    /// <summary>Age of the oldest request that has no answer yet, without those that may take long.</summary>
    public TimeSpan OldestRequestAge => Active.OldestAge;

    /// <summary>Requests that have no answer yet.</summary>
    public int ActiveRequestCount => Active.Count;

    internal IFileTree Tree { get; }

    internal ActiveRequests Active { get; } = new();

    internal RequestCounters Counters { get; } = new();

    internal FaultSeam? Fault => _options.Fault;

    /// <summary>The kernel's mount is there, and this process answers it.</summary>
    internal bool IsServing => _isServing && !_serving.IsSet;

    /// <summary>Set once the mount has ended, however it ended.</summary>
    internal WaitHandle Ended => _serving.WaitHandle;

    /// <summary>Mounts the tree and serves it. Returns when the kernel and libfuse have agreed, so that the mount answers.</summary>
    /// <param name="mountPoint">An existing folder, absolute.</param>
    /// <exception cref="CommandException">libfuse is missing, or refuses; the message is a sentence for the user.</exception>
    public unsafe void Start(string mountPoint)
    {
        s_libraryLogger = _logger;
        Libfuse3.fuse_set_log_func(&LogLibrary);
        _self = GCHandle.Alloc(this);
        fuse_lowlevel_ops operations = FuseCallbacks.TableOf(_options.IsWritable);
        _session = FuseSession.Create(operations, MountOptions(), GCHandle.ToIntPtr(_self))
            ?? throw new CommandException(ExitCode.MountFailed, $"libfuse refused the mount options: {s_libraryError}");
        if (!_session.Mount(PathBytes.Encode(mountPoint)))
        {
            string where = BackgroundProcess.LogPath is { } log ? $"at the end of {log}" : "above";
            throw new CommandException(ExitCode.MountFailed, $"{mountPoint} could not be mounted: {s_libraryError ?? $"fusermount3 says why {where}"}");
        }

        _isServing = true;
        for (int i = 0; i < _options.ServingThreads; i++)
        {
            new Thread(Serve) { IsBackground = true, Name = $"fuse {i}" }.Start();
        }

        if (!_negotiated.Wait(s_negotiationTimeout))
        {
            throw new CommandException(ExitCode.MountFailed, $"the kernel did not answer on {mountPoint} within {s_negotiationTimeout.TotalSeconds} s");
        }

        _watchdog.Start();
        EnlargeReadAhead(mountPoint);
    }

    /// <summary>Drops the kernel's pages and attributes of a node.</summary>
    public void InvalidateNode(ulong nodeId) => _session?.InvalidateNode(nodeId, 0, 0);

    /// <summary>Drops a name from the kernel's cache. Not from a call that the tree is serving: the kernel may hold the folder's lock.</summary>
    public void InvalidateName(ulong parentId, string name) => _session?.InvalidateEntry(parentId, PathBytes.Encode(name).AsSpan()[..^1]);

    /// <summary>
    /// Waits for unanswered requests, then frees the session. With requests that never get an answer it gives up after 5 s and leaves the
    /// session to the end of the process, since a late answer would write into freed memory.
    /// </summary>
    public void Dispose()
    {
        _watchdog.Dispose();
        if (_session is null)
        {
            return;
        }

        long started = Stopwatch.GetTimestamp();
        bool ended = !_isServing || _serving.Wait(s_drainTimeout);
        while (Active.Count > 0 && Stopwatch.GetElapsedTime(started) < s_drainTimeout)
        {
            Thread.Sleep(10); // only at the end of the mount
        }

        if (Active.Oldest is { } oldest)
        {
            FuseLog.DrainTimedOut(_logger, Active.Count, (int)s_drainTimeout.TotalSeconds, oldest.ToString());
            return;
        }

        if (ended)
        {
            _session.Dispose();
            _self.Free();
        }
    }

    internal FuseRequest Begin(nint req, FuseOperation operation, ulong nodeId)
    {
        var request = new FuseRequest(this, req, operation, nodeId);
        Active.Add(request);
        Counters.Started(operation);
        return request;
    }

    internal IMemoryOwner<byte>? Keep(ReadOnlySpan<byte> bytes) => _session?.Keep(bytes);

    internal string DescribeNode(ulong nodeId) => _options.DescribeNode(nodeId) ?? $"node {nodeId}";

    internal void ReportSecondAnswer(FuseRequest request) => FuseLog.AnsweredTwice(_logger, request.ToString());

    // Each kind once: a mistake on the read path would otherwise fill the disk that the log is on.
    internal void ReportException(FuseOperation operation, Exception exception)
    {
        Counters.Threw();
        if (_loggedExceptions.TryAdd((operation, exception.GetType()), true))
        {
            FuseLog.CallbackThrew(_logger, operation, exception);
        }
    }

    internal void Negotiate(ref fuse_conn_info connection)
    {
        uint wanted = fuse_conn_info.FUSE_CAP_ASYNC_READ | fuse_conn_info.FUSE_CAP_READDIRPLUS | fuse_conn_info.FUSE_CAP_READDIRPLUS_AUTO
            | fuse_conn_info.FUSE_CAP_PARALLEL_DIROPS | fuse_conn_info.FUSE_CAP_ASYNC_DIO | fuse_conn_info.FUSE_CAP_AUTO_INVAL_DATA;

        // Splicing gains nothing when the bytes come from memory, and would hand requests over as pipes.
        const uint unwanted = fuse_conn_info.FUSE_CAP_SPLICE_READ | fuse_conn_info.FUSE_CAP_SPLICE_WRITE | fuse_conn_info.FUSE_CAP_SPLICE_MOVE
            | fuse_conn_info.FUSE_CAP_WRITEBACK_CACHE

            // libfuse takes these two by itself: without the first the kernel asks for each truncation, without the second it clears
            // set-user-id bits itself where a write or a new owner must.
            | fuse_conn_info.FUSE_CAP_ATOMIC_O_TRUNC | fuse_conn_info.FUSE_CAP_HANDLE_KILLPRIV;
        connection.want = (connection.want | (wanted & connection.capable)) & ~unwanted;
        connection.max_write = Math.Min(connection.max_write, MaximumRequestLengthBytes);
        connection.max_background = MaximumBackgroundRequests;
        connection.congestion_threshold = MaximumBackgroundRequests * 3 / 4;
        FuseLog.Negotiated(_logger, connection.proto_minor, connection.max_write, connection.want);
        _negotiated.Set();
    }

    private void Serve()
    {
        try
        {
            int errno = _session!.Serve();
            if (errno != 0)
            {
                FuseLog.ServingEnded(_logger, Errno.Message(errno));
            }
        }
        finally
        {
            _serving.Signal();
        }
    }

    private string MountOptions()
    {
        // libfuse splits at commas; a backslash keeps the next character.
        string name = _options.FileSystemName.Replace("\\", "\\\\").Replace(",", "\\,");
        return $"{(_options.IsWritable ? "rw" : "ro")},default_permissions,subtype=emfs,fsname={name}{(_options.AllowOther ? ",allow_other" : "")}";
    }

    // The daemon cannot ask for more than the kernel's 128 KiB over the protocol, but root can set it for the mounted device.
    private void EnlargeReadAhead(string mountPoint)
    {
        if (!LinuxProcess.IsRoot || MountTable.Find(mountPoint) is not { } mount)
        {
            return;
        }

        try
        {
            File.WriteAllText($"/sys/class/bdi/{mount.Device}/read_ahead_kb", ReadAheadKiB.ToString());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            FuseLog.ReadAheadUnchanged(_logger, e.Message); // a container without /sys; reads are slower, nothing else
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void LogLibrary(int level, byte* format, nint arguments)
    {
        if (s_libraryLogger is not { } logger)
        {
            return;
        }

        // The numbers are syslog's: 3 is an error, 4 a warning.
        string text = LinuxProcess.FormatMessage(format, arguments).TrimEnd();
        if (level <= 3)
        {
            s_libraryError = text;
        }

        FuseLog.Library(logger, level <= 3 ? LogLevel.Error : level == 4 ? LogLevel.Warning : LogLevel.Debug, text);
    }
}
