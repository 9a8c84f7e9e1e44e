using System.Buffers.Binary;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>Writes MRC files for tests.</summary>
internal static class MrcFile
{
    /// <summary>Writes float32 samples (mode 2).</summary>
    public static string Write(string path, int nx, int ny, int nz, ReadOnlySpan<float> samples, int spaceGroup = 0)
    {
        var payload = new byte[samples.Length * sizeof(float)];
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(samples).CopyTo(payload);
        return Write(path, Header(nx, ny, nz, 2, spaceGroup), payload);
    }

    /// <summary>A header with a pixel size of 1.5 Å.</summary>
    public static MrcHeader Header(int nx, int ny, int nz, int mode, int spaceGroup = 0)
    {
        int mz = spaceGroup == 0 ? 1 : nz;
        return new MrcHeader
        {
            Nx = nx, Ny = ny, Nz = nz, Mode = mode, SpaceGroup = spaceGroup, Sampling = (nx, ny, mz),
            CellLengths = new AngstromVector(nx * 1.5f, ny * 1.5f, mz * 1.5f), Start = (-3, 4, 5), Origin = new AngstromVector(7, -8, 9),
            Labels = ["a label of the test"],
        };
    }

    /// <summary>Writes a file: header, extended header of any bytes, samples as they are.</summary>
    /// <param name="isBigEndian">Swaps the header's words and its stamp; the samples are the caller's affair.</param>
    public static string Write(string path, MrcHeader header, ReadOnlySpan<byte> payload, int extendedLengthBytes = 0, bool isBigEndian = false)
    {
        var bytes = new byte[MrcHeader.LengthBytes + extendedLengthBytes];
        (header with { ExtendedHeaderLengthBytes = extendedLengthBytes }).Write(bytes);
        for (int i = 0; i < extendedLengthBytes; i++)
        {
            bytes[MrcHeader.LengthBytes + i] = unchecked((byte)(i * 7));
        }

        if (isBigEndian)
        {
            for (int word = 0; word < 56; word++)
            {
                if (word is not (26 or 52 or 53)) // EXTTYP, MAP and the stamp are characters
                {
                    Span<byte> slot = bytes.AsSpan(word * 4, 4);
                    BinaryPrimitives.WriteInt32BigEndian(slot, BinaryPrimitives.ReadInt32LittleEndian(slot));
                }
            }

            bytes[212] = bytes[213] = 0x11;
        }

        File.WriteAllBytes(path, [.. bytes, .. payload]);
        return path;
    }
}
