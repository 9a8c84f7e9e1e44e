using System.Buffers;
using System.Runtime.InteropServices;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Archives.Mrc;

/// <summary>An exact, complete MRC file opened for reading its samples as float32, in runs of whole rows.</summary>
/// <remarks>Any thread; rows may be read side by side. Owns its file. Modes 0, 1, 2, 6, 12 and 101, both byte orders.</remarks>
public sealed class MrcInput : IDisposable
{
    // 64 MiB: far above any program's extended header (1 KiB a section at most), and what readers of archives take.
    private const long LargestHeaderLengthBytes = 64 << 20;

    // One read at a time while looking for counts in the first frame.
    private const int SignProbeLengthBytes = 1 << 20;

    private readonly SourceFile _file;
    private readonly MrcSampleFormat _format;
    private readonly SampleType _sampleType;
    private readonly long _rowLengthBytes;

    private MrcInput(SourceFile file, MrcHeader header, byte[] headerBytes, bool isSigned)
    {
        (_file, Header, HeaderBytes, _format) = (file, header, headerBytes, header.SampleFormat);
        Shape = new FrameShape(header.Nx, header.Ny, header.Nz);
        _rowLengthBytes = _format.RowLengthBytes(header.Nx);
        _sampleType = header.Mode switch
        {
            0 => isSigned ? SampleType.Int8 : SampleType.UInt8,
            1 => SampleType.Int16,
            6 => SampleType.UInt16,
            12 => SampleType.Float16,
            MrcSampleFormat.PackedNibblesMode => SampleType.UInt8,
            _ => SampleType.Float32,
        };
    }

    /// <summary>The main header.</summary>
    public MrcHeader Header { get; }

    /// <summary>Main and extended header, byte for byte.</summary>
    public ReadOnlyMemory<byte> HeaderBytes { get; }

    /// <summary>Columns, rows and sections.</summary>
    public FrameShape Shape { get; }

    /// <summary>The file itself.</summary>
    public SourceFile File => _file;

    /// <summary>What the samples are once they have the machine's byte order and a place of their own.</summary>
    public SampleType SampleType => _sampleType;

    /// <summary>Takes a file for an MRC file; owns it from then on.</summary>
    /// <exception cref="UnfitMrcException">It is no exact, complete MRC file: the message says why. The file is then still the caller's.</exception>
    /// <exception cref="ArchiveException">It cannot be read; likewise.</exception>
    public static MrcInput Open(SourceFile file, MrcByteSign sign = MrcByteSign.Automatic)
    {
        var mainHeader = new byte[MrcHeader.LengthBytes];
        if (!MrcHeader.TryParse(mainHeader.AsSpan(0, file.Read(0, mainHeader)), out MrcHeader? header, out string? reason))
        {
            throw new UnfitMrcException(file.Path, $"is no MRC file: {reason}");
        }

        // The axes fit a file (the parser checks), so this cannot overflow.
        if (header!.FileLengthBytes != file.LengthBytes)
        {
            long surplus = file.LengthBytes - header.FileLengthBytes;
            throw new UnfitMrcException(file.Path, surplus < 0
                ? $"is incomplete: {-surplus} bytes are missing of the {header.FileLengthBytes} that its header announces"
                : $"has {surplus} bytes more than the {header.FileLengthBytes} that its header announces: it is no exact MRC file");
        }

        long headerLengthBytes = MrcHeader.LengthBytes + (long)header.ExtendedHeaderLengthBytes;
        if (headerLengthBytes > LargestHeaderLengthBytes)
        {
            throw new UnfitMrcException(file.Path, $"has an extended header of {header.ExtendedHeaderLengthBytes} bytes: more than any program writes");
        }

        var headerBytes = new byte[headerLengthBytes];
        file.ReadExactly(0, headerBytes);
        bool isSigned = header.Mode == 0 && MrcByteSigns.IsSigned(header, sign, () => HasCounts(file, header, headerLengthBytes));
        return new MrcInput(file, header, headerBytes, isSigned);
    }

    /// <summary>Reads rows as float32, each value exact.</summary>
    /// <param name="firstRow">Counted through all sections: section · ny + row.</param>
    /// <param name="destination">Whole rows of nx samples.</param>
    /// <exception cref="ArchiveException">The disk fails.</exception>
    /// <exception cref="ArchiveChangedException">The file has become shorter.</exception>
    public void ReadRows(long firstRow, Span<float> destination)
    {
        (int rowCount, int rest) = Math.DivRem(destination.Length, Shape.Nx);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rest, 0, nameof(destination));
        long fileOffset = HeaderBytes.Length + (firstRow * _rowLengthBytes);
        Span<byte> destinationBytes = MemoryMarshal.AsBytes(destination);
        if (_sampleType == SampleType.Float32)
        {
            _file.ReadExactly(fileOffset, destinationBytes);
            if (_format.IsBigEndian)
            {
                ByteOrder.Swap(destinationBytes, sizeof(float));
            }

            return;
        }

        int lengthBytes = checked((int)(rowCount * _rowLengthBytes));
        byte[] rented = ArrayPool<byte>.Shared.Rent(lengthBytes);
        Span<byte> stored = rented.AsSpan(0, lengthBytes);
        try
        {
            _file.ReadExactly(fileOffset, stored);
            if (_format.Mode == MrcSampleFormat.PackedNibblesMode)
            {
                UnpackNibbles(stored, destination);
                return;
            }

            if (_format.IsBigEndian)
            {
                ByteOrder.Swap(stored, _sampleType.LengthBytes());
            }

            RescaleKernels.ToFloat32(stored, _sampleType, Rescale.None, destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    public void Dispose() => _file.Dispose();

    private static bool HasCounts(SourceFile file, MrcHeader header, long headerLengthBytes)
    {
        var buffer = new byte[SignProbeLengthBytes];
        long end = headerLengthBytes + ((long)header.Nx * header.Ny);
        for (long fileOffset = headerLengthBytes; fileOffset < end; fileOffset += buffer.Length)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - fileOffset));
            file.ReadExactly(fileOffset, part);
            if (MrcByteSigns.HasCounts(part))
            {
                return true;
            }
        }

        return false;
    }

    private void UnpackNibbles(ReadOnlySpan<byte> stored, Span<float> destination)
    {
        int nx = Shape.Nx;
        for (int row = 0; !destination.IsEmpty; row++)
        {
            ReadOnlySpan<byte> packed = stored.Slice(row * (int)_rowLengthBytes, (int)_rowLengthBytes);
            for (int x = 0; x < nx; x++)
            {
                // The low nibble comes first.
                destination[x] = (packed[x >> 1] >> ((x & 1) * 4)) & 0xF;
            }

            destination = destination[nx..];
        }
    }
}
