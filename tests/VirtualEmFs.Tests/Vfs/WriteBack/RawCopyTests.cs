using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Tests.Vfs.Staging;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.WriteBack;

/// <summary>Copies on the real disk.</summary>
public sealed class RawCopyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PosixDisk _disk = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(5 << 20)]
    [InlineData((3 << 20) + 4)]
    public void Copy_KeepsBytesAndHoles(long lengthBytes)
    {
        string from = _folder.PathOf("from"), to = _folder.PathOf("to");
        using (var file = File.Create(from))
        {
            file.SetLength(lengthBytes);
            if (lengthBytes > 0)
            {
                file.Write("head"u8);
                file.Position = 3 << 20;
                file.Write("tail"u8);
            }
        }

        Assert.Equal(VfsStatus.Ok, RawCopy.Copy(_disk, from, to, TestContext.Current.CancellationToken));
        Assert.Equal(File.ReadAllBytes(from), File.ReadAllBytes(to));
        _disk.Stat(from, out var fromStat);
        _disk.Stat(to, out var toStat);
        Assert.Equal(fromStat.BlockCount, toStat.BlockCount);
    }

    /// <summary>What a file does not have any more its archive has not either; what is made up by the mount is not touched.</summary>
    [Fact]
    public void MirrorAttributes_MakesThemTheSame()
    {
        string from = _folder.PathOf("from"), to = _folder.PathOf("to");
        File.WriteAllText(from, "from");
        File.WriteAllText(to, "to");
        Assert.Equal(VfsStatus.Ok, _disk.SetExtendedAttribute(from, "user.a", [1], ExtendedAttributeMode.Create));
        Assert.Equal(VfsStatus.Ok, _disk.SetExtendedAttribute(from, "user.emfs.state", [1], ExtendedAttributeMode.Create));
        Assert.Equal(VfsStatus.Ok, _disk.SetExtendedAttribute(to, "user.a", [2], ExtendedAttributeMode.Create));
        Assert.Equal(VfsStatus.Ok, _disk.SetExtendedAttribute(to, "user.b", [3], ExtendedAttributeMode.Create));
        _disk.SetAttributes(from, new AttributeChange(0x9A4, AtimeNs: 1_000_000_001, MtimeNs: 2_000_000_002));
        Assert.Equal(VfsStatus.Ok, RawCopy.MirrorAttributes(_disk, from, to));
        _disk.Stat(to, out var stat);
        Assert.Equal((0x9A4u, 1_000_000_001L, 2_000_000_002L), (stat.Permissions, stat.AtimeNs, stat.Version.MtimeNs));
        Assert.Equal(VfsStatus.Ok, _disk.ListExtendedAttributes(to, out var names));
        Assert.Equal(["user.a"], names.Where(name => name.StartsWith("user.", StringComparison.Ordinal)));
        _disk.GetExtendedAttribute(to, "user.a", out byte[] value);
        Assert.Equal<byte>([1], value);

        // And then nothing is touched.
        Assert.Equal(VfsStatus.Ok, RawCopy.MirrorAttributes(_disk, from, to));
        _disk.Stat(to, out var after);
        Assert.Equal(stat.Version, after.Version);
    }

    /// <summary>A staging disk without attributes says nothing about those that the archive has, and a source without them keeps no file away.</summary>
    [Theory]
    [InlineData(DiskCall.SetExtendedAttribute, "/to")]
    [InlineData(DiskCall.RemoveExtendedAttribute, "/from")]
    public void MirrorAttributes_WhereOneFileSystemHoldsNone_LeavesThemOut(DiskCall refused, string path)
    {
        var disk = new SimulatedDisk();
        disk.Put("/from", "from"u8);
        disk.Put("/to", "to"u8);
        Assert.Equal(VfsStatus.Ok, disk.SetExtendedAttribute(refused == DiskCall.SetExtendedAttribute ? "/from" : "/to", "user.a", [1], ExtendedAttributeMode.Create));
        disk.Faults.Fail(refused, 1, VfsStatus.NotSupported, isForEver: true, prefix: path);
        Assert.Equal(VfsStatus.Ok, RawCopy.MirrorAttributes(disk, "/from", "/to"));
        Assert.Equal(1, disk.Faults.Failures);
        Assert.Equal(VfsStatus.Ok, disk.ListExtendedAttributes("/to", out var names));
        Assert.Equal(refused == DiskCall.SetExtendedAttribute ? [] : ["user.a"], names);
    }

    [Fact]
    public void Copy_ThatIsCancelled_Ends()
    {
        string from = _folder.PathOf("from");
        File.WriteAllText(from, "from");
        Assert.Throws<OperationCanceledException>(() => RawCopy.Copy(_disk, from, _folder.PathOf("to"), new CancellationToken(canceled: true)));
    }
}
