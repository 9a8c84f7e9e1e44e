using Xunit;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>A file system of its own in memory, unmounted at the end; where that is not allowed the test is skipped.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    /// <param name="options">As mount(8) takes them: <c>size=1m,ro</c>.</param>
    public static SmallDisk Mount(string path, string options)
    {
        Directory.CreateDirectory(path);
        try
        {
            Python.RunProgram("mount", "-t", "tmpfs", "-o", options, "tmpfs", path);
        }
        catch (InvalidOperationException e)
        {
            Assert.Skip($"mounting a tmpfs is not allowed here: {e.Message}");
        }

        return new SmallDisk(path);
    }

    public void Dispose()
    {
        // A file that libhdf5 could not close stays open: lazily, the mount goes as soon as it may.
        Python.RunProgram("umount", "-l", Path);
    }
}
