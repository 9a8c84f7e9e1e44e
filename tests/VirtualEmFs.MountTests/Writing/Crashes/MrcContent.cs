using System.Runtime.InteropServices;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>MRC files whose samples are known.</summary>
internal static class MrcContent
{
    public const int HeaderLengthBytes = 1024;

    private const int TenBitSteps = 1023;

    /// <summary>Whole numbers, which come back exactly.</summary>
    /// <param name="mode">0 for bytes, 1 or 6 for 16 bits, 2 for float32.</param>
    public static byte[] WholeNumbers(int mode, int nx, int ny, int nz, int seed)
    {
        var random = new Random(seed);
        byte[] file = Header(mode, nx, ny, nz);
        Span<byte> samples = file.AsSpan(HeaderLengthBytes);
        switch (mode)
        {
            case 0:
                random.NextBytes(samples);
                break;
            case 2:
                foreach (ref float sample in MemoryMarshal.Cast<byte, float>(samples))
                {
                    sample = random.Next(200);
                }

                break;
            default:
                foreach (ref short sample in MemoryMarshal.Cast<byte, short>(samples))
                {
                    sample = (short)random.Next(1000);
                }

                break;
        }

        return file;
    }

    /// <summary>16 random bits in each sample: no archive is smaller.</summary>
    public static byte[] Incompressible(int nx, int ny, int seed)
    {
        byte[] file = Header(6, nx, ny, 1);
        new Random(seed).NextBytes(file.AsSpan(HeaderLengthBytes));
        return file;
    }

    /// <summary>Noise in float32, which comes back in ten bits.</summary>
    public static byte[] Noise(int nx, int ny, int seed)
    {
        var random = new Random(seed);
        byte[] file = Header(2, nx, ny, 1);
        foreach (ref float sample in MemoryMarshal.Cast<byte, float>(file.AsSpan(HeaderLengthBytes)))
        {
            sample = ((random.NextSingle() + random.NextSingle() + random.NextSingle() + random.NextSingle() - 2) * 20) + 0.25f;
        }

        return file;
    }

    /// <summary>Compares a file with what was written: the header exactly, samples within half a step of ten bits.</summary>
    /// <returns>A sentence; null when it is right.</returns>
    public static string? DifferenceInTenBits(string path, byte[] written, byte[] read)
    {
        if (!written.AsSpan(0, HeaderLengthBytes).SequenceEqual(read.AsSpan(0, HeaderLengthBytes)))
        {
            return $"the header of {path} has changed";
        }

        ReadOnlySpan<float> before = MemoryMarshal.Cast<byte, float>(written.AsSpan(HeaderLengthBytes));
        ReadOnlySpan<float> after = MemoryMarshal.Cast<byte, float>(read.AsSpan(HeaderLengthBytes));
        (float least, float most) = (float.MaxValue, float.MinValue);
        foreach (float sample in before)
        {
            (least, most) = (Math.Min(least, sample), Math.Max(most, sample));
        }

        double tolerance = ((most - least) / TenBitSteps * 0.5 * 1.01) + (1e-6 * Math.Max(Math.Abs(least), Math.Abs(most)));
        for (int i = 0; i < before.Length; i++)
        {
            if (!(Math.Abs(before[i] - after[i]) <= tolerance))
            {
                return $"sample {i} of {path} was {before[i]} and is {after[i]}, beyond {tolerance}";
            }
        }

        return null;
    }

    private static byte[] Header(int mode, int nx, int ny, int nz)
    {
        int sampleLengthBytes = mode switch { 0 => 1, 2 => 4, _ => 2 };
        var file = new byte[HeaderLengthBytes + (nx * ny * nz * sampleLengthBytes)];
        Span<int> words = MemoryMarshal.Cast<byte, int>(file.AsSpan(0, HeaderLengthBytes));
        (words[0], words[1], words[2], words[3]) = (nx, ny, nz, mode);
        (words[7], words[8], words[9]) = (nx, ny, nz);
        (words[16], words[17], words[18]) = (1, 2, 3);
        (words[52], words[53]) = (0x2050414D, 0x00004444); // "MAP ", little-endian
        Span<float> cell = MemoryMarshal.Cast<byte, float>(file.AsSpan(40, 12));
        (cell[0], cell[1], cell[2]) = (nx, ny, nz);
        return file;
    }
}
