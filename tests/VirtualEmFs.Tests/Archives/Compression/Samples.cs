namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>Samples like those of real files; every sequence is that of its seed.</summary>
internal static class Samples
{
    public static float[] Noise(int length, int seed, double mean = 0, double sigma = 1)
    {
        var random = new Random(seed);
        var samples = new float[length];
        for (int i = 0; i < length; i++)
        {
            // Box and Muller.
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            samples[i] = (float)(mean + (sigma * radius * Math.Cos(2 * Math.PI * random.NextDouble())));
        }

        return samples;
    }

    /// <summary>Few electrons a pixel, times a gain that differs from pixel to pixel: mostly exact zeros.</summary>
    public static float[] CountedMovie(int frameLength, int frames, int seed)
    {
        var random = new Random(seed);
        var gain = new float[frameLength];
        for (int i = 0; i < frameLength; i++)
        {
            gain[i] = 0.9f + (0.2f * random.NextSingle());
        }

        var samples = new float[frameLength * frames];
        for (int i = 0; i < samples.Length; i++)
        {
            int count = random.NextDouble() < 0.7 ? 0 : random.Next(1, 4);
            samples[i] = count * gain[i % frameLength];
        }

        return samples;
    }
}
