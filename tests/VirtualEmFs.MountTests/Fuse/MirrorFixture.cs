using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary>A folder mounted as it is, writable, for the tests of one class: each takes names of its own.</summary>
public sealed class MirrorFixture : IDisposable
{
    private static readonly TimeSpan s_logDeadline = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _source = new();
    private readonly MountedProcess _mount;

    public MirrorFixture()
    {
        _mount = MountedProcess.StartMirror(_source.Path, "", Environment.IsPrivilegedProcess ? ["--allow-other"] : []);
        File.SetUnixFileMode(_source.Path, (UnixFileMode)0x1FF);
        File.SetUnixFileMode(_mount.MountPoint, (UnixFileMode)0x1FF);
    }

    public string MountPoint => _mount.MountPoint;

    /// <summary>Owner of what this process creates, as the mount prints it.</summary>
    public string Owner { get; } = Programs.Check("bash", "-c", "echo -n $(id -u):$(id -g)");

    public string SourcePathOf(string name) => _source.PathOf(name);

    /// <summary>What a Python program prints that runs in the mount. It has <c>os</c>, <c>failure(call)</c>, which names the error that a call
    /// ends with, and <c>libc</c>; its umask is 0.</summary>
    public string Python(string program) => PythonIn(MountPoint, program);

    /// <inheritdoc cref="Python"/>
    public static string PythonIn(string folder, string program) => Programs.CheckIn(folder, Programs.Python, "-c", Prelude + program);

    /// <summary>Asserts that these changes have reached the tree.</summary>
    public void AssertReached(params string[] changes)
    {
        foreach (string change in changes)
        {
            _mount.WaitForLog($"\n{change}\n", s_logDeadline);
        }
    }

    public void AssertNotReached(string change) => Assert.DoesNotContain($"\n{change}", _mount.Log);

    public void Dispose()
    {
        _mount.Dispose();
        _source.Dispose();
    }

    private const string Prelude = """
        import ctypes, errno, os, stat
        libc = ctypes.CDLL(None, use_errno=True)
        os.umask(0)
        def failure(call, *arguments):
            try:
                result = call(*arguments)
            except OSError as e:
                return errno.errorcode[e.errno]
            return errno.errorcode[ctypes.get_errno()] if result == -1 else 'ok'

        """;
}
