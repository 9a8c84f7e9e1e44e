using System.Runtime.CompilerServices;

namespace VirtualEmFs.Truncation;

/// <summary>
/// EMAN2's histogram rule: limits that leave at most 0.005 % of the samples (and never fewer than 8) beyond each side, plus half a bin.
/// </summary>
/// <remarks>
/// Bin centres lie at <c>minimum + i · width</c>. One thread fills one histogram; <see cref="Merge"/> joins those of several.
/// Source: spec/eman2-hdf5.md section 3.4.
/// </remarks>
public sealed class OutlierHistogram
{
    private readonly long[] _counts;
    private readonly float _minimum;
    private readonly float _maximum;
    private readonly float _binsPerUnit;

    /// <param name="minimum">Smallest sample of the whole image or volume.</param>
    /// <param name="maximum">Largest sample of the whole image or volume.</param>
    /// <param name="binCount">1024 (e2compress) or 4096 (write_compressed).</param>
    public OutlierHistogram(float minimum, float maximum, int binCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(binCount, 4);
        _counts = new long[binCount];
        (_minimum, _maximum) = (minimum, maximum);
        _binsPerUnit = maximum > minimum ? (binCount - 1) / (maximum - minimum) : 0;
    }

    /// <summary>Counts a part's samples, which lie within the extremes given at construction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ReadOnlySpan<float> samples)
    {
        long[] counts = _counts;
        (float minimum, float binsPerUnit) = (_minimum, _binsPerUnit);
        unchecked
        {
            foreach (float sample in samples)
            {
                float position = (sample - minimum) * binsPerUnit;
                int bin = (int)position;
                bin += position - bin >= 0.5f ? 1 : 0; // round half away from zero; never negative
                counts[Math.Clamp(bin, 0, counts.Length - 1)]++;
            }
        }
    }

    /// <summary>Adds the counts of a histogram of the same extremes and bins.</summary>
    public void Merge(OutlierHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (int bin = 0; bin < _counts.Length; bin++)
        {
            _counts[bin] += other._counts[bin];
        }
    }

    /// <summary>The limits: the first bin from each end at which more samples than allowed have been passed.</summary>
    public (float Low, float High) FindLimits()
    {
        long sampleCount = 0;
        foreach (long count in _counts)
        {
            sampleCount += count;
        }

        int last = _counts.Length - 1;
        int half = _counts.Length / 2;
        long allowed = Math.Max(sampleCount / 20000, 8);

        int low = 0;
        for (long passed = _counts[0]; low < half - 1 && passed <= allowed; passed += _counts[low])
        {
            low++;
        }

        int high = last;
        for (long passed = _counts[last]; high > half + 1 && passed <= allowed; passed += _counts[high])
        {
            high--;
        }

        double width = ((double)_maximum - _minimum) / last;
        return ((float)((low * width) + _minimum), (float)((high * width) + _minimum));
    }
}
