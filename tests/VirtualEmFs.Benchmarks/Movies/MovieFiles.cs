namespace VirtualEmFs.Benchmarks.Movies;

/// <summary>Writes movies like a camera's: counts from a fixed seed, in the containers that cameras use.</summary>
internal static class MovieFiles
{
    /// <summary>Frames of 8-bit counts with a Poisson distribution, as a K2 gives them.</summary>
    public static void WriteCounts(string path, int nx, int ny, int frameCount, double mean)
    {
        // Most of the time goes into random numbers: frames repeat one row set, shifted, which no LZW string is long enough to notice.
        var random = new Random(1);
        byte[] counts = new byte[(nx * ny) + (frameCount * 997)];
        double limit = Math.Exp(-mean);
        for (int i = 0; i < counts.Length; i++)
        {
            byte count = 0;
            for (double product = random.NextDouble(); product > limit; product *= random.NextDouble())
            {
                count++;
            }

            counts[i] = count;
        }

        WritePages(path, nx, ny, 8, frameCount, frame => counts.AsSpan(frame * 997, nx * ny).ToArray());
    }

    /// <summary>Frames of 16-bit samples with a normal distribution, as an integrating Falcon gives them.</summary>
    public static void WriteIntegrated(string path, int side, int frameCount)
    {
        var random = new Random(2);
        byte[] samples = new byte[2 * ((side * side) + (frameCount * 997))];
        for (int i = 0; i < samples.Length; i += 2)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            BitConverter.TryWriteBytes(samples.AsSpan(i), (ushort)(600 + (40 * normal)));
        }

        WritePages(path, side, side, 16, frameCount, frame => samples.AsSpan(2 * frame * 997, 2 * side * side).ToArray());
    }

    /// <summary>An EER movie: 7-bit runs, one strip per internal frame, electrons at random.</summary>
    public static void WriteEer(string path, int frameCount, double occupancy)
    {
        const int Side = 4096;
        var random = new Random(3);
        using var file = new BinaryWriter(File.Create(path));
        file.Write("II+\0"u8);
        file.Write(8); // length of an offset, and a reserved word
        file.Write(16L);
        for (int frame = 0; frame < frameCount; frame++)
        {
            // Directory, then its strip: both lengths are known beforehand.
            byte[] strip = EncodeFrame(random, Side * Side, occupancy);
            long directory = file.BaseStream.Position;
            (int Tag, int Type, long Value)[] entries =
                [(256, 4, Side), (257, 4, Side), (259, 3, 65001), (273, 16, directory + 8 + (6 * 20) + 8), (278, 4, Side), (279, 16, strip.Length)];
            file.Write((long)entries.Length);
            foreach (var (tag, type, value) in entries)
            {
                file.Write((ushort)tag);
                file.Write((ushort)type);
                file.Write(1L);
                file.Write(value);
            }

            file.Write(frame == frameCount - 1 ? 0L : directory + 8 + (6 * 20) + 8 + strip.Length);
            file.Write(strip);
        }
    }

    private static byte[] EncodeFrame(Random random, int pixelCount, double occupancy)
    {
        var strip = new List<byte>((int)(pixelCount * occupancy * 1.7));
        ulong pending = 0;
        int pendingBits = 0;
        int pixel = 0;
        while (true)
        {
            int run = (int)(Math.Log(1 - random.NextDouble()) / Math.Log(1 - occupancy));
            bool isLast = run >= pixelCount - pixel;
            run = Math.Min(run, pixelCount - pixel);
            pixel += run + 1;
            for (; run >= 127; run -= 127)
            {
                Put(127, 7);
            }

            Put(run, 7);
            if (isLast)
            {
                Put(0, 16); // the last bits, and zeros behind them
                return [.. strip];
            }

            Put(random.Next(16), 4);
        }

        void Put(int value, int bits)
        {
            pending |= (ulong)value << pendingBits;
            for (pendingBits += bits; pendingBits >= 8; pendingBits -= 8, pending >>= 8)
            {
                strip.Add((byte)(pending & 255));
            }
        }
    }

    private static void WritePages(string path, int nx, int ny, int bits, int frameCount, Func<int, byte[]> samples)
    {
        using var file = new BinaryWriter(File.Create(path));
        file.Write("II*\0"u8);
        file.Write(8);
        for (int frame = 0; frame < frameCount; frame++)
        {
            long directory = file.BaseStream.Position;
            int lengthBytes = nx * ny * bits / 8;
            const int DirectoryLengthBytes = 2 + (9 * 12) + 4;
            (int Tag, long Value)[] entries =
                [(256, nx), (257, ny), (258, bits), (259, 1), (262, 1), (273, directory + DirectoryLengthBytes), (277, 1), (278, ny), (279, lengthBytes)];
            file.Write((ushort)entries.Length);
            foreach (var (tag, value) in entries)
            {
                file.Write((ushort)tag);
                file.Write((ushort)4);
                file.Write(1);
                file.Write((uint)value);
            }

            file.Write(frame == frameCount - 1 ? 0u : (uint)(directory + DirectoryLengthBytes + lengthBytes));
            file.Write(samples(frame));
        }
    }
}
