using System.Collections.Immutable;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Truncation;

/// <summary>
/// Decides how one image or volume is stored: first what must be exact, then the limits, then the precision guard.
/// </summary>
/// <remarks>
/// <c>while (search.NeedsPass) { foreach part: search.Add(part); search.EndPass(); }</c>, and then <see cref="Decide"/>. No pass is needed
/// unless limits were asked for that may clamp. One thread at a time. Source: semantics.md, Writing: Rules, Precision guard.
/// </remarks>
public sealed class PlanSearch
{
    private readonly FrameAnalysis _analysis;
    private readonly ImageStatistics _statistics;
    private readonly Treatment _treatment;
    private readonly Rescale? _earlierLimits;
    private readonly TruncationPlan? _early;
    private readonly LimitSearch? _limits;

    /// <param name="analysis">Complete: every sample was added.</param>
    /// <param name="treatment">What is to be done with the file.</param>
    /// <param name="earlierLimits">
    /// Limits under which an archive held these samples, or most of them, before. They are kept where all samples lie within them and no
    /// more is lost than the treatment allows: what did not change then becomes the same integers again. Null for none.
    /// </param>
    /// <exception cref="TruncationException">Explicit bits for samples that are not finite.</exception>
    public PlanSearch(FrameAnalysis analysis, Treatment treatment, Rescale? earlierLimits = null)
    {
        ArgumentNullException.ThrowIfNull(analysis);
        ArgumentNullException.ThrowIfNull(treatment);
        (_analysis, _treatment, _statistics, _earlierLimits) = (analysis, treatment, analysis.Statistics, earlierLimits);
        _early = DecideEarly();
        _limits = _early is null ? new LimitSearch(treatment.Limits, _statistics) : null;
    }

    /// <summary>Decides for samples that are at hand as one span.</summary>
    /// <inheritdoc cref="PlanSearch(FrameAnalysis, Treatment, Rescale?)"/>
    public static TruncationPlan Decide(ReadOnlySpan<float> samples, Treatment treatment, Rescale? earlierLimits = null)
    {
        var search = new PlanSearch(FrameAnalysis.Of(samples), treatment, earlierLimits);
        while (search.NeedsPass)
        {
            search.Add(samples);
            search.EndPass();
        }

        return search.Decide();
    }

    /// <summary>True when all samples have to be added once (more).</summary>
    public bool NeedsPass => _limits?.NeedsPass ?? false;

    /// <summary>True when further parts of the current pass would change nothing: it may end early.</summary>
    public bool IsPassDecided => _limits?.IsPassDecided ?? false;

    /// <summary>Adds a part of the current pass.</summary>
    public void Add(ReadOnlySpan<float> samples) => _limits?.Add(samples);

    /// <summary>Ends a pass in which every sample was added.</summary>
    public void EndPass() => _limits?.EndPass();

    /// <summary>The plan.</summary>
    /// <exception cref="TruncationException">Explicit bits for a range that float32 arithmetic cannot hold.</exception>
    public TruncationPlan Decide()
    {
        if (_early is not null)
        {
            return _early;
        }

        int bits = _treatment.Bits;
        Rescale limits = _limits!.Choose(bits);
        if (limits.Minimum == limits.Maximum)
        {
            return new TruncationPlan { Limits = limits, IsExact = _statistics.IsConstant, Reason = "constant" };
        }

        if (!HasStep(limits))
        {
            return _treatment.IsExplicit
                ? throw new TruncationException($"the range {limits.Minimum} to {limits.Maximum} has no float32 step: store it with 0 bits")
                : Lossless("a range without a float32 step");
        }

        double sigma = _analysis.RobustSigma();
        if (_treatment.IsExplicit)
        {
            return new TruncationPlan
            {
                Limits = limits,
                Clamps = _limits.Clamps,
                StepOverSigma = limits.Step / sigma,
                Reason = _treatment.Rule,
                Warnings = WarningsFor(limits, sigma),
            };
        }

        int exactBits = LimitRules.BitsForExactIntegers(_statistics) ?? int.MaxValue;
        while (bits < exactBits && !IsFineEnough(limits, sigma))
        {
            if (bits == 16)
            {
                return Lossless("16 bits are too coarse for the noise") with { IsGuarded = true };
            }

            limits = _limits.Choose(++bits);
        }

        if (bits >= exactBits)
        {
            return ExactIntegers()! with { IsGuarded = bits > _treatment.Bits };
        }

        return new TruncationPlan
        {
            Limits = limits,
            IsGuarded = bits > _treatment.Bits,
            Clamps = _limits.Clamps,
            StepOverSigma = limits.Step / sigma,
            Reason = _treatment.Rule,
        };
    }

