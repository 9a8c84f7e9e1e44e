using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using System.Text;
using VirtualEmFs.Mount.Commands;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>
/// A mount in the background: a second process of the same program, since a fork would lose the runtime's own threads. It tells through a pipe
/// when the mount is ready, or why there is none.
/// </summary>
internal sealed class BackgroundProcess : IDisposable
{
    /// <summary>Hidden option that carries the pipe to the second process.</summary>
    public const string ReadyPipeOption = "--ready-pipe";

    // The shell opens the log before the program begins: the runtime keeps copies of the streams that it starts with, and a copy of a pipe
    // would keep whoever reads the first process's output waiting for as long as the mount lives. It appends: the log may be that of a live mount,
    // or tell why the last one died.
    private const string RedirectingShell = "exec \"$0\" \"$@\" < /dev/null >> \"$EMFS_LOG\" 2>&1";
    private const string LogVariableName = "EMFS_LOG";

    private readonly AnonymousPipeClientStream _pipe;

    private BackgroundProcess(AnonymousPipeClientStream pipe) => _pipe = pipe;

    /// <summary>Starts this program again with the same arguments, and waits for its word.</summary>
    /// <returns>0 once the mount is ready, or the code that the second process ended with.</returns>
    /// <param name="logPath">Where its standard error goes.</param>
    public static int Start(string logPath)
    {
        KeepDescriptorsToOneself();
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);

        // Behind the command's name, since behind "--" it would be no option.
        string[] own = Environment.GetCommandLineArgs()[1..];
        string[] arguments = ["-c", RedirectingShell, .. OwnProgram.Command, own[0], ReadyPipeOption, pipe.GetClientHandleAsString(), .. own[1..]];
        var start = new ProcessStartInfo("/bin/sh", arguments) { Environment = { [LogVariableName] = logPath } };
        using Process process = Process.Start(start)!;
        pipe.DisposeLocalCopyOfClientHandle();
        using var reader = new StreamReader(pipe);
        string? line = reader.ReadLine();
        if (line is ['r', ' ', .. var ready])
        {
            string report = $"emfs: {ready}; its log is {logPath}";
            try
            {
                Console.WriteLine(report);
            }
            catch (OutputException)
            {
                // The mount is there, and who called must know.
                Console.Error.WriteLine(report);
            }

            return (int)ExitCode.Success;
        }

        process.WaitForExit();
        Console.Error.WriteLine(line is null
            ? $"emfs: the process in the background ended with code {process.ExitCode} before the mount was ready; {logPath} says why"
            : $"emfs: {line[2..]}");
        return process.ExitCode == 0 ? (int)ExitCode.MountFailed : process.ExitCode;
    }

    /// <summary>In the second process: the log that standard error goes to; null elsewhere.</summary>
    public static string? LogPath => Environment.GetEnvironmentVariable(LogVariableName);

    /// <summary>In the second process: leaves the terminal.</summary>
    public static BackgroundProcess Enter(string readyPipe)
    {
        int errno = LinuxProcess.LeaveSession();
        return errno == 0
            ? new BackgroundProcess(new AnonymousPipeClientStream(PipeDirection.Out, readyPipe))
            : throw new CommandException(ExitCode.InternalError, $"the process cannot leave its terminal: {Errno.Message(errno)}");
    }

    /// <summary>The mount answers: the first process may return.</summary>
    public void ReportReady(string text)
    {
        Directory.SetCurrentDirectory("/"); // else the folder it was started in could not be unmounted
        Report($"r {text}");
        _pipe.Dispose();
    }

    public void ReportFailure(CommandException failure) => Report($"f {failure.Message}");

    public void Dispose() => _pipe.Dispose();

    /// <summary>
    /// Keeps from the second process what the caller has open, a lock for instance: it would hold that for as long as the mount lives. Not from it: the lock
    /// on the copy of the program that runs, which the launcher (<c>mount/emfs</c>) takes so that no build removes it, and what an argument names, as the shell
    /// does in <c>--rules &lt;(…)</c>.
    /// </summary>
    private static void KeepDescriptorsToOneself()
    {
        const int StandardError = 2;
        string programInUse = Path.Combine(AppContext.BaseDirectory, "built");
        foreach (string path in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            int descriptor = int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture);
            bool isArgument = Array.Exists(
                Environment.GetCommandLineArgs(),
                argument => argument.EndsWith($"/dev/fd/{descriptor}", StringComparison.Ordinal) || argument.EndsWith($"/self/fd/{descriptor}", StringComparison.Ordinal));
            if (descriptor > StandardError && !isArgument && new FileInfo(path).LinkTarget != programInUse)
            {
                LinuxProcess.CloseOnExecution(descriptor);
            }
        }
    }

    private void Report(string line)
    {
        try
        {
            _pipe.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (IOException)
        {
            // The first process was killed. Nobody listens, and that is no reason to end a mount.
        }
    }
}
