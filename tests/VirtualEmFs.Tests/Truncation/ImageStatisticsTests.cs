using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Truncation;

public sealed class ImageStatisticsTests
{
    /// <summary>Odd lengths leave a tail behind the vectors; a lost or doubled sample shows in count, zeros and sums.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(33)]
    [InlineData(4097)]
    [InlineData(10_001)]
    public void Of_AnyLength_AgreesWithTheScalarTwin(int length)
    {
        float[] samples = SyntheticSamples.Noise(length, -3, 7, seed: length);
        samples[length / 2] = 0;
        samples[length / 3] = samples[^1] = -0f;

        ImageStatistics vector = ImageStatistics.Of(samples);
        ImageStatistics scalar = StatisticsKernel.GatherScalar(samples, float.MinValue, float.MaxValue);

        Assert.Equal((scalar.Count, scalar.ZeroCount, scalar.NonFiniteCount), (vector.Count, vector.ZeroCount, vector.NonFiniteCount));
        Assert.Equal(samples.Count(sample => sample == 0 && float.IsNegative(sample)), vector.NegativeZeroCount);
        Assert.Equal((scalar.Minimum, scalar.Maximum, scalar.IsInteger), (vector.Minimum, vector.Maximum, vector.IsInteger));
        Assert.Equal(scalar.Sum, vector.Sum, 1e-9 * length);
        Assert.Equal(scalar.SumOfSquares, vector.SumOfSquares, 1e-9 * length);
    }

    [Fact]
    public void Of_NonFiniteSamples_CountsThemAndLeavesThemOut()
    {
        float[] samples = SyntheticSamples.Integers(9000, -5, 12, seed: 1);
        float[] finite = [.. samples];
        (samples[100], samples[5000], samples[8999]) = (float.NaN, float.PositiveInfinity, float.NegativeInfinity);
        float[] rest = [.. finite.Where((_, i) => i is not (100 or 5000 or 8999))];

        ImageStatistics statistics = ImageStatistics.Of(samples);

        Assert.Equal(3, statistics.NonFiniteCount);
        Assert.Equal(rest.Min(), statistics.Minimum);
        Assert.Equal(rest.Max(), statistics.Maximum);
        Assert.Equal(rest.Average(), statistics.Mean, 1e-5);
        Assert.True(statistics.IsInteger);
        Assert.Equal(rest.Count(sample => sample == 0), statistics.ZeroCount);
    }

    /// <summary>Clamped samples are zeros of either sign only where the limits let 0 pass.</summary>
    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(-2, -1)]
    public void OfClamped_NegativeZeros_CountWhereTheyStayZeros(float low, float high)
    {
        float[] samples = [.. Enumerable.Range(0, 100).Select(i => i % 3 == 0 ? -0f : i % 3 == 1 ? 0f : i - 50f)];
        Assert.Equal(low <= 0 && high >= 0 ? 34 : 0, ImageStatistics.OfClamped(samples, low, high).NegativeZeroCount);
    }

    [Fact]
    public void Merge_Parts_EqualsTheWhole()
    {
        float[] samples = SyntheticSamples.Noise(50_000, 20, 3, seed: 2);
        (samples[5], samples[40_000]) = (-0f, -0f);
        ImageStatistics whole = ImageStatistics.Of(samples);

        var parts = default(ImageStatistics);
        for (int i = 0; i < samples.Length; i += 777)
        {
            parts = parts.Merge(ImageStatistics.Of(samples.AsSpan(i, Math.Min(777, samples.Length - i))));
        }

        Assert.Equal((whole.Count, whole.Minimum, whole.Maximum), (parts.Count, parts.Minimum, parts.Maximum));
        Assert.Equal((2, 2), (whole.NegativeZeroCount, parts.NegativeZeroCount));
        Assert.Equal(whole.Mean, parts.Mean, 1e-9);
        Assert.Equal(whole.Sigma, parts.Sigma, 1e-9);
    }

    [Theory]
    [InlineData(2147483520f, true)]
    [InlineData(2147483648f, false)]
    [InlineData(-2147483648f, true)]
    [InlineData(-2147483904f, false)]
    [InlineData(0.5f, false)]
    [InlineData(-0f, true)]
    public void IsInteger_OneSample_FollowsInt32(float sample, bool expected) =>
        Assert.Equal(expected, ImageStatistics.Of([sample]).IsInteger);

    [Fact]
    public void SigmaNonZero_MaskedSamples_IgnoresTheZeros()
    {
        ImageStatistics statistics = ImageStatistics.Of([0, 0, 2, 4, 0, 6]);

        Assert.Equal(4, statistics.MeanNonZero);
        Assert.Equal(2, statistics.SigmaNonZero);
        Assert.Equal(2, statistics.Mean);
    }

    [Fact]
    public void OrderStatistic_EveryRank_EqualsSorting()
    {
        float[] samples = [.. SyntheticSamples.Noise(501, -1e-3f, 1, seed: 3), 0, -0f, float.MaxValue, float.MinValue];
        float[] sorted = [.. samples.Order()];
        for (int rank = 0; rank < samples.Length; rank++)
        {
            Assert.Equal(sorted[rank], OrderStatistic.Select(samples, rank));
        }
    }
}
