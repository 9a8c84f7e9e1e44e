using System.Diagnostics;
using System.Text.Json;

namespace VirtualEmFs.Benchmarks.Mounting;

/// <summary>A mount in a process of its own.</summary>
internal sealed class BenchMount : IDisposable
{
    private readonly Process _process;

    /// <summary>Mounts and waits until the mount is ready.</summary>
    /// <param name="arguments">Words after <c>emfs</c>; <c>{}</c> stands for the mount point.</param>
    public BenchMount(string mountPoint, params string[] arguments)
    {
        MountPoint = Directory.CreateDirectory(mountPoint).FullName;
        _process = Process.Start(new ProcessStartInfo(Repository.Emfs, arguments.Select(each => each == "{}" ? MountPoint : each))
        {
            RedirectStandardOutput = true,
        })!;
        if (_process.StandardOutput.ReadLine() is null)
        {
            throw new InvalidOperationException("emfs did not mount");
        }
    }

    public string MountPoint { get; }

    /// <summary>A figure of <c>emfs status --json</c>, named by its path in the object.</summary>
    public long Figure(params string[] path)
    {
        using var report = JsonDocument.Parse(Repository.Run(Repository.Emfs, "status", MountPoint, "--json"));
        return path.Aggregate(report.RootElement, (element, name) => element.GetProperty(name)).GetInt64();
    }

    /// <summary>The most memory that the process has had resident so far.</summary>
    public long PeakResidentBytes
    {
        get
        {
            string line = File.ReadLines($"/proc/{_process.Id}/status").First(each => each.StartsWith("VmHWM:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
        }
    }

    /// <summary>Seconds of processor time that the process has taken so far.</summary>
    public double CpuSeconds
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime.TotalSeconds;
        }
    }

    public void Dispose()
    {
        Repository.Run(Repository.Emfs, "unmount", MountPoint);
        _process.WaitForExit();
        _process.Dispose();
    }
}
