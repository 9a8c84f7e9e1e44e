using System.Diagnostics;
using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Mount.Status;
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

    private readonly StreamWriter _pipe;
    private readonly string _logPath;

    private BackgroundProcess(StreamWriter pipe, string logPath)
    {
        _pipe = pipe;
        _logPath = logPath;
    }

    /// <summary>Starts this program again with the same arguments, and waits for its word.</summary>
    /// <returns>0 once the mount is ready, or the code that the second process would have ended with.</returns>
    public static int Start()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        string[] commandLine = Environment.GetCommandLineArgs();
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        if (Path.GetFileName(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(commandLine[0]); // started as: dotnet emfs.dll
        }

        foreach (string argument in commandLine.Skip(1).Append(ReadyPipeOption).Append(pipe.GetClientHandleAsString()))
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        pipe.DisposeLocalCopyOfClientHandle();
        using var reader = new StreamReader(pipe);
        string? line = reader.ReadLine();
        if (line is ['r', ' ', .. var ready])
        {
            Console.WriteLine($"emfs: {ready}");
            return (int)ExitCode.Success;
        }

        process.WaitForExit();
        Console.Error.WriteLine(line is null
            ? $"emfs: the process in the background ended with code {process.ExitCode} before the mount was ready"
            : $"emfs: {line[2..]}");
        return process.ExitCode == 0 ? (int)ExitCode.MountFailed : process.ExitCode;
    }

    /// <summary>In the second process, before anything is printed: leaves the terminal, and writes to a log from now on.</summary>
    public static BackgroundProcess Enter(string readyPipe, string mountPoint)
    {
        var pipe = new StreamWriter(new AnonymousPipeClientStream(PipeDirection.Out, readyPipe)) { AutoFlush = true };
        string logPath = RuntimeFolder.CreateLogPath(MountPlace.ResolveMountedPath(mountPoint));
        File.Delete(logPath);
        using SafeFileHandle nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read);
        using SafeFileHandle log = File.OpenHandle(logPath, FileMode.CreateNew, FileAccess.Write);
        int errno = LinuxProcess.LeaveSession();
        if (errno == 0)
        {
            errno = LinuxProcess.RedirectStandardStreams(nothing, log);
        }

        return errno == 0
            ? new BackgroundProcess(pipe, logPath)
            : throw new CommandException(ExitCode.InternalError, $"the process cannot leave its terminal: {Errno.Message(errno)}");
    }

    /// <summary>The mount answers: the first process may return.</summary>
    public void ReportReady(string text)
    {
        Directory.SetCurrentDirectory("/"); // else the folder it was started in could not be unmounted
        _pipe.WriteLine($"r {text}; its log is {_logPath}");
        _pipe.Dispose();
    }

    public void ReportFailure(CommandException failure) => _pipe.WriteLine($"f {failure.Message}");

    public void Dispose() => _pipe.Dispose();
}
