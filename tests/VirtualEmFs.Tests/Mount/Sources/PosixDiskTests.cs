using System.Text;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Sources;

public sealed class PosixDiskTests : IDisposable
{
    private const uint ReadWriteForAll = 0x1B6; // 0666
    private const uint Everything = 0x1FF; // 0777

    private readonly TemporaryFolder _folder = new();
    private readonly PosixDisk _disk = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_ThenRead_IsTheSameAndExtendsTheFile()
    {
        using IDiskFile file = Create("f");
        Assert.Equal(VfsStatus.Ok, file.Write(3, "abc"u8, out int writtenBytes));
        Assert.Equal(3, writtenBytes);
        Assert.Equal("\0\0\0abc", TextOf(file));
        Assert.Equal(VfsStatus.Ok, file.SetLength(4));
        Assert.Equal("\0\0\0a", TextOf(file));
        Assert.Equal(VfsStatus.Ok, file.SetLength(6));
        Assert.Equal("\0\0\0a\0\0", TextOf(file));
        Assert.Equal(VfsStatus.Ok, file.Sync(dataOnly: true));
        Assert.Equal(VfsStatus.Ok, file.Sync(dataOnly: false));
        Assert.Equal(VfsStatus.Ok, _disk.SyncFolder(_folder.Path));
    }

    [Fact]
    public void Write_WithoutRightsToWrite_IsInvalidHandle()
    {
        Create("f").Dispose();
        Assert.Equal(VfsStatus.Ok, _disk.Open(PathOf("f"), DiskAccess.Read, 0, out IDiskFile? file));
        using (file)
        {
            Assert.Equal(VfsStatus.InvalidHandle, file!.Write(0, "x"u8, out int writtenBytes));
            Assert.Equal(0, writtenBytes);
        }
    }

    [Fact]
    public void Allocate_EachMode_ReservesZeroesOrFrees()
    {
        using IDiskFile file = Create("f");
        Assert.Equal(VfsStatus.Ok, file.Allocate(AllocationMode.Extend, 0, 1 << 20));
        Assert.Equal(1 << 20, SizeOf(file).LengthBytes);
        Assert.InRange(SizeOf(file).BlockCount, 2048, 4095);
        Assert.Equal(VfsStatus.Ok, file.Allocate(AllocationMode.KeepLength, 1 << 20, 1 << 20));
        Assert.Equal(1 << 20, SizeOf(file).LengthBytes);
        Assert.True(SizeOf(file).BlockCount >= 4096);
        Assert.Equal(VfsStatus.Ok, file.SetLength(1 << 20));

        byte[] ones = [.. Enumerable.Repeat((byte)1, 1 << 20)];
        Assert.Equal(VfsStatus.Ok, file.Write(0, ones, out _));
        Assert.Equal(VfsStatus.Ok, file.Allocate(AllocationMode.PunchHole | AllocationMode.KeepLength, 64 << 10, 256 << 10));
        Assert.Equal(1 << 20, SizeOf(file).LengthBytes);
        Assert.InRange(SizeOf(file).BlockCount, 1536, 2047);
        Assert.Equal(VfsStatus.Ok, file.Seek(0, SeekKind.Hole, out long hole));
        Assert.Equal(64 << 10, hole);
        Assert.Equal(VfsStatus.Ok, file.Seek(hole, SeekKind.Data, out long data));
        Assert.Equal(320 << 10, data);

        var bytes = new byte[2];
        Assert.Equal(VfsStatus.Ok, file.Read((64 << 10) - 1, bytes, out _));
        Assert.Equal([1, 0], bytes);
    }

    [Fact]
    public void Open_CreateNew_RefusesATakenName()
    {
        Create("f").Dispose();
        Assert.Equal(VfsStatus.AlreadyExists, _disk.Open(PathOf("f"), DiskAccess.CreateNew, ReadWriteForAll, out IDiskFile? file));
        Assert.Null(file);
    }

