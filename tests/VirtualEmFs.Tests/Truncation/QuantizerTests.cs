using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Truncation;

public sealed class QuantizerTests
{
    public static TheoryData<int> EveryDepth() => new(Enumerable.Range(2, 15));

    private static readonly (float Mean, float Sigma)[] s_shapes = [(0, 1), (20, 5), (-1000, 3), (3e-20f, 1e-20f), (1e6f, 1e5f), (0.1f, 400)];

    [Theory]
    [MemberData(nameof(EveryDepth))]
    public void Quantize_EveryDepth_StaysWithinHalfAStep(int bits)
    {
        foreach ((float mean, float sigma) in s_shapes)
        {
            float[] samples = SyntheticSamples.Noise(5003, mean, sigma, seed: bits);
            Rescale limits = LimitRules.Choose(ImageStatistics.Of(samples), null, bits);

            (ushort[] stored, QuantizationReport report) = Quantize(samples, limits);

            double bound = TruncationBounds.LargestError(limits);
            double largest = 0, squares = 0;
            for (int i = 0; i < samples.Length; i++)
            {
                double error = Math.Abs((double)samples[i] - limits.Apply(stored[i]));
                largest = Math.Max(largest, error);
                squares += error * error;
            }

            Assert.True(largest <= bound, $"{bits} bits of {mean}±{sigma}: error {largest}, bound {bound}");
            Assert.Equal(0, report.TruncatedCount);
            Assert.Equal(1, report.LargestError / largest, 1e-4);
            Assert.Equal(1, report.RmsError / Math.Sqrt(squares / samples.Length), 1e-3);
        }
    }

    [Theory]
    [MemberData(nameof(EveryDepth))]
    public void Quantize_IntegersThatFit_ComeBackExactly(int bits)
    {
        int range = (1 << bits) - 1;
        foreach (int low in (int[])[0, 1, -range / 2, -range, 30_000, -32_768, 100_000])
        {
            float[] samples = SyntheticSamples.Integers(2000, low, low + range, seed: bits);
            Rescale limits = LimitRules.Choose(ImageStatistics.Of(samples), null, bits);

            (ushort[] stored, QuantizationReport report) = Quantize(samples, limits);

            Assert.Equal(samples, stored.Select(each => limits.Apply(each)));
            Assert.Equal(0, report.LargestError);
        }
    }

    /// <summary>An archive that is compressed again must not change: decoded samples find the same integers.</summary>
    [Theory]
    [MemberData(nameof(EveryDepth))]
    public void Quantize_DecodedSamples_FindsTheSameIntegers(int bits)
    {
        foreach ((float mean, float sigma) in s_shapes)
        {
            float[] samples = SyntheticSamples.Noise(3000, mean, sigma, seed: 100 + bits);
            Rescale limits = LimitRules.Choose(ImageStatistics.Of(samples), null, bits);
            ushort[] all = [.. Enumerable.Range(0, 1 << bits).Select(each => (ushort)each)];
            float[] decoded = [.. all.Select(each => limits.Apply(each))];

            (ushort[] again, _) = Quantize(decoded, limits);

            Assert.Equal(all, again);
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(12)]
    [InlineData(16)]
    public void Quantize_VectorPath_AgreesWithTheScalarTwinBitForBit(int bits)
    {
        var limits = new Rescale(-2.5f, 2.1f, bits);
        float[] samples = SyntheticSamples.Noise(40_000, 0, 1.2f, seed: 7);
        // Ties, both limits, their neighbours, and values far outside.
        float step = limits.Step;
        for (int i = 0; i < 2000; i++)
        {
            samples[i] = -2.5f + ((i % (1 << bits)) + 0.5f) * step;
        }

        (samples[2000], samples[2001], samples[2002], samples[2003]) = (-2.5f, 2.1f, MathF.BitIncrement(2.1f), MathF.BitDecrement(-2.5f));
        (samples[2004], samples[2005], samples[2006], samples[2007]) = (1e30f, -1e30f, 0, -0f);

        foreach (int length in (int[])[samples.Length, 4133, 31, 32, 33])
        {
            (ushort[] stored, QuantizationReport report) = Quantize(samples[..length], limits);
            var expected = new ushort[length];
            QuantizationReport twin = Quantizer.QuantizeScalar<ushort>(samples.AsSpan(0, length), limits, expected);

            Assert.Equal(expected, stored);
            Assert.Equal(twin.TruncatedCount, report.TruncatedCount);
            Assert.Equal((twin.LargestError, twin.LargestMove), (report.LargestError, report.LargestMove));
            Assert.Equal(twin.SampleCount, report.SampleCount);
        }
    }

    [Fact]
    public void Quantize_EqualLimits_StoresZeroAndDecodesExactly()
    {
        var limits = new Rescale(3.7f, 3.7f, 5);
        float[] samples = [.. Enumerable.Repeat(3.7f, 100)];

        (ushort[] stored, QuantizationReport report) = Quantize(samples, limits);

        Assert.All(stored, each => Assert.Equal(0, each));
        Assert.Equal((0L, 0f), (report.TruncatedCount, report.LargestError));
    }

    [Fact]
    public void Quantize_MaskedVolume_KeepsZeroExact()
    {
        float[] samples = SyntheticSamples.Noise(10_000, 0, 0.7f, seed: 9);
        for (int i = 0; i < samples.Length; i += 2)
        {
            samples[i] = 0;
        }

        for (int bits = 2; bits <= 16; bits++)
        {
            Rescale limits = LimitRules.Choose(ImageStatistics.Of(samples), null, bits);
            (ushort[] stored, _) = Quantize(samples, limits);
            Assert.Equal(0, limits.Apply(stored[0]));
        }
    }

    private static (ushort[] Stored, QuantizationReport Report) Quantize(float[] samples, Rescale limits)
    {
        var stored = new ushort[samples.Length];
        if (limits.Bits > 8)
        {
            return (stored, Quantizer.Quantize(samples, limits, stored));
        }

        var bytes = new byte[samples.Length];
        QuantizationReport report = Quantizer.Quantize(samples, limits, bytes);
        return ([.. bytes.Select(each => (ushort)each)], report);
    }
}
