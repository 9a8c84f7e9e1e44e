using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Truncation;

public sealed class PlanSearchTests
{
    private static readonly Treatment s_tenBits = new() { Bits = 10 };

    [Theory]
    [InlineData(0, 4999, 13)] // labels in mode 2
    [InlineData(0, 65535, 16)]
    [InlineData(-300, 32767, 16)] // a tilt image with one hot pixel
    [InlineData(0, 1, 2)]
    public void Decide_WholeNumbers_AreExactInTheBitsTheyNeed(int low, int high, int bits)
    {
        float[] samples = SyntheticSamples.Integers(20_000, low, high, seed: 1);

        TruncationPlan plan = PlanSearch.Decide(samples, s_tenBits);

        Assert.Equal(bits, plan.Limits.Bits);
        Assert.True(plan.IsExact);
        var stored = new ushort[samples.Length];
        if (bits > 8)
        {
            Quantizer.Quantize(samples, plan.Limits, stored);
            Assert.Equal(samples, stored.Select(each => plan.Limits.Apply(each)));
        }
    }

    [Theory]
    [InlineData(0, 65536)]
    [InlineData(20_000_000, 20_000_100)]
    public void Decide_WholeNumbersBeyondReach_AreLossless(int low, int high) =>
        Assert.True(PlanSearch.Decide(SyntheticSamples.Integers(5000, low, high, seed: 2), s_tenBits).IsLossless);

    /// <summary>Counts of few electrons have a sigma of one or two: the guard would add bits to steps of 1 until float32 is left, larger than
    /// without any rule.</summary>
    [Theory]
    [InlineData(1.5, 5, false)]
    [InlineData(1.5, 3, true)]
    [InlineData(4, 4, true)]
    public void Decide_TruncatedCounts_EndAsExactIntegers(double mean, int bits, bool isGuarded)
    {
        float[] samples = SyntheticSamples.Counts(20_000, mean, seed: 11);
        TruncationPlan exact = PlanSearch.Decide(samples, s_tenBits);

        TruncationPlan plan = PlanSearch.Decide(samples, s_tenBits with { Bits = bits, TruncatesIntegers = true, KeepsSparse = true });

        Assert.Equal(exact with { IsGuarded = isGuarded }, plan);
        Assert.Equal((mean < 2 ? 4 : 5, 1f, true), (plan.Limits.Bits, plan.Limits.Step, plan.IsExact));
    }

    /// <summary>A hot pixel of 1023 among counts: at 5 bits the steps are of 32.</summary>
    [Fact]
    public void Decide_TruncatedCountsWithOneHotPixel_EndAsExactIntegers()
    {
        float[] samples = SyntheticSamples.Counts(20_000, 1.5, seed: 12);
        samples[77] = 1023;

        TruncationPlan plan = PlanSearch.Decide(samples, s_tenBits with { Bits = 5, TruncatesIntegers = true });
        TruncationPlan clamped = PlanSearch.Decide(
            samples, s_tenBits with { Bits = 5, TruncatesIntegers = true, Limits = LimitRequest.Sigma(4, 4, fitsData: true) });

        Assert.Equal((new Rescale(0, 1023, 10), true, true), (plan.Limits, plan.IsExact, plan.IsGuarded));
        Assert.Equal((new Rescale(0, 31, 5), false, false, true), (clamped.Limits, clamped.IsExact, clamped.IsGuarded, clamped.Clamps));
    }

    [Fact]
    public void Decide_TruncatedIntegersOfManyLevels_KeepTheirBits()
    {
        float[] samples = SyntheticSamples.Integers(20_000, 0, 1023, seed: 13);
        TruncationPlan plan = PlanSearch.Decide(samples, s_tenBits with { Bits = 5, TruncatesIntegers = true });
        Assert.Equal((5, 32f, false, false), (plan.Limits.Bits, plan.Limits.Step, plan.IsExact, plan.IsGuarded));
    }

    /// <summary>A rule that says losslessly has nothing to truncate, also with truncateIntegers: integers take less than float32.</summary>
    [Fact]
    public void Decide_LosslessRuleThatTruncatesIntegers_KeepsThemAsIntegers()
    {
        TruncationPlan plan = PlanSearch.Decide(
            SyntheticSamples.Integers(5000, 0, 200, seed: 14), s_tenBits with { Bits = 0, TruncatesIntegers = true });
        Assert.Equal((8, true), (plan.Limits.Bits, plan.IsExact));
    }

