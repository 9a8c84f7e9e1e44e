namespace VirtualEmFs.Benchmarks.Compressing;

/// <summary>Images and volumes with the statistics of real ones, from fixed seeds.</summary>
internal static class SyntheticImages
{
    /// <summary>Normal noise, clamped at four sigma as the paper does once.</summary>
    public static float[] Noise(int lengthSamples)
    {
        var random = new Random(1);
        var samples = new float[lengthSamples];
        foreach (ref float sample in samples.AsSpan())
        {
            sample = (float)Math.Clamp(Normal(random), -4, 4);
        }

        return samples;
    }

    /// <summary>Counts of 20 electrons a pixel over a gain reference that varies by 5 %.</summary>
    public static float[] GainCorrectedCounts(int lengthSamples)
    {
        var random = new Random(2);
        var samples = new float[lengthSamples];
        foreach (ref float sample in samples.AsSpan())
        {
            double limit = Math.Exp(-20), product = random.NextDouble();
            int count = 0;
            for (; product > limit; product *= random.NextDouble())
            {
                count++;
            }

            sample = (float)(count * (1 + (0.05 * Normal(random))));
        }

        return samples;
    }

    /// <summary>A cube of noise smoothed with a Gaussian, and zero outside a soft sphere if masked.</summary>
    public static float[] Volume(int n, double smoothing, bool isMasked)
    {
        var random = new Random(3);
        var samples = new float[n * n * n];
        foreach (ref float sample in samples.AsSpan())
        {
            sample = (float)Normal(random);
        }

        if (smoothing > 0)
        {
            foreach (int stride in (int[])[1, n, n * n])
            {
                Smooth(samples, n, stride, smoothing);
            }
        }

        if (isMasked)
        {
            for (int i = 0; i < samples.Length; i++)
            {
                double x = (i % n) - (n / 2), y = (i / n % n) - (n / 2), z = (i / n / n) - (n / 2);
                samples[i] *= (float)Math.Clamp(((n * 0.35) - Math.Sqrt((x * x) + (y * y) + (z * z))) / 4, 0, 1);
            }
        }

        return samples;
    }

    private static void Smooth(float[] samples, int n, int stride, double sigma)
    {
        int radius = (int)Math.Ceiling(3 * sigma);
        double[] weights = [.. Enumerable.Range(-radius, (2 * radius) + 1).Select(i => Math.Exp(-i * i / (2 * sigma * sigma)))];
        var line = new float[n];
        for (int start = 0; start < samples.Length; start++)
        {
            if (start / stride % n != 0)
            {
                continue;
            }

            for (int i = 0; i < n; i++)
            {
                double sum = 0;
                for (int k = 0; k < weights.Length; k++)
                {
                    sum += weights[k] * samples[start + ((i + k - radius + n) % n * stride)];
                }

                line[i] = (float)sum;
            }

            for (int i = 0; i < n; i++)
            {
                samples[start + (i * stride)] = line[i];
            }
        }
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
