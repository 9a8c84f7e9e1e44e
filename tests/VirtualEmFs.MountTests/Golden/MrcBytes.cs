using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Xunit;

namespace VirtualEmFs.MountTests.Golden;

/// <summary>A little-endian MRC file of mode 2, read by the test itself.</summary>
internal sealed class MrcBytes
{
    private const int HeaderLengthBytes = 1024;
    private readonly byte[] _bytes;

    public MrcBytes(byte[] bytes)
    {
        Assert.True(bytes.Length >= HeaderLengthBytes, $"{bytes.Length} bytes are no MRC file");
        _bytes = bytes;
        Assert.Equal(2, Word(3));
        Assert.Equal(DataOffset + (4L * Nx * Ny * Nz), bytes.Length);
    }

    public int Nx => Word(0);

    public int Ny => Word(1);

    public int Nz => Word(2);

    public (int Nx, int Ny, int Nz) Shape => (Nx, Ny, Nz);

    public ReadOnlySpan<float> Section(int z) => Samples.Slice(z * Nx * Ny, Nx * Ny);

    public ReadOnlySpan<float> Samples => MemoryMarshal.Cast<byte, float>(_bytes.AsSpan(DataOffset));

    /// <summary>Words 1–10 and 23–24 of the format, counted from 0.</summary>
    public int Word(int index) => BinaryPrimitives.ReadInt32LittleEndian(_bytes.AsSpan(4 * index));

    private int DataOffset => HeaderLengthBytes + Word(23);

    /// <summary>Every sample bit for bit, but for the bin that stands for zero: it reads as exactly 0.</summary>
    public static void AssertSame(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float zeroTolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            float wanted = MathF.Abs(expected[i]) <= zeroTolerance ? 0f : expected[i];
            if (BitConverter.SingleToUInt32Bits(wanted) != BitConverter.SingleToUInt32Bits(actual[i]))
            {
                Assert.Fail($"{what}: sample {i} is {actual[i]:G9} where EMAN2 reads {expected[i]:G9}");
            }
        }
    }
}
