using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace VirtualEmFs.Frames.Mrc;

/// <summary>The main header of an MRC file (MRC2014, 1024 bytes), with the fields that older programs fill differently.</summary>
/// <remarks>Immutable; any thread. Parsing takes both byte orders; writing is little-endian. Words are numbered from 1 in comments,
/// as the format's own table does.</remarks>
public sealed record MrcHeader
{
    /// <summary>Length of the main header.</summary>
    public const int LengthBytes = 1024;

    /// <summary>Labels that a header has room for, 80 characters each.</summary>
    public const int LabelCapacity = 10;

    /// <summary>Length of one label.</summary>
    public const int LabelLengthBytes = 80;

    /// <summary>Value of <see cref="ImodStamp"/> in files that IMOD wrote ("IMOD").</summary>
    public const int ImodStampValue = 1146047817;

    public int Nx { get; init; }

    public int Ny { get; init; }

    public int Nz { get; init; }

    public int Mode { get; init; }

    /// <summary>NXSTART, NYSTART, NZSTART.</summary>
    public (int X, int Y, int Z) Start { get; init; }

    /// <summary>MX, MY, MZ: sampling of the cell.</summary>
    public (int X, int Y, int Z) Sampling { get; init; }

    /// <summary>CELLA: cell lengths in Å.</summary>
    public AngstromVector CellLengths { get; init; }

    /// <summary>CELLB: cell angles in degrees.</summary>
    public (float Alpha, float Beta, float Gamma) CellAngles { get; init; } = (90, 90, 90);

    /// <summary>MAPC, MAPR, MAPS: the axes of columns, rows and sections.</summary>
    public (int Columns, int Rows, int Sections) Axes { get; init; } = (1, 2, 3);

    /// <summary>DMIN, DMAX, DMEAN and RMS as they stand in the header.</summary>
    public FrameStatistics Statistics { get; init; } = UndeterminedStatistics;

    /// <summary>ISPG: 0 stack of images, 1 volume, 401–630 stack of volumes.</summary>
    public int SpaceGroup { get; init; }

    /// <summary>NSYMBT.</summary>
    public int ExtendedHeaderLengthBytes { get; init; }

    /// <summary>EXTTYP, four characters; empty when zero.</summary>
    public string ExtendedHeaderType { get; init; } = "";

    public int Version { get; init; } = 20141;

    /// <summary>Word 39: <see cref="ImodStampValue"/> where IMOD wrote the file.</summary>
    public int ImodStamp { get; init; }

    /// <summary>Word 40; bit 0: bytes are signed; bit 4: 4-bit samples.</summary>
    public int ImodFlags { get; init; }

    /// <summary>Words 50–52, in Å.</summary>
    public AngstromVector Origin { get; init; }

    /// <summary>True when word 53 begins with "MAP".</summary>
    public bool HasMapStamp { get; init; } = true;

    /// <summary>The byte order in which the header was found; samples follow it.</summary>
    public bool IsBigEndian { get; init; }

    /// <summary>Labels in use, without trailing blanks.</summary>
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>What the standard writes for statistics that were not determined: each value contradicts the one before.</summary>
    public static FrameStatistics UndeterminedStatistics => new(0, -1, -2, -1);

    /// <summary>True when the statistics follow the convention for "not determined".</summary>
    public bool IsStatisticsUndetermined =>
        Statistics.Maximum < Statistics.Minimum || Statistics.Mean < Statistics.Minimum || Statistics.Sigma < 0;

    /// <summary>Length that a file with this header has when it is exact and complete.</summary>
    /// <exception cref="OverflowException">The header claims more than a file can hold.</exception>
    public long FileLengthBytes => checked(LengthBytes + (long)ExtendedHeaderLengthBytes
        + (SampleFormat.RowLengthBytes(Nx) * Ny * Nz));

    /// <summary>How samples are stored.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The mode is complex.</exception>
    public MrcSampleFormat SampleFormat => new(Mode, IsBigEndian);

