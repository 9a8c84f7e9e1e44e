using Microsoft.Extensions.Logging.Abstractions;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Staging;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>What is staged is told to other mounts, no more and no less.</summary>
public sealed class StagedNamesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PosixDisk _disk = new();
    private readonly StagingArea _area;
    private readonly string _source, _staging;

    public StagedNamesTests()
    {
        (_source, _staging) = (Directory.CreateDirectory(_folder.PathOf("s")).FullName, Directory.CreateDirectory(_folder.PathOf("d")).FullName);
        File.SetUnixFileMode(_source, (UnixFileMode)0x1F8); // rwxrwx---
        _area = StagingArea.Open(_disk, _staging, _source, NullLogger.Instance, TimeProvider.System);
    }

    private string ListPath => $"{_source}/.emfs/staged/{NameList.FileNameOf("here", _staging)}";

    public void Dispose()
    {
        _area.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Publish_AfterChanges_ListsWhatIsStaged()
    {
        var names = new StagedNames(_disk, _area, "here", NullLogger.Instance);
        Assert.Equal(VfsStatus.Ok, names.Publish());
        Assert.False(File.Exists(ListPath));
        var b = Create("Micrographs/b.mrc");
        Create("a.mrc");
        File.WriteAllText(_folder.PathOf("s", "plain.mrc"), "");
        Assert.Equal(VfsStatus.Ok, _area.Adopt("plain.mrc", isExpected: null, bind: null, out _));
        Assert.Equal(VfsStatus.Ok, names.Publish());
        Assert.Equal(("here", _staging), (Written().Host, Written().StagingPath));
        Assert.Equal(["Micrographs/b.mrc", "a.mrc"], Written().Paths);
        Assert.Equal((UnixFileMode)0x1B0, File.GetUnixFileMode(ListPath)); // rw-rw----
        Assert.Equal(VfsStatus.Ok, _area.Rename(b, "c.mrc", null, null));
        names.Publish();
        Assert.Equal(["a.mrc", "c.mrc"], Written().Paths);
        foreach (var file in _area.Index.All())
        {
            Assert.Equal(VfsStatus.Ok, _area.Remove(file));
        }

        names.Publish();
        Assert.Empty(Directory.GetFiles($"{_source}/.emfs/staged"));
        Assert.Empty(Directory.GetFiles(_area.TemporaryFolder));
    }

    [Fact]
    public void Publish_WithNothingNew_WritesNothing()
    {
        Create("a.mrc");
        var names = new StagedNames(_disk, _area, "here", NullLogger.Instance);
        names.Publish();
        File.Delete(ListPath);
        _area.Close(Opened(Create("b.mrc")), isWriter: true);
        Assert.Equal(VfsStatus.Ok, _area.Remove(_area.Index.Find("b.mrc")!));
        names.Publish();
        Assert.False(File.Exists(ListPath));
    }

    [Fact]
    public void Start_KeepsTheListUpToDateAndDisposeEndsIt()
    {
        using (var names = new StagedNames(_disk, _area, "here", NullLogger.Instance))
        {
            Create("a.mrc");
            names.Start();
            Assert.Equal(["a.mrc"], Written().Paths);
            Create("b.mrc");
            Assert.True(SpinWait.SpinUntil(() => Written().Paths.Count == 2, TimeSpan.FromSeconds(30)));
            Create("c.mrc");
        }

        Assert.Equal(["a.mrc", "b.mrc", "c.mrc"], Written().Paths);
        Create("d.mrc");
        Assert.Equal(3, Written().Paths.Count);
    }

    [Fact]
    public void Forget_RemovesTheListOfAFormerNameAndNotOurs()
    {
        Create("a.mrc");
        var former = new StagedNames(_disk, _area, "former", NullLogger.Instance);
        var names = new StagedNames(_disk, _area, "here", NullLogger.Instance);
        former.Publish();
        names.Publish();
        names.Forget("former", _staging);
        names.Forget("here", _staging);
        Assert.Equal([ListPath], Directory.GetFiles($"{_source}/.emfs/staged"));
    }

    [Fact]
    public void Publish_WhereItCannotBeWritten_TellsSoAndTriesAgain()
    {
        Create("a.mrc");
        File.WriteAllText($"{_source}/.emfs/staged", ""); // a file where the folder should be
        var names = new StagedNames(_disk, _area, "here", NullLogger.Instance);
        Assert.NotEqual(VfsStatus.Ok, names.Publish());
        File.Delete($"{_source}/.emfs/staged");
        Assert.Equal(VfsStatus.Ok, names.Publish());
        Assert.Equal(["a.mrc"], Written().Paths);
    }

    [Theory]
    [InlineData(DiskCall.Write)]
    [InlineData(DiskCall.Rename)]
    public void Publish_ThatFailsHalfway_LeavesNothing(DiskCall failing)
    {
        var disk = StagingMachine.NewDisk();
        using var machine = new StagingMachine(disk);
        Assert.Equal(VfsStatus.Ok, machine.Create("a.mrc"));
        var names = new StagedNames(disk, machine.Area, "here", NullLogger.Instance);
        disk.Faults.Fail(failing, 1, VfsStatus.NoSpace, isShort: true, prefix: machine.Area.TemporaryFolder);
        Assert.Equal(VfsStatus.NoSpace, names.Publish());
        Assert.Equal(1, disk.Faults.Failures);
        Assert.Equal(VfsStatus.Ok, disk.List(machine.Area.TemporaryFolder, out var left));
        Assert.Empty(left);
    }

    private StagedFile Create(string path)
    {
        Assert.Equal(VfsStatus.Ok, _area.Create(path, new Creation(0x1A4, LinuxProcess.UserId, 0), out var file));
        return file!;
    }

    private StagedFile Opened(StagedFile file)
    {
        Assert.Equal(VfsStatus.Ok, _area.Open(file, 1, 1));
        return file;
    }

    private NameList Written() => NameList.Parse(File.ReadAllBytes(ListPath))!;
}
