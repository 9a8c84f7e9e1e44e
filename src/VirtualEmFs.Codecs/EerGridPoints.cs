using System.Runtime.CompilerServices;

namespace VirtualEmFs.Codecs;

/// <summary>Where on a group's grid an electron is counted.</summary>
internal interface IGridPoints
{
    /// <summary>The point of the grid for an electron's pixel and the bits of its position.</summary>
    static abstract nint Of(int pixel, int position, int sensorBits);
}

/// <summary>Upsampling 1: the sensor's pixels.</summary>
internal readonly struct SinglePoints : IGridPoints
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Of(int pixel, int position, int sensorBits) => pixel;
}

/// <summary>Upsampling 2: halves of pixels along both axes.</summary>
internal readonly struct DoubledPoints<TCoding> : IGridPoints
    where TCoding : struct, IEerCoding
{
    // The position is a signed offset along each axis; inverting its top bit gives the half of the pixel, from left and from the first row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Of(int pixel, int position, int sensorBits)
    {
        unchecked
        {
            int right = ((position >> (TCoding.AxisBits - 1)) & 1) ^ 1;
            int lower = ((position >> ((2 * TCoding.AxisBits) - 1)) & 1) ^ 1;
            int x = pixel & ((1 << sensorBits) - 1);
            int y = pixel >> sensorBits;
            return ((((nint)y << 1) + lower) << (sensorBits + 1)) + (x << 1) + right;
        }
    }
}
