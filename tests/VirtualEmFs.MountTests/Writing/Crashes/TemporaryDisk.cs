using Xunit;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>A file system of its own on a folder, which only root can make. Disposed after the mounts that use it.</summary>
internal sealed class TemporaryDisk : IDisposable
{
    private readonly string _folder;

    private TemporaryDisk(string folder, params string[] mount)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a file system");
        _folder = folder;
        Programs.Check("mount", [.. mount, folder]);
    }

    /// <summary>A disk in memory.</summary>
    /// <param name="size">As mount(8) wants it: 4m.</param>
    public static TemporaryDisk Sized(string folder, string size) => new(folder, "-t", "tmpfs", "-o", $"size={size}", "emfs-test");

    /// <summary>Another folder, shown here.</summary>
    public static TemporaryDisk Bound(string folder, string other) => new(folder, "--bind", other);

    public void Remount(string options) => Programs.Check("mount", "-o", $"remount,{options}", _folder);

    public void Dispose() => Programs.Run(TimeSpan.FromSeconds(60), "umount", ["-l", _folder]);
}
