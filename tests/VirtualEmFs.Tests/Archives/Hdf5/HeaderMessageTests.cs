using VirtualEmFs.Archives.Hdf5;
using VirtualEmFs.Frames;
using Xunit;
using Attribute = VirtualEmFs.Archives.Hdf5.Attribute;

namespace VirtualEmFs.Tests.Archives.Hdf5;

/// <summary>The messages of object headers, parsed from bytes written after the specification.</summary>
public sealed class HeaderMessageTests
{
    private static byte[] Int16BigEndian => [0x10, 0x09, 0, 0, 2, 0, 0, 0, 0, 0, 16, 0];

    private static byte[] Float32 => [0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];

    [Fact]
    public void Datatype_FixedPoint_HasOrderSignAndSize()
    {
        var type = Datatype.Parse(Int16BigEndian);
        Assert.Equal((DatatypeClass.FixedPoint, 2, true, true), (type.Class, type.SizeBytes, type.IsBigEndian, type.IsSigned));
        Assert.Equal(SampleType.Int16, type.AsSampleType());
    }

    [Fact]
    public void Datatype_FloatingPoint_IsSampleOnlyAsIeee()
    {
        byte[] bytes = Float32;
        Assert.Equal(SampleType.Float32, Datatype.Parse(bytes).AsSampleType());
        bytes[16] = 126; // another exponent bias: other numbers
        Assert.Null(Datatype.Parse(bytes).AsSampleType());
    }

    [Fact]
    public void Datatype_WithFewerBits_IsSampleOnlyWhenUnsignedAndPaddedWithZeros()
    {
        byte[] twelveBits = [0x10, 0x00, 0, 0, 2, 0, 0, 0, 0, 0, 12, 0];
        Assert.Equal(SampleType.UInt16, Datatype.Parse(twelveBits).AsSampleType());
        twelveBits[1] = 0x08; // signed
        Assert.Null(Datatype.Parse(twelveBits).AsSampleType());
        twelveBits[10] = 17; // more bits than room
        Assert.Throws<Hdf5FormatException>(() => Datatype.Parse(twelveBits));
    }

    [Fact]
    public void Datatype_NestedWithoutEnd_Throws() =>
        Assert.Throws<Hdf5FormatException>(() => Datatype.Parse([.. Enumerable.Repeat<byte[]>([0x19, 0, 0, 0, 16, 0, 0, 0], 50).SelectMany(each => each)]));

    [Fact]
    public void Dataspace_OfBothVersions_HasDimensionsAndLimits()
    {
        byte[] old = [1, 2, 1, 0, 0, 0, 0, 0, .. Lengths(3, 4, 3, -1)];
        byte[] current = [2, 2, 1, 1, .. Lengths(3, 4, 3, -1)];
        foreach (byte[] bytes in (byte[][])[old, current])
        {
            var space = Dataspace.Parse(bytes, FieldSizes.Default);
            Assert.Equal([3, 4], space.Dimensions);
            Assert.Equal([3L, null], space.Limits);
            Assert.Equal(12, space.ElementCount);
        }

        Assert.Equal(DataspaceKind.Null, Dataspace.Parse([2, 0, 0, 2], FieldSizes.Default).Kind);
        Assert.Throws<Hdf5FormatException>(() => Dataspace.Parse([2, 1, 1, 1, .. Lengths(5, 4)], FieldSizes.Default));
        Assert.Throws<Hdf5FormatException>(() => Dataspace.Parse([2, 33, 0, 1], FieldSizes.Default));
    }

    [Fact]
    public void FilterPipeline_OfBothVersions_HasIdsAndValues()
    {
        byte[] old = [1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 1, 0, 1, 0, .. "deflate\0"u8, 6, 0, 0, 0, 0, 0, 0, 0];
        byte[] current = [2, 1, 1, 0, 1, 0, 1, 0, 6, 0, 0, 0];
        foreach (byte[] bytes in (byte[][])[old, current])
        {
            Filter filter = Assert.Single(FilterPipeline.Parse(bytes));
            Assert.Equal((1, true), (filter.Id, filter.IsOptional));
            Assert.Equal([6u], filter.ClientData);
        }

        Assert.Throws<Hdf5FormatException>(() => FilterPipeline.Parse([2, 33]));
    }