    /// <summary>"Losslessly" is byte for byte; whole numbers elsewhere are kept by value.</summary>
    [Fact]
    public void Decide_NegativeZeroAmongWholeNumbers_IsFloatWhereTheRuleSaysLosslessly()
    {
        float[] samples = SyntheticSamples.Integers(10_000, 0, 1, seed: 15);
        samples[9_999] = -0f;
        Treatment lossless = s_tenBits with { Bits = 0 };

        Assert.True(PlanSearch.Decide(samples, lossless).IsLossless);
        Assert.True(PlanSearch.Decide(samples, lossless with { TruncatesIntegers = true }, new Rescale(0, 3, 2)).IsLossless);
        Assert.Equal(2, PlanSearch.Decide(samples, s_tenBits).Limits.Bits);
        samples[9_999] = 0;
        Assert.Equal(2, PlanSearch.Decide(samples, lossless).Limits.Bits);
    }

    /// <summary>One pixel at 10⁵ in a micrograph of sigma 1 would leave ten levels of 100 each.</summary>
    [Fact]
    public void Decide_OneHotPixel_RaisesBitsOrGivesUp()
    {
        float[] samples = SyntheticSamples.Noise(256 * 256, 10, 1, seed: 3);
        samples[1234] = 1e4f;
        TruncationPlan raised = PlanSearch.Decide(samples, s_tenBits);
        samples[1234] = 1e5f;
        TruncationPlan lossless = PlanSearch.Decide(samples, s_tenBits);

        Assert.True(raised.IsGuarded);
        Assert.Equal(16, raised.Limits.Bits);
        Assert.InRange(raised.StepOverSigma, 0.14, 0.17);
        Assert.False(raised.Clamps);
        Assert.True(lossless is { IsGuarded: true, IsLossless: true });
    }

    [Fact]
    public void Decide_Noise_NeedsNoPassAndKeepsItsBits()
    {
        float[] samples = SyntheticSamples.Noise(4096, 0, 1, seed: 4);
        var search = new PlanSearch(FrameAnalysis.Of(samples), s_tenBits);

        Assert.False(search.NeedsPass);
        TruncationPlan plan = search.Decide();
        Assert.Equal((10, false, false), (plan.Limits.Bits, plan.IsGuarded, plan.IsExact));
    }

    [Fact]
    public void Decide_SparseStack_IsLosslessOnlyWhereTheTreatmentSaysSo()
    {
        float[] samples = SyntheticSamples.Noise(4096, 1, 0.1f, seed: 5);
        for (int i = 0; i < samples.Length; i += 3)
        {
            samples[i] = 0;
        }

        Assert.True(PlanSearch.Decide(samples, s_tenBits with { KeepsSparse = true }).IsLossless);
        Assert.Equal(10, PlanSearch.Decide(samples, s_tenBits).Limits.Bits);
    }

    [Fact]
    public void Decide_NonFinite_IsLosslessOrRefusedByHand()
    {
        float[] samples = [.. SyntheticSamples.Noise(100, 0, 1, seed: 6), float.NaN];

        Assert.True(PlanSearch.Decide(samples, s_tenBits).IsLossless);
        TruncationException refusal = Assert.Throws<TruncationException>(
            () => PlanSearch.Decide(samples, Treatment.Explicit(5, LimitRequest.None)));
        Assert.Contains("1 of 101 samples", refusal.Message, StringComparison.Ordinal);
        Assert.True(PlanSearch.Decide(samples, Treatment.Explicit(5, LimitRequest.None) with { KeepsNonFinite = true }).IsLossless);
    }

