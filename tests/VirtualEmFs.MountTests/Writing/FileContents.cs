using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>
/// Bytes for files under test: MRC files that archives keep exactly, and bytes that are no MRC file. All of them, taken as float32, are whole
/// numbers from 4 bytes to 4 bytes, so that whatever steps mix of them is archived exactly.
/// </summary>
internal static class FileContents
{
    /// <summary>Whole numbers as float32; a length that is no multiple of 4 ends in the middle of one.</summary>
    public static byte[] WholeNumbers(int seed, int lengthBytes)
    {
        var random = new Random(seed);
        var numbers = new float[(lengthBytes + 3) / sizeof(float)];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = random.Next(-100, 100);
        }

        return MemoryMarshal.AsBytes<float>(numbers)[..lengthBytes].ToArray();
    }

    /// <summary>The content of a whole file.</summary>
    public static byte[] Whole(int seed)
    {
        var random = new Random(seed);
        return (seed % 8) switch
        {
            0 => [],
            1 => WholeNumbers(seed, 4 * random.Next(1, 2000)),
            2 => Mrc(random, seed)[..(MrcHeader.LengthBytes + (4 * random.Next(0, 8)))], // a header, and less than its samples
            3 => [.. Mrc(random, seed), .. WholeNumbers(seed, 8)],
            _ => Mrc(random, seed),
        };
    }

    /// <summary>An exact MRC file of 8-bit, 16-bit or float samples, some with an extended header.</summary>
    private static byte[] Mrc(Random random, int seed)
    {
        int nx = 4 * random.Next(2, 17), ny = random.Next(4, 40), nz = random.Next(1, 4);
        (int mode, int sampleBytes) = random.Next(4) switch { 0 => (0, 1), 1 => (1, 2), 2 => (6, 2), _ => (2, 4) };
        int extendedLengthBytes = random.Next(4) == 0 ? 128 : 0;
        return
        [
            .. Header(nx, ny, nz, mode, extendedLengthBytes), .. WholeNumbers(seed + 1, extendedLengthBytes),
            .. WholeNumbers(seed, nx * ny * nz * sampleBytes),
        ];
    }

    /// <summary>A header that makes the rest of the file its samples.</summary>
    public static byte[] Header(int nx, int ny, int nz, int mode, int extendedLengthBytes = 0)
    {
        var bytes = new byte[MrcHeader.LengthBytes];
        new MrcHeader
        {
            Nx = nx, Ny = ny, Nz = nz, Mode = mode, SpaceGroup = 0, Sampling = (nx, ny, 1), CellLengths = new AngstromVector(nx, ny, 1),
            ExtendedHeaderLengthBytes = extendedLengthBytes, Labels = ["written by a test"],
        }.Write(bytes);
        return bytes;
    }

    /// <summary>Length of one section as a header says; 0 where it is no header that says so.</summary>
    public static int SectionLengthBytes(ReadOnlySpan<byte> header)
    {
        if (header.Length < MrcHeader.LengthBytes || !header[208..211].SequenceEqual("MAP"u8))
        {
            return 0;
        }

        int mode = BinaryPrimitives.ReadInt32LittleEndian(header[12..]);
        long lengthBytes = BinaryPrimitives.ReadInt32LittleEndian(header) * (long)BinaryPrimitives.ReadInt32LittleEndian(header[4..])
            * (mode switch { 0 => 1, 1 or 6 => 2, 2 => 4, _ => 0 });
        return lengthBytes is > 0 and < 1 << 20 ? (int)lengthBytes : 0;
    }
}
