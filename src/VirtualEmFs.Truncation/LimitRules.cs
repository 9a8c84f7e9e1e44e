using VirtualEmFs.Frames;

namespace VirtualEmFs.Truncation;

/// <summary>
/// Stage B of EMAN2's limits (Table 2 of the paper): turns the statistics of a frame, and the limits that were proposed, into the
/// limits that are stored.
/// </summary>
/// <remarks>
/// Float32 arithmetic in EMAN2's order (spec/eman2-hdf5.md section 3.1), with one deviation, which the paper asks for: a frame of
/// non-integers that does not span zero, and for which no valid limits were given, keeps its own extremes, where EMAN2 stores 0, 0
/// and loses every sample. Pure functions; any thread.
/// </remarks>
public static class LimitRules
{
    /// <summary>Limits beyond this size count as not given.</summary>
    public const float LargestLimit = 1e28f;

    /// <summary>True when the limits take part: ordered, and of plausible size.</summary>
    public static bool AreValid(float low, float high) =>
        low < high && MathF.Abs(low) <= LargestLimit && MathF.Abs(high) <= LargestLimit;

    /// <summary>The limits that are stored.</summary>
    /// <param name="clamped">Statistics of the samples, clamped to <paramref name="proposed"/> where that is valid.</param>
    /// <param name="proposed">Limits that were asked for; null for none.</param>
    /// <param name="bits">2 to 16.</param>
    public static Rescale Choose(in ImageStatistics clamped, (float Low, float High)? proposed, int bits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 16);
        float minimum = clamped.Minimum, maximum = clamped.Maximum;
        float range = maximum - minimum;
        float levels = (1 << bits) - 1; // R
        bool spansZero = minimum < 0 && maximum > 0;

        if (range == 1)
        {
            return new Rescale(minimum, maximum, bits);
        }

        if (clamped.IsInteger && range < levels + 1)
        {
            return new Rescale(minimum, minimum + levels, bits);
        }

        if (clamped.IsInteger)
        {
            int neededBits = (int)Math.Ceiling(Math.Log2((double)maximum - minimum + 1));
            float step = MathF.ScaleB(1, neededBits - bits);
            float low = spansZero ? MathF.Round(minimum / step, MidpointRounding.AwayFromZero) * step : minimum;
            return new Rescale(low, low + (step * levels), bits);
        }

        if (spansZero)
        {
            float plainStep = range / levels;
            if (minimum == Math.Floor((double)(minimum / plainStep)) * plainStep)
            {
                return new Rescale(minimum, maximum, bits);
            }

            // One level is given up, so that a multiple of the step, and with it zero, falls on the grid.
            float step = range / (levels - 1);
            float low = MathF.Floor(minimum / step) * step;
            return new Rescale(low, low + (step * levels), bits);
        }

        return proposed is (float proposedLow, float proposedHigh) && AreValid(proposedLow, proposedHigh)
            ? new Rescale(proposedLow, proposedHigh, bits)
            : new Rescale(minimum, maximum, bits);
    }

    /// <summary>Bits that whole numbers need to come back exactly; null when no 16 bits, or no float32 arithmetic, can do it.</summary>
    public static int? BitsForExactIntegers(in ImageStatistics statistics)
    {
        if (!statistics.IsInteger || !statistics.IsFinite)
        {
            return null;
        }

        double range = (double)statistics.Maximum - statistics.Minimum;
        int bits = 2;
        while (bits <= 16 && range > (1 << bits) - 1)
        {
            bits++;
        }

        // Up to 2^24 every whole number is a float32, so that limits and rescaling are exact.
        double largest = Math.Max(Math.Abs((double)statistics.Minimum), Math.Abs(statistics.Minimum + (double)((1L << bits) - 1)));
        return bits <= 16 && largest <= 1 << 24 ? bits : null;
    }
}