    [Fact]
    public void Open_SymbolicLink_IsNotFollowed()
    {
        Create("f").Dispose();
        Assert.Equal(VfsStatus.Ok, _disk.MakeSymbolicLink(PathOf("link"), "f"));
        Assert.Equal("f", new FileInfo(PathOf("link")).LinkTarget);
        foreach (DiskAccess access in Enum.GetValues<DiskAccess>())
        {
            Assert.NotEqual(VfsStatus.Ok, _disk.Open(PathOf("link"), access, ReadWriteForAll, out IDiskFile? file));
            Assert.Null(file);
        }
    }

    [Fact]
    public void Open_Fifo_DoesNotWaitForTheOtherEnd()
    {
        Assert.Equal(VfsStatus.Ok, _disk.MakeNode(PathOf("fifo"), NodeKind.Fifo, 0x180, 0));
        Assert.Equal((NodeKind.Fifo, 0x180u), KindOf("fifo"));
        Assert.Equal(VfsStatus.Ok, _disk.Open(PathOf("fifo"), DiskAccess.Read, 0, out IDiskFile? file));
        file!.Dispose();
    }

    /// <summary>The umask of the daemon must not take away what the kernel, which applied the caller's, has left.</summary>
    [Fact]
    public void Creation_UnderAnyUmask_HasExactlyThePermissionsAsked()
    {
        WithUmask.Run(0x3F, () => // 077
        {
            Create("file").Dispose();
            Assert.Equal(VfsStatus.Ok, _disk.Open(PathOf("special"), DiskAccess.CreateNew, 0x9ED, out IDiskFile? special)); // 04755
            special!.Dispose();
            Assert.Equal(VfsStatus.Ok, _disk.MakeFolder(PathOf("folder"), Everything));
            Assert.Equal(VfsStatus.Ok, _disk.MakeNode(PathOf("fifo"), NodeKind.Fifo, ReadWriteForAll, 0));
        });
        Assert.Equal((NodeKind.File, ReadWriteForAll), KindOf("file"));
        Assert.Equal((NodeKind.File, 0x9EDu), KindOf("special"));
        Assert.Equal((NodeKind.Directory, Everything), KindOf("folder"));
        Assert.Equal((NodeKind.Fifo, ReadWriteForAll), KindOf("fifo"));
    }

    [Fact]
    public void MakeFolder_BelowOneWithSetGroupId_InheritsTheBit()
    {
        Assert.Equal(VfsStatus.Ok, _disk.MakeFolder(PathOf("group"), 0x1ED));
        Assert.Equal(VfsStatus.Ok, _disk.SetAttributes(PathOf("group"), new AttributeChange(Permissions: 0x5ED)));
        Assert.Equal(VfsStatus.Ok, _disk.MakeFolder(PathOf("group/folder"), 0x1C0));
        Assert.Equal((NodeKind.Directory, 0x5C0u), KindOf("group/folder"));
    }

    [Fact]
    public void RemoveFolder_WithContent_IsNotEmpty()
    {
        Assert.Equal(VfsStatus.Ok, _disk.MakeFolder(PathOf("folder"), Everything));
        Create("folder/f").Dispose();
        Assert.Equal(VfsStatus.AlreadyExists, _disk.MakeFolder(PathOf("folder"), Everything));
        Assert.Equal(VfsStatus.NotEmpty, _disk.RemoveFolder(PathOf("folder")));
        Assert.Equal(VfsStatus.IsDirectory, _disk.Unlink(PathOf("folder")));
        Assert.Equal(VfsStatus.NotDirectory, _disk.RemoveFolder(PathOf("folder/f")));
        Assert.Equal(VfsStatus.Ok, _disk.Unlink(PathOf("folder/f")));
        Assert.Equal(VfsStatus.NotFound, _disk.Unlink(PathOf("folder/f")));
        Assert.Equal(VfsStatus.Ok, _disk.RemoveFolder(PathOf("folder")));
        Assert.Equal(VfsStatus.NotFound, _disk.Stat(PathOf("folder"), out _));
    }

