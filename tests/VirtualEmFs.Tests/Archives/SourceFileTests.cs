using VirtualEmFs.Archives;
using VirtualEmFs.Frames;
using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.Tests.Archives;

public sealed class SourceFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("emfs-source-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Read_AtOffset_ReturnsBytesAndCounts()
    {
        string path = Write("a.bin", [1, 2, 3, 4, 5]);
        using var file = SourceFile.Open(path);
        var buffer = new byte[3];
        Assert.Equal(3, file.Read(1, buffer));
        Assert.Equal([2, 3, 4], buffer);
        Assert.Equal(1, file.ReadCount);
        Assert.Equal(3, file.ReadBytes);
        Assert.Equal(2, file.Read(3, buffer));
        Assert.Equal(0, file.Read(99, buffer));
        Assert.Equal(5, file.LengthBytes);
    }

    [Fact]
    public void Version_OfFile_MatchesAttributes()
    {
        string path = Write("a.bin", [1, 2, 3]);
        using var file = SourceFile.Open(path);
        Assert.Equal(0, LinuxFile.Stat(path, followLinks: true, out Statx status));
        Assert.Equal(SourceFile.VersionOf(status), file.Version);
        long ticks = File.GetLastWriteTimeUtc(path).Ticks - DateTime.UnixEpoch.Ticks;
        Assert.Equal(ticks, file.Version.MtimeNs / 100);
        Assert.Equal(3, file.Version.LengthBytes);
    }

    [Fact]
    public void CheckUnchanged_AfterAppend_Throws()
    {
        string path = Write("a.bin", [1, 2, 3]);
        using var file = SourceFile.Open(path);
        file.CheckUnchanged(file.Version);
        File.AppendAllText(path, "x");
        Assert.Throws<ArchiveChangedException>(() => file.CheckUnchanged(file.Version));
    }

    [Fact]
    public void ReadExactly_PastTheEnd_Throws()
    {
        using var file = SourceFile.Open(Write("a.bin", [1, 2, 3]));
        var error = Assert.Throws<ArchiveException>(() => file.ReadExactly(1, new byte[3]));
        Assert.Contains("offset 1", error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadExactly_OfTruncatedFile_ReportsTheChange()
    {
        string path = Write("a.bin", [1, 2, 3]);
        using var file = SourceFile.Open(path);
        using (FileStream stream = File.OpenWrite(path))
        {
            stream.SetLength(1);
        }

        Assert.Throws<ArchiveChangedException>(() => file.ReadExactly(0, new byte[3]));
    }

    [Fact]
    public void Open_Missing_SaysWhy()
    {
        var error = Assert.Throws<ArchiveException>(() => SourceFile.Open(Path.Combine(_folder, "none")));
        Assert.Contains("No such file", error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_Folder_Throws() => Assert.Throws<ArchiveException>(() => SourceFile.Open(_folder));

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
