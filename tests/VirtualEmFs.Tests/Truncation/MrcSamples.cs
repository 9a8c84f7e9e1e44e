using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Xunit;

namespace VirtualEmFs.Tests.Truncation;

/// <summary>Just enough of MRC for golden inputs of mode 2: shape and samples, both byte orders.</summary>
internal sealed record MrcSamples(int Nx, int Ny, int Nz, float[] Samples)
{
    public int FrameLengthSamples => Nx * Ny;

    public ReadOnlySpan<float> Section(int z) => Samples.AsSpan(z * FrameLengthSamples, FrameLengthSamples);

    public static MrcSamples Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bool isBig = bytes[212] == 0x11;
        int Word(int index) => isBig
            ? BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4 * index))
            : BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4 * index));
        Assert.Equal(2, Word(3));
        (int nx, int ny, int nz) = (Word(0), Word(1), Word(2));
        var samples = new float[nx * ny * nz];
        ReadOnlySpan<byte> payload = bytes.AsSpan(1024 + Word(23), 4 * samples.Length);
        if (isBig)
        {
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, int>(payload), MemoryMarshal.Cast<float, int>(samples.AsSpan()));
        }
        else
        {
            payload.CopyTo(MemoryMarshal.AsBytes(samples.AsSpan()));
        }

        return new MrcSamples(nx, ny, nz, samples);
    }
}