    [Fact]
    public void Rename_EachMode_ReplacesKeepsOrSwaps()
    {
        Fill("a", "of a");
        Fill("b", "of b");
        Assert.Equal(VfsStatus.AlreadyExists, _disk.Rename(PathOf("a"), PathOf("b"), RenameMode.KeepExisting));
        Assert.Equal(VfsStatus.Ok, _disk.Rename(PathOf("a"), PathOf("b"), RenameMode.Exchange));
        Assert.Equal("of b", File.ReadAllText(PathOf("a")));
        Assert.Equal("of a", File.ReadAllText(PathOf("b")));
        Assert.Equal(VfsStatus.NotFound, _disk.Rename(PathOf("a"), PathOf("absent"), RenameMode.Exchange));
        Assert.Equal(VfsStatus.Ok, _disk.Rename(PathOf("a"), PathOf("b"), RenameMode.Replace));
        Assert.Equal("of b", File.ReadAllText(PathOf("b")));
        Assert.Equal(VfsStatus.Ok, _disk.Rename(PathOf("b"), PathOf("c"), RenameMode.KeepExisting));
        Assert.Equal(VfsStatus.Ok, _disk.List(_folder.Path, out IReadOnlyList<SourceName> names));
        Assert.Equal("c", Assert.Single(names).Name);
    }

    [Fact]
    public void MakeHardLink_OfAFile_IsTheSameFile()
    {
        Fill("a", "text");
        Assert.Equal(VfsStatus.Ok, _disk.MakeHardLink(PathOf("a"), PathOf("b")));
        Assert.Equal(VfsStatus.AlreadyExists, _disk.MakeHardLink(PathOf("a"), PathOf("b")));
        Assert.Equal(VfsStatus.Ok, _disk.Stat(PathOf("b"), out SourceStat stat));
        Assert.Equal(2u, stat.LinkCount);
    }

    [Fact]
    public void SetAttributes_OfPathAndOfFile_ChangesWhatIsGivenAndNothingElse()
    {
        using IDiskFile file = Create("f");
        Assert.Equal(VfsStatus.Ok, file.Stat(out SourceStat made));
        Check(change => _disk.SetAttributes(PathOf("f"), change));
        Check(change => file.SetAttributes(change));

        void Check(Func<AttributeChange, VfsStatus> set)
        {
            Assert.Equal(VfsStatus.Ok, set(new AttributeChange(0x9ED, made.Uid, made.Gid, AtimeNs: -1, MtimeNs: 1_000_000_001)));
            Assert.Equal(VfsStatus.Ok, _disk.Stat(PathOf("f"), out SourceStat stat));
            Assert.Equal((0x9EDu, made.Uid, made.Gid, -1L, 1_000_000_001L), (stat.Permissions, stat.Uid, stat.Gid, stat.AtimeNs, stat.Version.MtimeNs));
            Assert.Equal(VfsStatus.Ok, set(new AttributeChange(MtimeNs: 5)));
            Assert.Equal(VfsStatus.Ok, set(new AttributeChange(Permissions: 0x180)));
            Assert.Equal(VfsStatus.Ok, set(default));
            Assert.Equal(VfsStatus.Ok, _disk.Stat(PathOf("f"), out stat));
            Assert.Equal((0x180u, -1L, 5L), (stat.Permissions, stat.AtimeNs, stat.Version.MtimeNs));
            Assert.Equal(VfsStatus.InvalidArgument, set(new AttributeChange(LengthBytes: 1)));
        }
    }

