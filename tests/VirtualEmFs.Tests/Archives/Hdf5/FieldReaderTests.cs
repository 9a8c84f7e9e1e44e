using VirtualEmFs.Archives.Hdf5;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5;

public sealed class FieldReaderTests
{
    [Fact]
    public void Fields_InTurn_AreLittleEndian()
    {
        var fields = new FieldReader([1, 2, 3, 4, 5, 6, 7, 0xFF, 0xFF, 0x10, 0], new FieldSizes(2, 2), "test");
        Assert.Equal(0x01, fields.U8());
        Assert.Equal(0x0302, fields.U16());
        Assert.Equal(0x07060504u, fields.U32());
        Assert.Equal(FieldReader.Undefined, fields.Address());
        Assert.Equal(0x10, fields.Length());
        Assert.Equal(0, fields.Remaining);
    }

    [Fact]
    public void Take_PastTheEnd_Throws()
    {
        var error = Assert.Throws<Hdf5FormatException>(() =>
        {
            var fields = new FieldReader([1, 2, 3], FieldSizes.Default, "test");
            fields.U32();
        });
        Assert.Equal("the test ends too early", error.Message);
    }

    [Fact]
    public void Length_BeyondInt64_Throws() => Assert.Throws<Hdf5FormatException>(() =>
    {
        var fields = new FieldReader([0, 0, 0, 0, 0, 0, 0, 0x80], FieldSizes.Default, "test");
        fields.Length();
    });

    [Fact]
    public void Checksum_OfOtherBytes_Throws()
    {
        byte[] bytes = [.. "abcd"u8, .. BitConverter.GetBytes(Lookup3.Hash("abcd"u8))];
        Check(bytes);
        bytes[1]++;
        Assert.Throws<Hdf5FormatException>(() => Check(bytes));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(255, 1)]
    [InlineData(256, 2)]
    [InlineData(65_535, 2)]
    [InlineData(65_536, 3)]
    public void BytesFor_Limit_HoldsIt(ulong limit, int lengthBytes) => Assert.Equal(lengthBytes, FieldReader.BytesFor(limit));

    private static void Check(byte[] bytes)
    {
        var fields = new FieldReader(bytes, FieldSizes.Default, "test");
        fields.Skip(4);
        fields.Checksum();
    }
}
