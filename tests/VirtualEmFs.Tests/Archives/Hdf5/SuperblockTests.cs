using VirtualEmFs.Archives.Hdf5;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5;

public sealed class SuperblockTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Parse_OldVersions_FindsTheRoot(int version)
    {
        var superblock = Superblock.Parse(Old(version, 8, 0x60), 512);
        Assert.Equal((version, 512L, 0x60L, 5000L), (superblock.Version, superblock.BaseOffset, superblock.RootAddress, superblock.EndAddress));
        Assert.Equal((4, 16, version == 1 ? 10 : 32), (superblock.GroupLeafK, superblock.GroupInternalK, superblock.ChunkInternalK));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Parse_NewVersions_FindsTheRootAndChecksItself(int version)
    {
        byte[] bytes = New(version, 0x30);
        var superblock = Superblock.Parse(bytes, 0);
        Assert.Equal((0x30L, FieldReader.Undefined, 5000L), (superblock.RootAddress, superblock.ExtensionAddress, superblock.EndAddress));
        bytes[40] ^= 1;
        Assert.Throws<Hdf5FormatException>(() => Superblock.Parse(bytes, 0));
    }

    [Fact]
    public void Parse_Lies_Throws()
    {
        Assert.Throws<Hdf5FormatException>(() => Superblock.Parse(Old(0, 3, 0x60), 0));
        Assert.Throws<Hdf5FormatException>(() => Superblock.Parse(Old(0, 8, 0x60).AsSpan(0, 40), 0));
        byte[] unknown = Old(0, 8, 0x60);
        unknown[8] = 9;
        Assert.Throws<Hdf5FormatException>(() => Superblock.Parse(unknown, 0));
        byte[] noEntries = Old(0, 8, 0x60);
        noEntries[16] = 0;
        Assert.Throws<Hdf5FormatException>(() => Superblock.Parse(noEntries, 0));
    }

    private static byte[] Old(int version, byte addressBytes, long root) =>
    [
        .. Superblock.Signature, (byte)version, 0, 0, 0, 0, addressBytes, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0,
        .. version == 1 ? (byte[])[10, 0, 0, 0] : [],
        .. Numbers(0, -1, 5000, -1, 0, root), 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    private static byte[] New(int version, long root)
    {
        byte[] bytes = [.. Superblock.Signature, (byte)version, 8, 8, 0, .. Numbers(0, -1, 5000, root)];
        return [.. bytes, .. BitConverter.GetBytes(Lookup3.Hash(bytes))];
    }

    private static IEnumerable<byte> Numbers(params long[] values) => values.SelectMany(BitConverter.GetBytes);
}
