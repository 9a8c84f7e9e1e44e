using VirtualEmFs.Frames.Kernels;
using Xunit;

namespace VirtualEmFs.Tests.Frames.Kernels;

public sealed class ShuffleKernelsTests
{
    [Theory]
    [InlineData(KernelPath.Scalar)]
    [InlineData(KernelPath.Vector128)]
    [InlineData(KernelPath.Vector256)]
    public void Unshuffle_AnyElementAndLength_RestoresElements(KernelPath path)
    {
        Assert.SkipUnless(KernelPaths.IsSupported(path), $"this processor has no {path}");
        var random = new Random(5);
        foreach (int elementLengthBytes in (int[])[1, 2, 3, 4, 5, 8, 12, 16])
        {
            foreach (int lengthBytes in (int[])[0, 1, 2, 7, 8, 9, 31, 63, 64, 65, 127, 256, 257, 1000, 4099])
            {
                byte[] elements = new byte[lengthBytes];
                random.NextBytes(elements);
                byte[] planes = Shuffle(elements, elementLengthBytes);
                byte[] target = new byte[lengthBytes + 2];
                ShuffleKernels.Unshuffle(planes, elementLengthBytes, target.AsSpan(1, lengthBytes), path);
                Assert.Equal(elements, target[1..^1]);
                Assert.Equal(0, target[0] | target[^1]);
            }
        }
    }

    [Fact]
    public void Unshuffle_TwoByteElements_InterleavesPlanes()
    {
        byte[] target = new byte[7];
        ShuffleKernels.Unshuffle([1, 3, 5, 2, 4, 6, 99], 2, target);
        Assert.Equal([1, 2, 3, 4, 5, 6, 99], target);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(8)]
    public void Swap_Elements_ReversesEachAndLeavesTheRest(int elementLengthBytes)
    {
        byte[] bytes = [.. Enumerable.Range(0, (37 * elementLengthBytes) + 1).Select(i => (byte)(i % 251))];
        byte[] expected = [.. bytes[..^1].Chunk(elementLengthBytes).SelectMany(element => element.Reverse()), bytes[^1]];
        ByteOrder.Swap(bytes, elementLengthBytes);
        Assert.Equal(expected, bytes);
    }

    private static byte[] Shuffle(byte[] elements, int elementLengthBytes)
    {
        int count = elements.Length / elementLengthBytes;
        byte[] planes = (byte[])elements.Clone();
        for (int i = 0; i < count * elementLengthBytes; i++)
        {
            planes[(i % elementLengthBytes * count) + (i / elementLengthBytes)] = elements[i];
        }

        return planes;
    }
}
