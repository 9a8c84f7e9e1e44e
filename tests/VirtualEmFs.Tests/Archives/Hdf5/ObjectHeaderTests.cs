using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Hdf5;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5;

/// <summary>Object headers and the reader below them, on files of a few bytes.</summary>
public sealed class ObjectHeaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_Version1_FollowsContinuations()
    {
        byte[] continued = Message(0x0B, [5, 6, 0, 0, 0, 0, 0, 0]);
        byte[] first = [.. Message(0x01, [1, 2, 3, 4, 5, 6, 7, 8]), .. Message(0x10, [.. Number(64), .. Number(continued.Length)])];
        byte[] file = [1, 0, 3, 0, 1, 0, 0, 0, .. BitConverter.GetBytes(first.Length), 0, 0, 0, 0, .. first];
        ObjectHeader header = Read([.. file, .. new byte[64 - file.Length], .. continued], 0);
        Assert.Equal([MessageType.Dataspace, MessageType.FilterPipeline], header.Messages.Select(message => message.Type));
        Assert.Equal(24, header.Messages[0].Address);
        Assert.Equal(72, header.Messages[1].Address);
        Assert.Equal(5, header.Messages[1].Data.Span[0]);
    }

    /// <summary>As libhdf5 reads it: a flipped bit of the number would take messages away.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(18)]
    public void Read_Version1_WithAWrongNumberOfMessages_HasThemAll(byte count)
    {
        byte[] messages = [.. Message(0x01, new byte[8]), .. Message(0x00, new byte[16]), .. Message(0x0C, new byte[8])];
        ObjectHeader header = Read([1, 0, count, 0, 1, 0, 0, 0, .. BitConverter.GetBytes(messages.Length), 0, 0, 0, 0, .. messages], 0);
        Assert.Equal([MessageType.Dataspace, MessageType.Attribute], header.Messages.Select(message => message.Type));
    }

    [Theory]
    [InlineData(20, 8)] // ends amid the next message
    [InlineData(16, 9)] // messages begin at multiples of 8
    public void Read_Version1_WhoseMessagesDoNotFill_Throws(byte lengthBytes, byte messageLengthBytes)
    {
        byte[] file = [1, 0, 1, 0, 1, 0, 0, 0, lengthBytes, 0, 0, 0, 0, 0, 0, 0, .. Message(0x01, new byte[messageLengthBytes]), .. new byte[16]];
        Assert.Throws<Hdf5FormatException>(() => Read(file, 0));
    }

    [Fact]
    public void Read_ThatContinuesInItself_Throws()
    {
        byte[] loop = Message(0x10, [.. Number(16), .. Number(24)]);
        Assert.Throws<Hdf5FormatException>(() => Read([1, 0, 9, 0, 1, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, .. loop], 0));
    }

    [Fact]
    public void Read_OutsideTheFile_Throws()
    {
        Assert.Throws<Hdf5FormatException>(() => Read(new byte[40], 40));
        Assert.Throws<Hdf5FormatException>(() => Read(new byte[40], FieldReader.Undefined));
        Assert.Throws<Hdf5FormatException>(() => Read([1, 0, 1, 0, 1, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0], 0));
    }

    [Fact]
    public void Read_Version2_ChecksItself()
    {
        byte[] block = [.. "OHDR"u8, 2, 0, 6, 0x01, 2, 0, 0, 9, 9];
        byte[] file = [.. block, .. BitConverter.GetBytes(Lookup3.Hash(block))];
        Assert.Equal(MessageType.Dataspace, Assert.Single(Read(file, 0).Messages).Type);
        file[11]++;
        Assert.Throws<Hdf5FormatException>(() => Read(file, 0));
    }

    [Fact]
    public void MetadataReader_ManySmallReads_TakesOneReadForAPage()
    {
        string path = _folder.PathOf("long");
        byte[] bytes = [.. Enumerable.Range(0, 300_000).Select(i => (byte)((i * 31 >> 3) & 0xFF))];
        File.WriteAllBytes(path, bytes);
        using SourceFile source = SourceFile.Open(path);
        using var reader = new MetadataReader(source) { BaseOffset = 3 };
        for (int address = 0; address < 60_000; address += 100)
        {
            Assert.Equal(bytes[(3 + address)..(3 + address + 50)], reader.Read(address, 50, "test"));
        }

        Assert.Equal(1, source.ReadCount);
        Assert.Equal(bytes[(3 + 163_830)..(3 + 163_830 + 200)], reader.Read(163_830, 200, "test")); // across two pages
        Assert.Equal(bytes[(3 + 163_900)..(3 + 163_900 + 20)], reader.Read(163_900, 20, "test"));
        Assert.Equal(3, source.ReadCount);
        Assert.Equal(bytes[(3 + 200_000)..(3 + 200_000 + 20_000)], reader.Read(200_000, 20_000, "test")); // longer than a page: no page
        Assert.Equal(4, source.ReadCount);
        Assert.Equal(bytes[299_900..], reader.ReadUpTo(299_897, 500, "test", scattered: true));
    }

    [Fact]
    public void ReadBudget_SpentInCircles_Ends()
    {
        var budget = new ReadBudget(1000);
        Assert.Throws<Hdf5FormatException>(() =>
        {
            for (int i = 0; i < 1_000_000; i++)
            {
                budget.Spend(100);
            }
        });
    }

    private ObjectHeader Read(byte[] file, long address)
    {
        string path = _folder.PathOf("file");
        File.WriteAllBytes(path, file);
        using SourceFile source = SourceFile.Open(path);
        using var reader = new MetadataReader(source);
        return ObjectHeader.Read(reader, FieldSizes.Default, address);
    }

    private static byte[] Message(byte type, byte[] data) => [type, 0, (byte)data.Length, 0, 0, 0, 0, 0, .. data];

    private static byte[] Number(long value) => BitConverter.GetBytes(value);
}