    /// <summary>The plan where no limits have to be searched; null otherwise.</summary>
    private TruncationPlan? DecideEarly()
    {
        if (!_statistics.IsFinite)
        {
            return _treatment is { IsExplicit: true, Bits: > 0, KeepsNonFinite: false }
                ? throw new TruncationException(
                    $"{_statistics.NonFiniteCount} of {_statistics.Count} samples are NaN or infinite and cannot be truncated: store them with 0 bits, or with --nonfinite lossless")
                : Lossless("NaN or infinity");
        }

        // Where every byte has to come back, the sign of a -0 has to: among whole numbers it would be lost.
        bool isInteger = _statistics.IsInteger && !(_treatment.Bits == 0 && _statistics.NegativeZeroCount > 0);
        bool truncatesIntegers = _treatment.IsExplicit || (_treatment.TruncatesIntegers && _treatment.Bits > 0);
        if (isInteger && !truncatesIntegers)
        {
            return ExactIntegers() ?? Lossless("whole numbers beyond 16 bits");
        }

        return _treatment.Bits == 0 ? Lossless(_treatment.Rule)
            : _treatment.KeepsSparse && !isInteger && _statistics.ZeroCount > _statistics.Count / 4 ? Lossless("over a quarter exact zeros")
            : _earlierLimits is Rescale limits && Contains(limits) && LosesNoMore(limits)
            ? Kept(limits) with { StepOverSigma = limits.Step == 0 ? 0 : limits.Step / _analysis.RobustSigma() }
            : null;
    }

    /// <summary>The plan that gives whole numbers back exactly; null when 16 bits cannot do it.</summary>
    private TruncationPlan? ExactIntegers() =>
        _earlierLimits is Rescale exact && Contains(exact) && HoldsWholeNumbers(exact) ? Kept(exact) with { IsExact = true }
        : LimitRules.BitsForExactIntegers(_statistics) is int bits
        ? new TruncationPlan { Limits = LimitRules.Choose(_statistics, null, bits), IsExact = true, Reason = "whole numbers" }
        : null;

    private static TruncationPlan Kept(Rescale limits) => new() { Limits = limits, KeepsLimits = true, Reason = "limits of the earlier archive" };

    /// <summary>True when all samples lie between the values that the limits stand for; the highest may lie a rounding beyond its limit.</summary>
    private bool Contains(Rescale limits) =>
        limits.Bits <= 16 && limits.Minimum <= limits.Maximum
        && _statistics.Minimum >= MathF.Min(limits.Minimum, limits.Apply(0))
        && _statistics.Maximum <= MathF.Max(limits.Maximum, limits.Apply((1 << limits.Bits) - 1));

    private bool LosesNoMore(Rescale limits) => _treatment.IsExplicit || limits.Step <= _treatment.MaxStepSigma * _analysis.RobustSigma();

    /// <summary>Steps of 1 between whole numbers are as fine as they get: more bits would only add empty levels.</summary>
    private bool IsFineEnough(Rescale limits, double sigma) =>
        limits.Step <= _treatment.MaxStepSigma * sigma || (limits.Step <= 1 && _limits!.AreWholeNumbers);

    /// <summary>True when every whole number between the extremes comes back as it is.</summary>
    private bool HoldsWholeNumbers(Rescale limits)
    {
        double range = (double)_statistics.Maximum - _statistics.Minimum;
        if (range > ushort.MaxValue)
        {
            return false;
        }

        var numbers = new float[(int)range + 1];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = _statistics.Minimum + i;
        }

        return Quantizer.QuantizeBytes(numbers, limits, new byte[numbers.Length * sizeof(ushort)]) is { LargestError: 0, LargestMove: 0 };
    }

    private static TruncationPlan Lossless(string reason) => new() { Limits = Rescale.None, IsExact = true, Reason = reason };

    private static bool HasStep(Rescale limits) => float.IsNormal(limits.Step) && limits.Step > 0;

    private ImmutableArray<string> WarningsFor(Rescale limits, double sigma)
    {
        ImmutableArray<string> warnings = [];
        if (limits.Step > _treatment.MaxStepSigma * sigma)
        {
            warnings = warnings.Add(
                $"{limits.Bits} bits make a step of {limits.Step:g4}, {limits.Step / sigma:g3} of the robust sigma: detail is lost that {_treatment.MaxStepSigma} would keep");
        }

        if (_statistics.IsInteger && (limits.Step > 1 || _limits!.Clamps))
        {
            warnings = warnings.Add($"whole numbers from {_statistics.Minimum} to {_statistics.Maximum} lose values in {limits.Bits} bits");
        }

        return warnings;
    }
}
