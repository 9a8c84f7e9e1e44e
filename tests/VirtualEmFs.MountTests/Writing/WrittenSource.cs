using System.Diagnostics;
using System.Text;
using VirtualEmFs.MountTests.Writing.Crashes;
using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>A source that is mounted writable, archiving whatever is closed at once, and a plain folder to compare it with.</summary>
internal sealed class WrittenSource : IDisposable
{
    private static readonly TimeSpan s_restDeadline = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_flushDeadline = TimeSpan.FromMinutes(5); // on a busy machine the thousands of small files of a model run take two
    private static readonly TimeSpan s_archivingDeadline = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _source = new(), _staging = new(), _plain = new();
    private readonly string[] _options;
    private MountedProcess _mount;

    /// <param name="options">For <c>emfs mount</c>, beside the staging folder.</param>
    public WrittenSource(params string[] options)
    {
        _options = ["--staging", _staging.Path, .. options.Length > 0 ? options : ["--write-delay", "0s"]];
        _mount = MountedProcess.Start(_source.Path, _options);
    }

    public MountedProcess Mount => _mount;

    public string SourcePath => _source.Path;

    public string PlainPath => _plain.Path;

    /// <summary>Waits a moment for what is closed below a folder of the mount to be archived; what is open takes longer.</summary>
    public static void Rest(string folder)
    {
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < s_restDeadline && Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Any(IsStaged))
        {
            Thread.Sleep(5);
        }
    }

    /// <summary>Waits until a closed file is archived.</summary>
    public static void WaitForArchive(string path)
    {
        long started = Stopwatch.GetTimestamp();
        while (StateOf(path) is not "archive" and var state)
        {
            if (Stopwatch.GetElapsedTime(started) > s_archivingDeadline)
            {
                throw new TimeoutException($"{path} is still {state ?? "without a state"}");
            }

            Thread.Sleep(2);
        }
    }

    /// <summary>Waits until everything is archived.</summary>
    public void Flush() => Assert.Equal(0, MountControl.FlushClosed(_mount.MountPoint, s_flushDeadline));

    /// <summary>Ends the mount and starts it anew, on another mount point.</summary>
    public void Remount()
    {
        _mount.Dispose();
        _mount = MountedProcess.Start(_source.Path, _options);
    }

    /// <summary>Archives in the source.</summary>
    public int CountArchives() => Directory.EnumerateFiles(_source.Path, "*.hdf", SearchOption.AllDirectories).Count();

    public void Dispose()
    {
        _mount.Dispose();
        _source.Dispose();
        _staging.Dispose();
        _plain.Dispose();
    }

    private static bool IsStaged(string path) => StateOf(path) is not (null or "archive");

    private static string? StateOf(string path) =>
        LinuxTree.GetExtendedAttribute(path, "user.emfs.state", out byte[] state) == 0 ? Encoding.UTF8.GetString(state) : null;
}
