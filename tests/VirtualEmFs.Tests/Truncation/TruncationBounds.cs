using VirtualEmFs.Frames;

namespace VirtualEmFs.Tests.Truncation;

/// <summary>What truncation may cost: spec/eman2-hdf5.md section 10.</summary>
internal static class TruncationBounds
{
    /// <summary>Half a step, and float32's rounding of the limits.</summary>
    public static double LargestError(Rescale limits)
    {
        double step = ((double)limits.Maximum - limits.Minimum) / ((1L << limits.Bits) - 1);
        return (step / 2) + (4e-7 * Math.Max(Math.Abs(limits.Minimum), Math.Abs(limits.Maximum)));
    }
}