    [Fact]
    public void Decide_ExplicitBits_AreObeyedWithWarnings()
    {
        float[] noise = SyntheticSamples.Noise(20_000, 0, 1, seed: 7);
        noise[5] = 1000;

        TruncationPlan coarse = PlanSearch.Decide(noise, Treatment.Explicit(5, LimitRequest.None));
        TruncationPlan labels = PlanSearch.Decide(SyntheticSamples.Integers(20_000, 0, 4999, seed: 8), Treatment.Explicit(5, LimitRequest.None));

        Assert.Equal((5, false), (coarse.Limits.Bits, coarse.IsGuarded));
        Assert.Contains("robust sigma", Assert.Single(coarse.Warnings), StringComparison.Ordinal);
        Assert.Equal(256, labels.Limits.Step);
        Assert.Contains("whole numbers", Assert.Single(labels.Warnings), StringComparison.Ordinal);
    }

    /// <summary>A volume in parts, from any thread and in any order, has one plan.</summary>
    [Fact]
    public void Analysis_PartsInAnyOrder_GivesTheSameSigma()
    {
        float[] samples = SyntheticSamples.Noise(300_000, 5, 2, seed: 9);
        FrameAnalysis whole = FrameAnalysis.Of(samples);
        var parts = new FrameAnalysis(samples.Length);
        foreach (int start in Enumerable.Range(0, 300).Select(part => part * 7 % 300 * 1000))
        {
            parts.Add(start, samples.AsSpan(start, 1000));
        }

        Assert.Equal(whole.RobustSigma(), parts.RobustSigma());
        Assert.Equal(2, whole.RobustSigma(), 0.06);
        Assert.Equal(whole.Statistics.Maximum, parts.Statistics.Maximum);
    }

    [Fact]
    public void Decide_SamplesInsideEarlierLimits_KeepsThem()
    {
        var limits = new Rescale(-3, 4, 8);
        float[] inside = [-3, 0.2f, -0.7f, 1.1f, limits.Apply(255)], outside = [-3, 0.2f, -0.7f, 1.1f, 4.1f];

        TruncationPlan kept = PlanSearch.Decide(inside, s_tenBits, limits);
        Assert.Equal((limits, true), (kept.Limits, kept.StepOverSigma is > 0 and < 0.3));
        TruncationPlan other = PlanSearch.Decide(outside, s_tenBits, limits);
        Assert.Equal((10, true), (other.Limits.Bits, other.Limits.Maximum >= 4.1f));
    }

    /// <summary>Old limits are no excuse for losing more than the rule allows: other samples may have come to lie within them.</summary>
    [Fact]
    public void Decide_EarlierLimitsTooCoarse_AreGivenUp()
    {
        var limits = new Rescale(-100, 100, 8);
        float[] fine = SyntheticSamples.Noise(4000, 0, 0.01f, seed: 1);
        Assert.Equal(10, PlanSearch.Decide(fine, s_tenBits, limits).Limits.Bits);
        Assert.Equal(limits, PlanSearch.Decide(SyntheticSamples.Noise(4000, 0, 20, seed: 1), s_tenBits, limits).Limits);
        Assert.True(PlanSearch.Decide(SyntheticSamples.Noise(4000, 0, 20, seed: 1), s_tenBits with { Bits = 0 }, limits).IsLossless);
        Assert.True(PlanSearch.Decide([1, 2.5f, float.NaN], s_tenBits, limits).IsLossless);
    }

    /// <summary>Whole numbers keep limits that give each of them back, and no others.</summary>
    [Theory]
    [InlineData(-10, 245, 8, true)]
    [InlineData(0, 1023, 10, true)]
    [InlineData(-0.5, 254.5, 8, false)]
    [InlineData(0, 510, 8, false)]
    [InlineData(0, 127.5, 8, true)] // steps of half
    public void Decide_WholeNumbersInsideEarlierLimits_StayExact(float minimum, float maximum, int bits, bool isKept)
    {
        var limits = new Rescale(minimum, maximum, bits);
        TruncationPlan plan = PlanSearch.Decide(SyntheticSamples.Integers(1000, 3, 90, seed: 1), s_tenBits, limits);
        Assert.True(plan.IsExact);
        Assert.Equal(isKept, plan.Limits == limits);
    }

    [Fact]
    public void Decide_RangeWithoutAStep_IsLosslessOrRefused()
    {
        float[] samples = [-3e38f, 3e38f, 0.5f];

        Assert.True(PlanSearch.Decide(samples, s_tenBits).IsLossless);
        Assert.Throws<TruncationException>(() => PlanSearch.Decide(samples, Treatment.Explicit(8, LimitRequest.None)));
    }
}
