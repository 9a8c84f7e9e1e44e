using System.Text;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Sources;

/// <summary>Every call of the real disk can be counted and made to fail.</summary>
public sealed class PosixDiskSeamTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_CutShortByTheSystem_GoesOn()
    {
        var faults = DiskFaults.Parse("short:write:1");
        using IDiskFile file = Create("f", new PosixDisk(faults));
        long before = faults.Calls;
        Assert.Equal(VfsStatus.Ok, file.Write(0, "0123456789"u8, out int writtenBytes));
        Assert.Equal(2, faults.Calls - before);
        Assert.Equal(10, writtenBytes);
        Assert.Equal("0123456789", TextOf(file));
    }

    [Fact]
    public void Write_DiskFullHalfWay_TellsWhatWasWritten()
    {
        using IDiskFile file = Create("f", new PosixDisk(DiskFaults.Parse("short:write:1;fail:ENOSPC:write:2:once")));
        Assert.Equal(VfsStatus.NoSpace, file.Write(0, "0123456789"u8, out int writtenBytes));
        Assert.Equal(5, writtenBytes);
        Assert.Equal("01234", TextOf(file));
    }

    [Fact]
    public void EachMethod_PassesTheSeamOnce()
    {
        string path = _folder.PathOf("absent");
        foreach (Func<IDisk, VfsStatus> call in (Func<IDisk, VfsStatus>[])
        [
            disk => disk.Open(path, DiskAccess.CreateNew, 0x180, out _),
            disk => disk.Stat(path, out _),
            disk => disk.List(path, out _),
            disk => disk.MakeFolder(path, 0x1FF),
            disk => disk.RemoveFolder(path),
            disk => disk.MakeSymbolicLink(path, "x"),
            disk => disk.MakeNode(path, NodeKind.Fifo, 0x1FF, 0),
            disk => disk.MakeHardLink(_folder.Path, path),
            disk => disk.Unlink(path),
            disk => disk.Rename(_folder.Path, path, RenameMode.Replace),
            disk => disk.SetAttributes(path, default),
            disk => disk.GetExtendedAttribute(path, "user.x", out _),
            disk => disk.ListExtendedAttributes(path, out _),
            disk => disk.SetExtendedAttribute(path, "user.x", "1"u8, ExtendedAttributeMode.CreateOrReplace),
            disk => disk.RemoveExtendedAttribute(path, "user.x"),
            disk => disk.SyncFolder(path),
            disk => disk.GetCapacity(path, out _),
        ])
        {
            var faults = DiskFaults.Parse($"fail:EBUSY:any:1:once:{path}");
            Assert.Equal(VfsStatus.Busy, call(new PosixDisk(faults)));
            Assert.Equal(1, faults.Calls);
            Assert.Equal(VfsStatus.NotFound, new PosixDisk().Stat(path, out _));
        }
    }

    [Fact]
    public void EachMethodOfAFile_PassesTheSeamOnce()
    {
        int made = 0;
        foreach (Func<IDiskFile, VfsStatus> call in (Func<IDiskFile, VfsStatus>[])
        [
            file => file.Read(0, new byte[1], out _),
            file => file.Stat(out _),
            file => file.Seek(0, SeekKind.Hole, out _),
            file => file.Write(0, "x"u8, out _),
            file => file.SetLength(5),
            file => file.Allocate(AllocationMode.Extend, 0, 10),
            file => file.SetAttributes(new AttributeChange(Permissions: 0)),
            file => file.Sync(dataOnly: true),
        ])
        {
            var faults = DiskFaults.Parse("fail:EBUSY:any:2:once");
            using IDiskFile file = Create($"{++made}", new PosixDisk(faults));
            Assert.Equal(VfsStatus.Busy, call(file));
            Assert.Equal(2, faults.Calls);
            Assert.Equal(VfsStatus.Ok, file.Stat(out SourceStat stat));
            Assert.Equal((0, 0L), (stat.Version.LengthBytes, stat.BlockCount));
        }
    }

    private IDiskFile Create(string name, PosixDisk disk)
    {
        Assert.Equal(VfsStatus.Ok, disk.Open(_folder.PathOf(name), DiskAccess.CreateNew, 0x180, out IDiskFile? file));
        return file!;
    }

    private static string TextOf(IDiskFile file)
    {
        var bytes = new byte[100];
        Assert.Equal(VfsStatus.Ok, file.Read(0, bytes, out int lengthBytes));
        return Encoding.UTF8.GetString(bytes, 0, lengthBytes);
    }
}