    /// <summary>Reads a header. Fails, with one sentence, on what cannot be an MRC header of real-valued samples.</summary>
    /// <param name="bytes">At least 1024 bytes.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out MrcHeader? header, out string? reason)
    {
        header = null;
        if (bytes.Length < LengthBytes)
        {
            reason = $"the file is shorter than an MRC header ({LengthBytes} bytes)";
            return false;
        }

        var words = new MrcWords(bytes[..LengthBytes], MrcWords.IsBigEndianHeader(bytes));
        int nx = words.Int32(1), ny = words.Int32(2), nz = words.Int32(3), mode = words.Int32(4);
        int extendedLengthBytes = words.Int32(24);
        reason = nx < 1 || ny < 1 || nz < 1 ? $"the axes {nx} × {ny} × {nz} are not those of an image"
            : !MrcSampleFormat.IsSupported(mode) ? $"mode {mode} is not supported"
            : extendedLengthBytes < 0 ? $"the extended header has a negative length ({extendedLengthBytes})"
            : (Int128)nx * ny * nz > 1L << 60 ? $"the axes {nx} × {ny} × {nz} do not fit a file"
            : null;
        if (reason is not null)
        {
            return false;
        }

        header = new MrcHeader
        {
            Nx = nx,
            Ny = ny,
            Nz = nz,
            Mode = mode,
            Start = (words.Int32(5), words.Int32(6), words.Int32(7)),
            Sampling = (words.Int32(8), words.Int32(9), words.Int32(10)),
            CellLengths = new AngstromVector(words.Single(11), words.Single(12), words.Single(13)),
            CellAngles = (words.Single(14), words.Single(15), words.Single(16)),
            Axes = (words.Int32(17), words.Int32(18), words.Int32(19)),
            Statistics = new FrameStatistics(words.Single(20), words.Single(21), words.Single(22), words.Single(55)),
            SpaceGroup = words.Int32(23),
            ExtendedHeaderLengthBytes = extendedLengthBytes,
            ExtendedHeaderType = Encoding.Latin1.GetString(bytes[104..108]).Trim('\0', ' '),
            Version = words.Int32(28),
            ImodStamp = words.Int32(39),
            ImodFlags = words.Int32(40),
            Origin = new AngstromVector(words.Single(50), words.Single(51), words.Single(52)),
            HasMapStamp = bytes[208..211].SequenceEqual("MAP"u8),
            IsBigEndian = words.IsBigEndian,
            Labels = ReadLabels(bytes, words.Int32(56)),
        };
        return true;
    }

    /// <summary>Writes the header, little-endian.</summary>
    /// <param name="destination">At least 1024 bytes; the first 1024 are set, all of them.</param>
    /// <remarks>Characters outside ASCII become <c>?</c>; labels beyond ten and characters beyond eighty are left out.</remarks>
    public void Write(Span<byte> destination)
    {
        var bytes = destination[..LengthBytes];
        bytes.Clear();
        ReadOnlySpan<int> words1 = [Nx, Ny, Nz, Mode, Start.X, Start.Y, Start.Z, Sampling.X, Sampling.Y, Sampling.Z];
        ReadOnlySpan<float> words11 =
            [CellLengths.X, CellLengths.Y, CellLengths.Z, CellAngles.Alpha, CellAngles.Beta, CellAngles.Gamma];
        ReadOnlySpan<float> words20 = [Statistics.Minimum, Statistics.Maximum, Statistics.Mean];
        for (int i = 0; i < words1.Length; i++)
        {
            SetInt32(bytes, 1 + i, words1[i]);
        }

        for (int i = 0; i < words11.Length; i++)
        {
            SetSingle(bytes, 11 + i, words11[i]);
        }

        SetInt32(bytes, 17, Axes.Columns);
        SetInt32(bytes, 18, Axes.Rows);
        SetInt32(bytes, 19, Axes.Sections);
        for (int i = 0; i < words20.Length; i++)
        {
            SetSingle(bytes, 20 + i, words20[i]);
        }

        SetInt32(bytes, 23, SpaceGroup);
        SetInt32(bytes, 24, ExtendedHeaderLengthBytes);
        Encoding.ASCII.GetBytes(ExtendedHeaderType.AsSpan(0, Math.Min(4, ExtendedHeaderType.Length)), bytes[104..108]);
        SetInt32(bytes, 28, Version);
        SetInt32(bytes, 39, ImodStamp);
        SetInt32(bytes, 40, ImodFlags);
        SetSingle(bytes, 50, Origin.X);
        SetSingle(bytes, 51, Origin.Y);
        SetSingle(bytes, 52, Origin.Z);
        "MAP "u8.CopyTo(bytes[208..]);
        bytes[212] = bytes[213] = 0x44;
        SetSingle(bytes, 55, Statistics.Sigma);
        WriteLabels(bytes);
    }

    private void WriteLabels(Span<byte> bytes)
    {
        int count = 0;
        foreach (string label in Labels)
        {
            if (count == LabelCapacity || string.IsNullOrWhiteSpace(label))
            {
                continue;
            }

            var slot = bytes.Slice(224 + (count * LabelLengthBytes), LabelLengthBytes);
            slot.Fill((byte)' ');
            for (int i = 0; i < Math.Min(label.Length, LabelLengthBytes); i++)
            {
                slot[i] = label[i] is >= ' ' and <= '~' ? (byte)label[i] : (byte)'?';
            }

            count++;
        }

        SetInt32(bytes, 56, count);
    }

    private static ImmutableArray<string> ReadLabels(ReadOnlySpan<byte> bytes, int count)
    {
        var labels = ImmutableArray.CreateBuilder<string>();
        for (int i = 0; i < Math.Clamp(count, 0, LabelCapacity); i++)
        {
            labels.Add(Encoding.Latin1.GetString(bytes.Slice(224 + (i * LabelLengthBytes), LabelLengthBytes)).TrimEnd('\0', ' '));
        }

        return labels.DrainToImmutable();
    }

    private static void SetInt32(Span<byte> bytes, int word, int value) =>
        BinaryPrimitives.WriteInt32LittleEndian(bytes[((word - 1) * 4)..], value);

    private static void SetSingle(Span<byte> bytes, int word, float value) =>
        BinaryPrimitives.WriteSingleLittleEndian(bytes[((word - 1) * 4)..], value);
}
