namespace VirtualEmFs.Frames.Mrc;

/// <summary>How the samples of an MRC file are stored: its mode and byte order.</summary>
/// <remarks>Immutable; any thread. Modes 0, 1, 2, 6, 12 and 101; complex modes have no place in an archive.</remarks>
public readonly record struct MrcSampleFormat
{
    /// <summary>4-bit samples, two to a byte, low nibble first; each row starts on a byte.</summary>
    public const int PackedNibblesMode = 101;

    /// <summary>float32, little-endian: what synthesised headers announce.</summary>
    public static MrcSampleFormat Single { get; } = new(2, isBigEndian: false);

    /// <exception cref="ArgumentOutOfRangeException">A mode that archives do not hold.</exception>
    public MrcSampleFormat(int mode, bool isBigEndian)
    {
        if (!IsSupported(mode))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "not a mode of real-valued MRC samples");
        }

        (Mode, IsBigEndian) = (mode, isBigEndian);
    }

    /// <summary>MRC mode.</summary>
    public int Mode { get; }

    public bool IsBigEndian { get; }

    /// <summary>Bits of one sample.</summary>
    public int SampleBits => Mode switch { 0 => 8, 2 => 32, PackedNibblesMode => 4, _ => 16 };

    /// <summary>True when the float32 payload of an archive is the file's own bytes.</summary>
    public bool IsPlainSingle => Mode == 2 && !IsBigEndian;

    /// <summary>True for the modes whose samples are real numbers.</summary>
    public static bool IsSupported(int mode) => mode is 0 or 1 or 2 or 6 or 12 or PackedNibblesMode;

    /// <summary>Length of one row in bytes, rounded up to whole bytes.</summary>
    /// <param name="nx">Samples of the row.</param>
    public long RowLengthBytes(int nx) => (((long)nx * SampleBits) + 7) / 8;
}