    [Fact]
    public void DataLayout_OfVersion3_IsChunkedContiguousOrCompact()
    {
        var chunked = Assert.IsType<ChunkedLayout>(DataLayout.Parse([3, 2, 3, .. Lengths(0x800), 8, 0, 0, 0, 64, 0, 0, 0, 2, 0, 0, 0], 100, FieldSizes.Default));
        Assert.Equal([8, 64], chunked.ChunkDimensions);
        Assert.Equal((2L, 0x800L, 1024L), (chunked.ElementBytes, chunked.IndexAddress, chunked.ChunkLengthBytes));
        Assert.Equal(new ContiguousLayout(0x800, 96), DataLayout.Parse([3, 1, .. Lengths(0x800, 96)], 100, FieldSizes.Default));
        Assert.Equal(new CompactLayout(104, 3), DataLayout.Parse([3, 0, 3, 0, 7, 8, 9], 100, FieldSizes.Default));
        Assert.Throws<Hdf5FormatException>(() => DataLayout.Parse([3, 0, 4, 0, 7, 8, 9], 100, FieldSizes.Default));
        Assert.Throws<Hdf5FormatException>(() => DataLayout.Parse([3, 2, 2, .. Lengths(0x800), 0, 0, 0, 0, 2, 0, 0, 0], 100, FieldSizes.Default));
    }

    [Fact]
    public void DataLayout_OfVersions1And2_HasTheSameParts()
    {
        byte[] prefix = [0, 0, 0, 0, 0];
        var chunked = Assert.IsType<ChunkedLayout>(
            DataLayout.Parse([2, 3, 2, .. prefix, .. Lengths(0x800), 8, 0, 0, 0, 64, 0, 0, 0, 2, 0, 0, 0], 100, FieldSizes.Default));
        Assert.Equal([8, 64], chunked.ChunkDimensions);
        Assert.Equal(new ContiguousLayout(0x800, null), DataLayout.Parse([1, 1, 1, .. prefix, .. Lengths(0x800), 9, 0, 0, 0], 100, FieldSizes.Default));
        Assert.Equal(new CompactLayout(116, 2), DataLayout.Parse([1, 1, 0, .. prefix, 9, 0, 0, 0, 2, 0, 0, 0, 5, 6], 100, FieldSizes.Default));
    }

    [Fact]
    public void FillValue_OfEachVersion_IsFoundWhereDefined()
    {
        Assert.Equal([7, 0], FillValue.Parse(new byte[] { 2, 0, 0, 0, 7, 0 }, MessageType.OldFillValue).ToArray());
        Assert.Equal([7, 0], FillValue.Parse(new byte[] { 2, 2, 2, 1, 2, 0, 0, 0, 7, 0 }, MessageType.FillValue).ToArray());
        Assert.Equal([7, 0], FillValue.Parse(new byte[] { 3, 0x2A, 2, 0, 0, 0, 7, 0 }, MessageType.FillValue).ToArray());
        Assert.True(FillValue.Parse(new byte[] { 3, 0x0A }, MessageType.FillValue).IsEmpty);
        Assert.True(FillValue.Parse(new byte[] { 2, 2, 2, 0 }, MessageType.FillValue).IsEmpty);
    }

    [Fact]
    public void LinkMessage_OfEachKind_LeadsWhereItSays()
    {
        Assert.Equal("a hard 2048", Visit([1, 0, 1, (byte)'a', .. Lengths(2048)]));
        Assert.Equal("b soft /c", Visit([1, 8, 1, 1, (byte)'b', 2, 0, .. "/c"u8]));
        Assert.Equal("d external", Visit([1, 8, 64, 1, (byte)'d', 5, 0, 0, .. "f\0g\0"u8])[..10]);
        Assert.Throws<Hdf5FormatException>(() => Visit([1, 0, 200, (byte)'a']));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AttributeMessage_OfEachVersion_HasNameTypeAndValue(int version)
    {
        byte[] name = version == 1 ? [.. "bits\0\0\0\0"u8] : [.. "bits\0"u8];
        byte[] type = version == 1 ? [.. Int16BigEndian, 0, 0, 0, 0] : Int16BigEndian;
        byte[] space = version == 1 ? [1, 1, 0, 0, 0, 0, 0, 0, .. Lengths(1)] : [2, 0, 0, 0];
        byte[] message = [(byte)version, 0, 5, 0, 12, 0, (byte)space.Length, 0, .. version == 3 ? (byte[])[1] : [], .. name, .. type, .. space, 0xFF, 0xFE];
        Assert.Equal("bits"u8, AttributeMessage.NameOf(message));
        Attribute attribute = AttributeMessage.Parse(message, FieldSizes.Default, (_, _) => throw new InvalidOperationException());
        Assert.Equal("bits", attribute.Name);
        Assert.Equal(-2, attribute.AsNumber());
        Assert.Throws<Hdf5FormatException>(() => AttributeMessage.Parse(message.AsMemory(0, message.Length - 1), FieldSizes.Default, (_, _) => default));
    }

    private static byte[] Lengths(params long[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static string Visit(byte[] message)
    {
        string seen = "";
        LinkMessage.Visit(message, FieldSizes.Default, (name, in target) =>
        {
            string value = System.Text.Encoding.UTF8.GetString(target.Value.Span);
            seen = $"{System.Text.Encoding.UTF8.GetString(name)} {target.Kind.ToString().ToLowerInvariant()} {(target.Kind == LinkKind.Hard ? target.Address : value)}";
            return true;
        });
        return seen;
    }
}
