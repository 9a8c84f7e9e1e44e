namespace VirtualEmFs.Frames;

/// <summary>
/// How stored integers become float32: EMAN2's rule, in its exact order of float32 operations.
/// <c>value = stored · ((max − min) · (1 / (2^bits − 1))) + min</c>, each step rounded, no fused multiply-add.
/// </summary>
/// <remarks>
/// The bin that stands for zero reads as exactly 0 when min &lt; 0 &lt; max and the value lies within
/// 2e-7 · max(|min|, |max|) of zero (semantics.md, Reading; spec/eman2-hdf5.md section 2). Immutable; any thread.
/// </remarks>
public readonly record struct Rescale
{
    /// <summary>Samples are only converted to float32.</summary>
    public static Rescale None => default;

    /// <summary>Value of the stored integer 0 (<c>stored_rendermin</c>).</summary>
    public float Minimum { get; }

    /// <summary>Value of the stored integer 2^bits − 1 (<c>stored_rendermax</c>).</summary>
    public float Maximum { get; }

    /// <summary>Bits of a stored sample; 0 means that nothing is rescaled.</summary>
    public int Bits { get; }

    /// <param name="bits">1 to 32.</param>
    public Rescale(float minimum, float maximum, int bits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 32);
        (Minimum, Maximum, Bits) = (minimum, maximum, bits);
    }

    /// <summary>True when samples are only converted.</summary>
    public bool IsNone => Bits == 0;

    /// <summary>Value of one step between neighbouring stored integers.</summary>
    public float Step => (Maximum - Minimum) * (1f / (float)((1UL << Bits) - 1));

    /// <summary>Values of this magnitude or less read as zero; negative when zero is not inside the limits.</summary>
    public float ZeroTolerance =>
        Minimum < 0 && Maximum > 0 ? 2e-7f * MathF.Max(MathF.Abs(Minimum), MathF.Abs(Maximum)) : -1f;

    /// <summary>The float32 value of one stored integer.</summary>
    public float Apply(float stored)
    {
        if (IsNone)
        {
            return stored;
        }

        float product = stored * Step;
        float value = product + Minimum;
        return MathF.Abs(value) <= ZeroTolerance ? 0f : value;
    }
}
