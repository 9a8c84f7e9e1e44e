namespace VirtualEmFs.Tests.Truncation;

/// <summary>Samples with known statistics, from fixed seeds.</summary>
internal static class SyntheticSamples
{
    /// <summary>Normal noise.</summary>
    public static float[] Noise(int count, float mean, float sigma, int seed)
    {
        var random = new Random(seed);
        var samples = new float[count];
        for (int i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            samples[i] = (float)(mean + (sigma * radius * Math.Cos(2 * Math.PI * random.NextDouble())));
        }

        return samples;
    }

    /// <summary>Whole numbers from <paramref name="low"/> to <paramref name="high"/>, both present.</summary>
    public static float[] Integers(int count, int low, int high, int seed)
    {
        var random = new Random(seed);
        var samples = new float[count];
        for (int i = 0; i < count; i++)
        {
            samples[i] = (float)random.NextInt64(low, (long)high + 1);
        }

        (samples[0], samples[^1]) = (low, high);
        return samples;
    }

    /// <summary>Counts of a Poisson distribution (Knuth's multiplication of uniform numbers).</summary>
    public static float[] Counts(int count, double mean, int seed)
    {
        var random = new Random(seed);
        var samples = new float[count];
        for (int i = 0; i < count; i++)
        {
            int events = 0;
            for (double product = random.NextDouble(); product > Math.Exp(-mean); product *= random.NextDouble())
            {
                events++;
            }

            samples[i] = events;
        }

        return samples;
    }
}
