using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using Xunit;

namespace VirtualEmFs.Tests.Frames.Mrc;

public sealed class MrcByteMapTests
{
    private static readonly MrcByteMap s_map = new(new FrameShape(5, 3, 4), 1024, MrcSampleFormat.Single);

    [Fact]
    public void Lengths_SmallStack_AreExact()
    {
        Assert.Equal(20, s_map.RowLengthBytes);
        Assert.Equal(60, s_map.FrameLengthBytes);
        Assert.Equal(240, s_map.PayloadLengthBytes);
        Assert.Equal(1264, s_map.FileLengthBytes);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    [InlineData(6, 2)]
    [InlineData(12, 2)]
    public void FileLengthBytes_EveryMode_FollowsTheSample(int mode, int sampleLengthBytes)
    {
        var map = new MrcByteMap(new FrameShape(5, 3, 4), 1024 + 88, new MrcSampleFormat(mode, isBigEndian: true));
        Assert.Equal(1112 + (60 * sampleLengthBytes), map.FileLengthBytes);
    }

    [Theory]
    [InlineData(4, 2)]
    [InlineData(5, 3)]
    [InlineData(1, 1)]
    public void RowLengthBytes_PackedNibbles_RoundsUp(int nx, long expected) =>
        Assert.Equal(expected, new MrcSampleFormat(101, isBigEndian: false).RowLengthBytes(nx));

    [Fact]
    public void PositionOf_EveryByte_IsTheInverseOfRowOffset()
    {
        for (long fileOffset = 1024; fileOffset < s_map.FileLengthBytes; fileOffset++)
        {
            var at = s_map.PositionOf(fileOffset);
            Assert.Equal(fileOffset, s_map.RowOffset(at.FrameIndex, at.Row) + at.RowOffset);
            Assert.InRange(at.RowOffset, 0, 19);
        }
    }

    [Fact]
    public void PositionOf_OutsideThePayload_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => s_map.PositionOf(1023));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_map.PositionOf(1264));
    }

    [Fact]
    public void FrameOffset_Edges_AreHeaderAndEnd()
    {
        Assert.Equal(1024, s_map.FrameOffset(0));
        Assert.Equal(1264, s_map.FrameOffset(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_map.FrameOffset(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_map.FrameOffset(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_map.RowOffset(4, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_map.RowOffset(0, 3));
    }

    [Theory]
    [InlineData(0, 10, 10)]
    [InlineData(1260, 10, 4)]
    [InlineData(1263, 1, 1)]
    [InlineData(1264, 1, 0)]
    [InlineData(long.MaxValue, 1, 0)]
    [InlineData(5, 0, 0)]
    public void Clip_AroundTheEnd_ShortensOnlyThere(long fileOffset, int lengthBytes, int expected) =>
        Assert.Equal(expected, s_map.Clip(fileOffset, lengthBytes));

    [Fact]
    public void FileLengthBytes_LargestShape_DoesNotOverflow()
    {
        var map = new MrcByteMap(new FrameShape(1 << 30, 1 << 15, 1 << 15), 1024, MrcSampleFormat.Single);
        Assert.Equal((1L << 62) + 1024, map.FileLengthBytes);
        Assert.Equal((1 << 15) - 1, map.PositionOf(map.FileLengthBytes - 1).FrameIndex);
    }

    [Fact]
    public void Constructor_HeaderLongerThanAnyFile_Throws() =>
        Assert.Throws<OverflowException>(() => new MrcByteMap(new FrameShape(2, 2, 2), long.MaxValue - 5, MrcSampleFormat.Single));
}
