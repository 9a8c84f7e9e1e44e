using System.Buffers.Binary;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Archives.Mrcz;

/// <summary>The header of an MRCZ file: MRC's, with 1000 times the compressor's number added to the mode, and 32-bit integers as modes 7 and 8.</summary>
internal sealed record MrczHeader(MrcHeader Mrc, int Mode, bool IsCompressed)
{
    private const int ModeOffset = 12, CompressorFactor = 1000, LastCompressor = 6;

    private const int Int32Mode = 7, UInt32Mode = 8;

    // Modes with a compressor have four digits; read in the wrong byte order they are far larger.
    private const int LargestCode = 16_000_000;

    /// <summary>Columns, rows and sections.</summary>
    public FrameShape Shape => new(Mrc.Nx, Mrc.Ny, Mrc.Nz);

    /// <summary>First byte of the first section.</summary>
    public long DataOffset => MrcHeader.LengthBytes + (long)Mrc.ExtendedHeaderLengthBytes;

    /// <summary>Rows and byte order; 32-bit integers lie as float32 would.</summary>
    public MrcSampleFormat Samples => Mrc.SampleFormat;

    /// <summary>Length of a section that is not compressed.</summary>
    public long SectionLengthBytes => Samples.RowLengthBytes(Mrc.Nx) * Mrc.Ny;

    /// <summary>Cell over columns, rows and sections, as python-mrcz has it: it leaves the sampling zero. Null where that is not plausible.</summary>
    public AngstromVector? PixelSize
    {
        get
        {
            var size = new AngstromVector(Mrc.CellLengths.X / Mrc.Nx, Mrc.CellLengths.Y / Mrc.Ny, Mrc.CellLengths.Z / Mrc.Nz);
            return size is { X: >= 0.01f and <= 1000, Y: >= 0.01f and <= 1000 }
                ? size with { Z = size.Z is >= 0.01f and <= 1000 ? size.Z : size.X }
                : null;
        }
    }

    /// <summary>Reads a header.</summary>
    /// <param name="reason">Why it is none that can be presented.</param>
    public static MrczHeader? TryRead(SourceFile file, out string? reason)
    {
        byte[] bytes = new byte[MrcHeader.LengthBytes];
        if (file.Read(0, bytes) < bytes.Length)
        {
            reason = "the file is shorter than an MRC header";
            return null;
        }

        var slot = bytes.AsSpan(ModeOffset, sizeof(int));
        int code = BinaryPrimitives.ReadInt32LittleEndian(slot);
        bool isBigEndian = code is < 0 or > LargestCode;
        code = isBigEndian ? BinaryPrimitives.ReverseEndianness(code) : code;
        (int compressor, int mode) = Math.DivRem(code, CompressorFactor);
        if (code < 0 || compressor > LastCompressor)
        {
            reason = $"mode {code} names no compressor of MRCZ";
            return null;
        }

        int plainMode = mode is Int32Mode or UInt32Mode ? 2 : mode;
        BinaryPrimitives.WriteInt32LittleEndian(slot, isBigEndian ? BinaryPrimitives.ReverseEndianness(plainMode) : plainMode);
        if (!MrcHeader.TryParse(bytes, out var mrc, out reason))
        {
            return null;
        }

        if (mrc!.IsBigEndian != isBigEndian || (mrc.SampleFormat.RowLengthBytes(mrc.Nx) * mrc.Ny) > int.MaxValue)
        {
            reason = "its axes and mode do not go together";
            return null;
        }

        return new MrczHeader(mrc, mode, compressor != 0);
    }

    /// <summary>Type of a decoded sample.</summary>
    public SampleType SampleTypeOf(MrcByteSign sign) => Mode switch
    {
        // MRCZ has signed bytes; a section's bytes cannot be looked at without decoding it.
        0 => MrcByteSigns.IsSigned(Mrc, sign, static () => false) ? SampleType.Int8 : SampleType.UInt8,
        1 => SampleType.Int16,
        6 => SampleType.UInt16,
        Int32Mode => SampleType.Int32,
        UInt32Mode => SampleType.UInt32,
        12 => SampleType.Float16,
        MrcSampleFormat.PackedNibblesMode => SampleType.UInt8,
        _ => SampleType.Float32,
    };
}
