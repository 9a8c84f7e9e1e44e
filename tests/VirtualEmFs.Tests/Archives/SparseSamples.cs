using System.Runtime.InteropServices;
using Xunit;

namespace VirtualEmFs.Tests.Archives;

/// <summary>Frames of which the golden data keep only the samples that are not zero: rows of (frame, y, x, value).</summary>
internal static class SparseSamples
{
    public static float[] FrameOf(NumpyArray rows, int frame, int nx, int ny)
    {
        float[] samples = new float[(long)nx * ny];
        var integers = rows.Integers;
        for (int i = 0; i < integers.Length; i += 4)
        {
            if (integers[i] == frame)
            {
                samples[((long)integers[i + 1] * nx) + integers[i + 2]] = integers[i + 3];
            }
        }

        return samples;
    }

    /// <summary>Compares bits, and names the first sample that differs.</summary>
    public static void AssertSame(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        if (MemoryMarshal.AsBytes(expected).SequenceEqual(MemoryMarshal.AsBytes(actual)))
        {
            return;
        }

        int place = 0;
        while (BitConverter.SingleToInt32Bits(expected[place]) == BitConverter.SingleToInt32Bits(actual[place]))
        {
            place++;
        }

        Assert.Fail($"{what}: sample {place} is {actual[place]} instead of {expected[place]}");
    }
}
