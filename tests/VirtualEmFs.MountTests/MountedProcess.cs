using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Xunit;

namespace VirtualEmFs.MountTests;

/// <summary>
/// A mount in a process of its own, ready when the constructor returns and gone when it is disposed: asked to end, and after a minute detached and
/// killed, so that no test leaves a mount behind.
/// </summary>
internal sealed class MountedProcess : IDisposable
{
    private static readonly TimeSpan s_readyDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_endDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_retryInterval = TimeSpan.FromSeconds(2);

    private readonly TemporaryFolder? _ownFolder;
    private readonly Process _process;
    private readonly StringBuilder _log = new(); // guarded by itself
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _outputEnd = new(), _errorEnd = new();

    private bool _isDisposed;

    private MountedProcess(string command, string? source, string? mountPoint, IEnumerable<string> options, params (string, string)[] environment)
        : this(Programs.Emfs, [command], source, mountPoint, options, environment)
    {
    }

    private MountedProcess(
        string program, string[] command, string? source, string? mountPoint, IEnumerable<string> options, (string, string)[] environment)
    {
        if (mountPoint is null)
        {
            _ownFolder = new TemporaryFolder();
            mountPoint = _ownFolder.Path;
        }

        MountPoint = mountPoint;
        string[] places = source is null ? [mountPoint] : [source, mountPoint];
        var start = new ProcessStartInfo(program, [.. command, .. places, .. options])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Receive(line.Data, _outputEnd, _ready);
        _process.ErrorDataReceived += (_, line) => Receive(line.Data, _errorEnd, null);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        try
        {
            ReadyLine = _ready.Task.WaitAsync(s_readyDeadline).GetAwaiter().GetResult();
        }
        catch (Exception e)
        {
            Dispose();
            throw new InvalidOperationException($"{program} {string.Join(' ', command)} did not become ready: {e.Message}\n{Log}");
        }
    }

    /// <summary>The mount point: a folder of its own, unless it was given.</summary>
    public string MountPoint { get; }

    /// <summary>What the process printed when the mount answered.</summary>
    public string ReadyLine { get; }

    public int ProcessId => _process.Id;

    /// <summary>Everything that the process has printed so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary><c>emfs mount</c> with these options.</summary>
    public static MountedProcess Start(string source, params string[] options) => new("mount", source, null, options);

    /// <summary><c>emfs mount</c> with a variable of its environment set.</summary>
    public static MountedProcess StartIn((string Name, string Value) environment, string source, params string[] options) =>
        new("mount", source, null, options, environment);

    /// <summary><c>emfs mount</c> on a folder of the caller's.</summary>
    public static MountedProcess StartOn(string mountPoint, string source, params string[] options) => new("mount", source, mountPoint, options);

    /// <summary>The same with variables of its environment set.</summary>
    public static MountedProcess StartOnIn(string mountPoint, string source, string[] options, params (string Name, string Value)[] environment) =>
        new("mount", source, mountPoint, options, environment);

    /// <summary><c>emfs mount</c> on a folder of the caller's, as another user: what is before it on the command line becomes that user.</summary>
    public static MountedProcess StartAs(string[] becoming, string mountPoint, string source, params string[] options) =>
        new(becoming[0], [.. becoming[1..], Programs.Emfs, "mount"], source, mountPoint, options, []);

    /// <summary><c>emfs null</c> with these options.</summary>
    public static MountedProcess StartNull(params string[] options) => new("null", null, null, options);

    /// <summary><c>emfs null</c> on a folder of the caller's.</summary>
    public static MountedProcess StartNullOn(string mountPoint, params string[] options) => new("null", null, mountPoint, options);

    /// <summary><c>emfs null</c> with a failure provoked, as <c>throw:read</c>.</summary>
    public static MountedProcess StartFaulty(string fault, params string[] options) => new("null", null, null, options, ("EMFS_TEST_FAULT", fault));

    /// <summary>A folder mounted as it is, writable, which prints every change.</summary>
    /// <param name="diskFaults">For <c>EMFS_TEST_DISK</c>.</param>
    public static MountedProcess StartMirror(string source, string diskFaults = "", params string[] options) =>
        new(Programs.MirrorMount, [], source, null, options, [("EMFS_TEST_DISK", diskFaults)]);

    /// <summary>Path of a file of the mount.</summary>
    public string PathOf(params string[] parts) => Path.Combine([MountPoint, .. parts]);

    /// <summary><c>emfs status --json</c>.</summary>
    public JsonElement Status()
    {
        using var report = JsonDocument.Parse(Programs.Check(Programs.Emfs, "status", MountPoint, "--json"));
        return report.RootElement.Clone();
    }

    /// <summary>How writing stands, as it was counted after this was called.</summary>
    /// <exception cref="TimeoutException">It is not counted any more.</exception>
    public JsonElement Writing() => WritingIn(Status);

    /// <summary>The same of a report that is asked for in another way.</summary>
    public static JsonElement WritingIn(Func<JsonElement> status)
    {
        for (long started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < s_endDeadline;)
        {
            // Where a disk or the machine is slow, a report tells what was counted before, and says so.
            JsonElement writing = status().GetProperty("writing");
            if (writing.GetProperty("ageSeconds").GetDouble() < Stopwatch.GetElapsedTime(started).TotalSeconds)
            {
                return writing;
            }
        }

        throw new TimeoutException("what is staged is not counted any more");
    }

