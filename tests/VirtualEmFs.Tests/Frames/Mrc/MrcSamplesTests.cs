using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using Xunit;

namespace VirtualEmFs.Tests.Frames.Mrc;

public sealed class MrcSamplesTests
{
    /// <summary>A wrong byte here is a wrong pixel of every file that was not written as float32.</summary>
    [Theory]
    [InlineData(0, false, 5)]
    [InlineData(1, false, 5)]
    [InlineData(1, true, 5)]
    [InlineData(2, true, 5)]
    [InlineData(6, false, 5)]
    [InlineData(6, true, 4)]
    [InlineData(12, false, 5)]
    [InlineData(101, false, 5)]
    [InlineData(101, false, 4)]
    public void Write_EveryRunOfBytes_EqualsThatPartOfTheWhole(int mode, bool isBigEndian, int nx)
    {
        var map = new MrcByteMap(new FrameShape(nx, 3, 2), 1024, new MrcSampleFormat(mode, isBigEndian));
        float[] samples = [.. Enumerable.Range(0, nx * 6).Select(i => (float)(i % 16))];
        byte[] whole = new byte[map.PayloadLengthBytes];
        Assert.Equal(new MrcSampleRange(0, samples.Length), MrcSamples.RangeOf(map, 0, whole.Length));
        MrcSamples.Write(map, samples, 0, whole);
        for (int first = 0; first < whole.Length; first++)
        {
            for (int end = first + 1; end <= whole.Length; end++)
            {
                var range = MrcSamples.RangeOf(map, first, end - first);
                byte[] part = new byte[end - first];
                MrcSamples.Write(map, samples.AsSpan((int)range.FirstSample, range.SampleCount), first, part);
                Assert.Equal(whole[first..end], part);
            }
        }
    }

    [Theory]
    [InlineData(0, false, -1f, new byte[] { 0xff })]
    [InlineData(0, false, 255f, new byte[] { 0xff })]
    [InlineData(0, false, -128f, new byte[] { 0x80 })]
    [InlineData(0, false, 128f, new byte[] { 0x80 })]
    [InlineData(1, false, -2f, new byte[] { 0xfe, 0xff })]
    [InlineData(1, true, -2f, new byte[] { 0xff, 0xfe })]
    [InlineData(6, false, 65535f, new byte[] { 0xff, 0xff })]
    [InlineData(12, false, 1f, new byte[] { 0x00, 0x3c })]
    [InlineData(2, true, 1f, new byte[] { 0x3f, 0x80, 0, 0 })]
    public void Write_OneSample_HasTheModesOwnBytes(int mode, bool isBigEndian, float sample, byte[] expected)
    {
        var map = new MrcByteMap(new FrameShape(1, 1, 1), 1024, new MrcSampleFormat(mode, isBigEndian));
        byte[] written = new byte[expected.Length];
        MrcSamples.Write(map, [sample], 0, written);
        Assert.Equal(expected, written);
    }

    [Fact]
    public void Write_PackedNibblesOfOddRows_PutsTheLowNibbleFirstAndPadsTheRow()
    {
        var map = new MrcByteMap(new FrameShape(3, 2, 1), 1024, new MrcSampleFormat(101, isBigEndian: false));
        byte[] written = new byte[4];
        MrcSamples.Write(map, [1, 2, 3, 4, 5, 6], 0, written);
        Assert.Equal([0x21, 0x03, 0x54, 0x06], written);
    }
}
