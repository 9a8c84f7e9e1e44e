using System.Buffers.Binary;
using System.Text;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using Xunit;

namespace VirtualEmFs.Tests.Frames.Mrc;

public sealed class MrcHeaderTests
{
    private static MrcHeader Sample() => new()
    {
        Nx = 100,
        Ny = 200,
        Nz = 3,
        Mode = 6,
        Start = (-50, -100, -1),
        Sampling = (100, 200, 1),
        CellLengths = new AngstromVector(123f, 246f, 1.23f),
        CellAngles = (90, 91, 92),
        Axes = (1, 2, 3),
        Statistics = new FrameStatistics(-1, 4, 0.5f, 1.5f),
        SpaceGroup = 401,
        ExtendedHeaderLengthBytes = 88,
        ExtendedHeaderType = "FEI1",
        ImodStamp = MrcHeader.ImodStampValue,
        ImodFlags = 1,
        Origin = new AngstromVector(1, 2, 3),
        Labels = ["first", "second µ", "", new string('x', 100)],
    };

    private static byte[] Written(MrcHeader header)
    {
        byte[] bytes = new byte[1024];
        bytes.AsSpan().Fill(0xff);
        header.Write(bytes);
        return bytes;
    }

    /// <summary>The same header as a big-endian machine writes it.</summary>
    private static byte[] Swapped(byte[] bytes)
    {
        byte[] swapped = (byte[])bytes.Clone();
        for (int word = 1; word <= 56; word++)
        {
            if (word is not (27 or 53 or 54))
            {
                swapped.AsSpan((word - 1) * 4, 4).Reverse();
            }
        }

        swapped[212] = swapped[213] = 0x11;
        return swapped;
    }

    [Fact]
    public void Write_EveryField_LiesWhereTheStandardSays()
    {
        byte[] bytes = Written(Sample());
        int Word(int number) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan((number - 1) * 4));
        float Single(int number) => BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan((number - 1) * 4));

        Assert.Equal([100, 200, 3, 6, -50, -100, -1, 100, 200, 1], Enumerable.Range(1, 10).Select(Word));
        Assert.Equal([123f, 246f, 1.23f, 90f, 91f, 92f], Enumerable.Range(11, 6).Select(Single));
        Assert.Equal([1, 2, 3], Enumerable.Range(17, 3).Select(Word));
        Assert.Equal([-1f, 4f, 0.5f], Enumerable.Range(20, 3).Select(Single));
        Assert.Equal([401, 88], Enumerable.Range(23, 2).Select(Word));
        Assert.Equal("FEI1", Encoding.ASCII.GetString(bytes, 104, 4));
        Assert.Equal(20141, Word(28));
        Assert.Equal("IMOD", Encoding.ASCII.GetString(bytes, 152, 4));
        Assert.Equal([1f, 2f, 3f], Enumerable.Range(50, 3).Select(Single));
        Assert.Equal("MAP ", Encoding.ASCII.GetString(bytes, 208, 4));
        Assert.Equal([0x44, 0x44, 0, 0], bytes[212..216]);
        Assert.Equal(1.5f, Single(55));
        Assert.Equal(3, Word(56));
        Assert.Equal("first".PadRight(80) + "second ?".PadRight(80) + new string('x', 80), Encoding.ASCII.GetString(bytes, 224, 240));
        Assert.All(bytes[464..], value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TryParse_EitherByteOrder_ReadsBackEveryField(bool isBigEndian)
    {
        byte[] bytes = Written(Sample());
        Assert.True(MrcHeader.TryParse(isBigEndian ? Swapped(bytes) : bytes, out var header, out _));
        var expected = Sample() with { IsBigEndian = isBigEndian, Labels = default };
        Assert.Equal(expected, header! with { Labels = default });
        Assert.Equal(["first", "second ?", new string('x', 80)], header.Labels);
        Assert.Equal(1024 + 88 + (100 * 200 * 3 * 2), header.FileLengthBytes);
    }

    [Fact]
    public void FileLengthBytes_WithTheLongestExtendedHeader_DoesNotOverflow()
    {
        byte[] bytes = Written(Sample() with { ExtendedHeaderLengthBytes = int.MaxValue });
        Assert.True(MrcHeader.TryParse(bytes, out var header, out _));
        Assert.Equal(1024 + (long)int.MaxValue + (100 * 200 * 3 * 2), header!.FileLengthBytes);
    }

    /// <summary>Topaz and cryoDRGN leave the stamp zero; a header read in the wrong order has absurd axes.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TryParse_ZeroStampAndNoMap_TellsTheByteOrderByPlausibility(bool isBigEndian)
    {
        byte[] bytes = isBigEndian ? Swapped(Written(Sample())) : Written(Sample());
        bytes.AsSpan(208, 8).Clear();
        Assert.True(MrcHeader.TryParse(bytes, out var header, out _));
        Assert.Equal(isBigEndian, header!.IsBigEndian);
        Assert.Equal(100, header.Nx);
        Assert.False(header.HasMapStamp);
    }

    [Theory]
    [InlineData(1, 0, "axes")]
    [InlineData(2, -4, "axes")]
    [InlineData(3, 0, "axes")]
    [InlineData(4, 3, "mode 3")]
    [InlineData(4, 154285104, "mode 154285104")]
    [InlineData(24, -1, "extended header")]
    public void TryParse_ImpossibleField_SaysWhich(int word, int value, string expected)
    {
        byte[] bytes = Written(Sample());
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan((word - 1) * 4), value);
        Assert.False(MrcHeader.TryParse(bytes, out var header, out string? reason));
        Assert.Null(header);
        Assert.Contains(expected, reason);
    }

    [Fact]
    public void TryParse_AxesThatFitNoFile_Fails()
    {
        byte[] bytes = Written(Sample() with { Nx = int.MaxValue, Ny = int.MaxValue, Nz = int.MaxValue });
        Assert.False(MrcHeader.TryParse(bytes, out _, out string? reason));
        Assert.Contains("do not fit", reason);
    }

    [Fact]
    public void TryParse_ShortOrZeroBytes_Fails()
    {
        Assert.False(MrcHeader.TryParse(new byte[1023], out _, out _));
        Assert.False(MrcHeader.TryParse(new byte[1024], out _, out _));
    }
}
