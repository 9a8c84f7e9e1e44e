using System.Diagnostics;
using VirtualEmFs.Mount.Commands;

namespace VirtualEmFs.Mount.Demo;

/// <summary>A mount served by a second process of this program: a process that serves a mount must not read it.</summary>
internal sealed class SecondProcessMount : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    private readonly string _mountPoint;
    private readonly Process _process;
    private bool _isUnmounted;

    /// <summary>Mounts, and waits until the mount is ready.</summary>
    /// <exception cref="CommandException">It cannot be mounted; the second process has said why.</exception>
    public SecondProcessMount(string source, string mountPoint)
    {
        _mountPoint = mountPoint;
        _process = Start("mount", source, mountPoint);
        Task<string?> ready = _process.StandardOutput.ReadLineAsync();
        if (!ready.Wait(s_deadline) || ready.Result?.StartsWith("emfs: ", StringComparison.Ordinal) != true)
        {
            Dispose();
            throw new CommandException(ExitCode.MountFailed, $"the sample project could not be mounted on {mountPoint}");
        }
    }

    /// <summary>Unmounts, and waits until the second process has ended.</summary>
    /// <exception cref="CommandException">It does not end.</exception>
    public void Unmount()
    {
        if (!TryUnmount())
        {
            throw new CommandException(ExitCode.Busy, $"the sample project is still mounted on {_mountPoint}");
        }
    }

    public void Dispose()
    {
        if (!_isUnmounted && !_process.HasExited && !TryUnmount())
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static Process Start(params string[] arguments)
    {
        string[] command = OwnProgram.Command;
        return Process.Start(new ProcessStartInfo(command[0], [.. command[1..], .. arguments]) { RedirectStandardOutput = true })!;
    }

    private bool TryUnmount()
    {
        _isUnmounted = true;
        using Process unmount = Start("unmount", _mountPoint);
        return unmount.WaitForExit(s_deadline) && unmount.ExitCode == 0 && _process.WaitForExit(s_deadline);
    }
}
