using VirtualEmFs.Archives.Mrc;

namespace VirtualEmFs.Archives;

/// <summary>What a user can choose about the presentation of archives.</summary>
public sealed record FormatOptions
{
    /// <summary>What relion_convert_to_tiff and motion correction do unless told otherwise.</summary>
    public static FormatOptions Default { get; } = new();

    /// <summary>Internal frames of an EER file that are summed into one frame: 1 to 65,535.</summary>
    public int EerGrouping
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, ushort.MaxValue);
            field = value;
        }
    } = 40;

    /// <summary>1: EER frames on the sensor's pixels; 2: on a grid of half their size.</summary>
    public int EerUpsampling
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 2);
            field = value;
        }
    } = 1;

    /// <summary>Plain MRC files of other modes and byte orders are presented, too: as float32, little-endian.</summary>
    public bool PresentsMrcAsSingle { get; init; }

    /// <summary>How the bytes of MRC mode 0 are read where such files are presented.</summary>
    public MrcByteSign ByteSign { get; init; }
}
