using VirtualEmFs.Frames;

namespace VirtualEmFs.Truncation;

/// <summary>
/// Finds a frame's limits from its statistics and, only where the request needs it, further passes over the samples:
/// one for the outlier histogram, one for the statistics of clamped samples.
/// </summary>
/// <remarks>
/// <c>while (search.NeedsPass) { foreach part: search.Add(part); search.EndPass(); }</c>, and then <see cref="Choose"/>. One thread at a
/// time. Without clamping no pass is needed: the statistics say it all.
/// </remarks>
public sealed class LimitSearch
{
    private readonly LimitRequest _request;
    private readonly ImageStatistics _statistics;
    private OutlierHistogram? _histogram;
    private (float Low, float High)? _proposed;
    private bool _needsClampedStatistics;
    private ImageStatistics _clamped;

    /// <param name="request">What was asked for.</param>
    /// <param name="statistics">Statistics of all samples, every one of them finite.</param>
    public LimitSearch(LimitRequest request, in ImageStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(request);
        _request = request;
        _statistics = statistics;
        if (request.Kind == LimitKind.Outliers)
        {
            _histogram = new OutlierHistogram(statistics.Minimum, statistics.Maximum, request.BinCount);
        }
        else
        {
            Propose(null);
        }
    }

    /// <summary>True when all samples have to be added once (more).</summary>
    public bool NeedsPass => _histogram is not null || _needsClampedStatistics;

    /// <summary>True when samples lie outside the limits that were proposed.</summary>
    public bool Clamps { get; private set; }

    /// <summary>True when all samples are whole numbers once they are clamped.</summary>
    public bool AreWholeNumbers => !NeedsPass && _clamped.IsInteger;

    /// <summary>True when further parts of the current pass would change nothing: it may end early.</summary>
    /// <remarks>Clamping moves the extremes to where they are known to be; only whether all samples are whole numbers has to be
    /// looked for, and the first one that is not answers that.</remarks>
    public bool IsPassDecided => _histogram is null && _needsClampedStatistics && _clamped.FiniteCount > 0 && !_clamped.IsInteger;

    /// <summary>Adds a part of the current pass.</summary>
    public void Add(ReadOnlySpan<float> samples)
    {
        if (_histogram is not null)
        {
            _histogram.Add(samples);
        }
        else if (_proposed is (float low, float high))
        {
            _clamped = _clamped.Merge(ImageStatistics.OfClamped(samples, low, high));
        }
    }

    /// <summary>Ends a pass in which every sample was added.</summary>
    public void EndPass()
    {
        if (_histogram is OutlierHistogram histogram)
        {
            _histogram = null;
            Propose(histogram.FindLimits());
        }
        else
        {
            _needsClampedStatistics = false;
            if (_proposed is (float low, float high))
            {
                // The extremes of all samples, wherever the pass ended.
                ReadOnlySpan<float> extremes = [Math.Clamp(_statistics.Minimum, low, high), Math.Clamp(_statistics.Maximum, low, high)];
                _clamped = _clamped.Merge(ImageStatistics.Of(extremes));
            }
        }
    }

    /// <summary>The limits to store for a number of bits; no pass depends on the bits.</summary>
    public Rescale Choose(int bits)
    {
        if (NeedsPass)
        {
            throw new InvalidOperationException("the samples have not been added");
        }

        return LimitRules.Choose(_clamped, _proposed, bits);
    }

    private void Propose((float Low, float High)? outliers)
    {
        _proposed = _request.Propose(_statistics, outliers);
        _clamped = _statistics;
        if (_proposed is (float low, float high) && LimitRules.AreValid(low, high)
            && (low > _statistics.Minimum || high < _statistics.Maximum))
        {
            Clamps = true;
            _needsClampedStatistics = true;
            _clamped = default;
        }
    }
}
