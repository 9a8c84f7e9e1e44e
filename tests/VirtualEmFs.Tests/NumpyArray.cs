using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace VirtualEmFs.Tests;

/// <summary>A gzipped NumPy array of little-endian 4-byte elements in C order, as the golden data keep expected samples.</summary>
internal sealed record NumpyArray(int[] Shape, byte[] Data)
{
    public float[] Floats => MemoryMarshal.Cast<byte, float>(Data).ToArray();

    public ReadOnlySpan<int> Integers => MemoryMarshal.Cast<byte, int>(Data);

    public static NumpyArray Read(string path)
    {
        using var unpacked = new MemoryStream();
        using (var file = File.OpenRead(path))
        using (var gzip = new GZipStream(file, CompressionMode.Decompress))
        {
            gzip.CopyTo(unpacked);
        }

        byte[] bytes = unpacked.ToArray();
        int headerLengthBytes = BitConverter.ToUInt16(bytes, 8);
        string header = Encoding.ASCII.GetString(bytes, 10, headerLengthBytes);
        Assert.Contains("'fortran_order': False", header);
        Assert.True(header.Contains("'<f4'") || header.Contains("'<i4'"), header);
        string shape = header.Split("'shape': (")[1].Split(')')[0];
        int[] axes = [.. shape.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(int.Parse)];
        return new NumpyArray(axes, bytes[(10 + headerLengthBytes)..]);
    }
}