    [Fact]
    public void SetAttributes_SymbolicLink_LeavesItsTargetAlone()
    {
        Fill("f", "text");
        Assert.Equal(VfsStatus.Ok, _disk.SetAttributes(PathOf("f"), new AttributeChange(0x180, MtimeNs: 7)));
        Assert.Equal(VfsStatus.Ok, _disk.MakeSymbolicLink(PathOf("link"), "f"));
        Assert.Equal(VfsStatus.Ok, _disk.SetAttributes(PathOf("link"), new AttributeChange(MtimeNs: 9)));
        Assert.Equal(VfsStatus.NotSupported, _disk.SetAttributes(PathOf("link"), new AttributeChange(Permissions: Everything)));
        Assert.Equal(VfsStatus.Ok, _disk.Stat(PathOf("link"), out SourceStat link));
        Assert.Equal(VfsStatus.Ok, _disk.Stat(PathOf("f"), out SourceStat target));
        Assert.Equal((9L, 7L, 0x180u), (link.Version.MtimeNs, target.Version.MtimeNs, target.Permissions));
    }

    [Fact]
    public void ExtendedAttributes_EachMode_AreMadeReplacedAndRemoved()
    {
        Fill("f", "");
        string path = PathOf("f");
        Assert.Equal(VfsStatus.NoData, _disk.SetExtendedAttribute(path, "user.x", "1"u8, ExtendedAttributeMode.Replace));
        Assert.Equal(VfsStatus.Ok, _disk.SetExtendedAttribute(path, "user.x", "1"u8, ExtendedAttributeMode.Create));
        Assert.Equal(VfsStatus.AlreadyExists, _disk.SetExtendedAttribute(path, "user.x", "2"u8, ExtendedAttributeMode.Create));
        Assert.Equal(VfsStatus.Ok, _disk.SetExtendedAttribute(path, "user.x", ""u8, ExtendedAttributeMode.Replace));
        Assert.Equal(VfsStatus.Ok, _disk.GetExtendedAttribute(path, "user.x", out byte[] value));
        Assert.Empty(value);
        Assert.Equal(VfsStatus.Ok, _disk.SetExtendedAttribute(path, "user.x", "3"u8, ExtendedAttributeMode.CreateOrReplace));
        Assert.Equal(VfsStatus.Ok, _disk.GetExtendedAttribute(path, "user.x", out value));
        Assert.Equal("3"u8.ToArray(), value);
        Assert.Equal(VfsStatus.Ok, _disk.ListExtendedAttributes(path, out IReadOnlyList<string> names));
        Assert.Contains("user.x", names);
        Assert.Equal(VfsStatus.Ok, _disk.RemoveExtendedAttribute(path, "user.x"));
        Assert.Equal(VfsStatus.NoData, _disk.RemoveExtendedAttribute(path, "user.x"));
    }

    private string PathOf(string name) => _folder.PathOf(name);

    private IDiskFile Create(string name)
    {
        Assert.Equal(VfsStatus.Ok, _disk.Open(PathOf(name), DiskAccess.CreateNew, ReadWriteForAll, out IDiskFile? file));
        return file!;
    }

    private void Fill(string name, string text)
    {
        using IDiskFile file = Create(name);
        Assert.Equal(VfsStatus.Ok, file.Write(0, Encoding.UTF8.GetBytes(text), out _));
    }

    private (NodeKind Kind, uint Permissions) KindOf(string name)
    {
        Assert.Equal(VfsStatus.Ok, _disk.Stat(PathOf(name), out SourceStat stat));
        return (stat.Kind, stat.Permissions);
    }

    private static (long LengthBytes, long BlockCount) SizeOf(IDiskFile file)
    {
        Assert.Equal(VfsStatus.Ok, file.Stat(out SourceStat stat));
        return (stat.Version.LengthBytes, stat.BlockCount);
    }

    private static string TextOf(IDiskFile file)
    {
        var bytes = new byte[100];
        Assert.Equal(VfsStatus.Ok, file.Read(0, bytes, out int lengthBytes));
        return Encoding.UTF8.GetString(bytes, 0, lengthBytes);
    }
}