    /// <summary>Waits until no staged file is open: the kernel tells the mount of a close after the program has gone on.</summary>
    /// <param name="openFiles">As many as stay open.</param>
    public void WaitForClosing(int openFiles = 0) =>
        Assert.True(SpinWait.SpinUntil(() => Writing().GetProperty("openFiles").GetInt32() == openFiles, s_endDeadline), "files stay open");

    /// <summary>The most memory that the process has had resident: VmHWM of /proc/PID/status.</summary>
    public long PeakResidentBytes =>
        1024 * long.Parse(File.ReadLines($"/proc/{ProcessId}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ')[^2]);

    /// <summary>The figures of the tree once nothing is decoded and no lease is held any more.</summary>
    /// <exception cref="TimeoutException">That does not come: something was not given back.</exception>
    public JsonElement WaitForRest()
    {
        JsonElement tree = default;
        return SpinWait.SpinUntil(
            () => (tree = Status().GetProperty("tree")).GetProperty("queuedBlocks").GetInt64() == 0 && tree.GetProperty("leasesInUse").GetInt64() == 0,
            s_endDeadline)
            ? tree
            : throw new TimeoutException($"the mount does not come to rest: {tree}");
    }

    /// <summary>Sends a signal by name: TERM, INT, HUP, KILL.</summary>
    public void Signal(string name) => Programs.Check("kill", "-s", name, ProcessId.ToString());

    /// <summary>Stops the process until it is sent CONT. On a busy machine its threads go on for a while after the signal, and answer.</summary>
    public void Stop()
    {
        Signal("STOP");
        Assert.True(
            SpinWait.SpinUntil(() => Directory.GetDirectories($"/proc/{ProcessId}/task").All(IsStopped), s_endDeadline), "it does not stop");

        static bool IsStopped(string thread)
        {
            try
            {
                return File.ReadAllText($"{thread}/stat").Split(") ")[^1].StartsWith('T');
            }
            catch (IOException)
            {
                return false; // it has just ended; the others are looked at again
            }
        }
    }

    /// <summary>Ends the process as a crash does, and waits until it is gone.</summary>
    public void Kill()
    {
        _process.Kill();
        WaitForExit(s_endDeadline);
    }

    /// <summary>Waits until the log has a text.</summary>
    /// <exception cref="TimeoutException">It does not come within the deadline.</exception>
    public void WaitForLog(string text, TimeSpan deadline)
    {
        long started = Stopwatch.GetTimestamp();
        while (!Log.Contains(text, StringComparison.Ordinal))
        {
            if (Stopwatch.GetElapsedTime(started) > deadline)
            {
                throw new TimeoutException($"'{text}' did not appear in the log within {deadline}:\n{Log}");
            }

            lock (_log)
            {
                Monitor.Wait(_log, 100); // pulsed at each line
            }
        }
    }

    /// <summary>Waits for the process to end; then <see cref="Log"/> has all that it has printed.</summary>
    /// <returns>Its exit code; 128 and the signal's number when one ended it.</returns>
    /// <exception cref="TimeoutException">It does not end within the deadline.</exception>
    public int WaitForExit(TimeSpan deadline) => _process.WaitForExit(deadline) && Task.WaitAll([_outputEnd.Task, _errorEnd.Task], deadline)
        ? _process.ExitCode
        : throw new TimeoutException($"emfs did not end within {deadline}:\n{Log}");

    /// <summary>Asks the process to end, and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    /// <exception cref="TimeoutException">It does not end.</exception>
    public int End()
    {
        AskToEnd();
        return WaitForExit(s_endDeadline);
    }

    /// <summary>Whether the process has ended, or does within a time.</summary>
    public bool HasEndedWithin(TimeSpan time) => _process.WaitForExit(time);

    public static bool IsMounted(string mountPoint) => File.ReadAllText("/proc/self/mountinfo").Contains($" {mountPoint} ", StringComparison.Ordinal);

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        if (!_process.HasExited)
        {
            AskToEnd();
            if (!_process.HasExited)
            {
                Detach();
                _process.Kill();
                _process.WaitForExit(s_endDeadline);
            }
        }

        if (IsMounted(MountPoint))
        {
            Detach();
        }

        _process.Dispose();
        _ownFolder?.Dispose();
    }

    /// <summary>Until it has ended, or the deadline has passed.</summary>
    private void AskToEnd()
    {
        // A program that another thread of this one starts has, for a moment, everything open that this one has: then the mount is in use, and says so.
        long started = Stopwatch.GetTimestamp();
        do
        {
            Programs.Run(s_endDeadline, "kill", ["-s", "TERM", ProcessId.ToString()]);
            while (!_process.WaitForExit(s_retryInterval) && Stopwatch.GetElapsedTime(started) < s_endDeadline && !Log.Contains("is busy", StringComparison.Ordinal))
            {
            }
        }
        while (!_process.HasExited && Stopwatch.GetElapsedTime(started) < s_endDeadline);
    }

    private void Detach() => Programs.Run(s_endDeadline, "fusermount3", ["-uz", MountPoint]);

    private void Receive(string? line, TaskCompletionSource end, TaskCompletionSource<string>? ready)
    {
        if (line is null)
        {
            ready?.TrySetException(new InvalidOperationException("it ended"));
            end.TrySetResult();
            return;
        }

        lock (_log)
        {
            _log.AppendLine(line);
            Monitor.PulseAll(_log);
        }

        ready?.TrySetResult(line);
    }
}
