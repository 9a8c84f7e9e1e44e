using System.Buffers;
using System.Runtime.InteropServices;
using VirtualEmFs.Archives.Hdf5.Eman2;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Archives.Compression;

/// <summary>
/// The archive that the samples of an MRC file came out of. What reads as it did goes back with the same integers and limits, and nothing
/// is clamped that was archived before: bits are never lost twice.
/// </summary>
/// <remarks>Any thread.</remarks>
internal sealed class EarlierArchive : IDisposable
{
    private readonly Eman2CompressionInput? _images; // null where there are no integers to keep
    private readonly long _frameCount;
    private readonly int _mrcMode;

    private EarlierArchive(Eman2CompressionInput? images, long frameCount, int mrcMode) =>
        (_images, _frameCount, _mrcMode) = (images, frameCount, mrcMode);

    /// <summary>Opens the archive.</summary>
    /// <param name="mrcMode">Mode of the MRC file: samples are the same when they read the same in it.</param>
    /// <param name="mrcHeader">Header and extended header of the MRC file.</param>
    /// <exception cref="ArchiveException">
    /// It cannot be read: nothing would tell what its samples have lost already. Or the header is that of the archive, and no longer the one that was written.
    /// </exception>
    public static EarlierArchive Open(string path, int mrcMode, ReadOnlyMemory<byte> mrcHeader, IArchiveFormats formats)
    {
        SourceFile? file = null;
        try
        {
            file = SourceFile.Open(path);
            ProbeResult probe = formats.Probe(path);
            if (probe.Outcome is ProbeOutcome.Broken or ProbeOutcome.BeingWritten)
            {
                throw new ArchiveException(path, $"the archive that the samples came from cannot be read: {probe.Reason}");
            }

            // Of a file that is no archive, nothing is known: then nothing is clamped.
            ArchiveDescription? description = probe.Description;
            long frameCount = description?.Shape.FrameCount ?? long.MaxValue;
            if (description is not { FormatState: Eman2Archive, Content: not ArchiveContent.Folder, Damage.IsEmpty: true })
            {
                return new EarlierArchive(null, frameCount, mrcMode);
            }

            Eman2CompressionInput images = Eman2CompressionInput.Open(file, formats, description);
            file = null;
            if (!images.IsHeaderAsWritten && images.Mrc.Header.Span.SequenceEqual(mrcHeader.Span))
            {
                images.Dispose();
                throw Eman2CompressionInput.AlteredHeader(path);
            }

            return new EarlierArchive(images, frameCount, mrcMode);
        }
        catch (ArchiveException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
        {
            return new EarlierArchive(null, long.MaxValue, mrcMode); // a link that leads nowhere any more
        }
        finally
        {
            file?.Dispose();
        }
    }

    /// <summary>True when the first frame of an image has the number of one that was archived before.</summary>
    public bool Contains(int index, InputImage image) => (long)index * image.SectionCount < _frameCount;

    /// <summary>
    /// The image as the archive has it, of the same columns and rows: truncated to integers, or with limits that are damaged; null otherwise, and for one that
    /// another program put there.
    /// </summary>
    /// <exception cref="ArchiveException">The archive fails.</exception>
    public InputImage? Find(int index, InputImage image)
    {
        if (_images is null || index >= _images.ImageCount)
        {
            return null;
        }

        InputImage found = _images.Describe(index);
        bool isSameShape = (found.Nx, found.Ny, found.Nz > 0) == (image.Nx, image.Ny, image.Nz > 0);
        return isSameShape && found.Stored is { } stored && (stored.HasRecordedLimits ? !stored.Rescale.IsNone : !IsReplaced(index, found, stored)) ? found : null;
    }

    /// <summary>True when not only the limits of an image differ from its record, as when they are damaged, but its samples, too.</summary>
    private bool IsReplaced(int index, InputImage found, StoredImage stored)
    {
        int rowLengthBytes = found.Nx * stored.SampleType.LengthBytes();
        long sectionRows = found.RowCount / stored.Records.Length;
        byte[] rented = ArrayPool<byte>.Shared.Rent(rowLengthBytes);
        Span<byte> row = rented.AsSpan(0, rowLengthBytes);
        bool isReplaced = false;
        for (int section = 0; section < stored.Records.Length && !isReplaced; section++)
        {
            uint checksum = 0;
            for (long y = section * sectionRows; y < (section + 1) * sectionRows; y++)
            {
                _images!.ReadStoredRows(index, y, row);
                checksum = Crc32C.Append(checksum, row);
            }

            isReplaced = checksum != stored.Records[section].Checksum;
        }

        ArrayPool<byte>.Shared.Return(rented);
        return isReplaced;
    }

    /// <summary>True when whole rows read as the archive shows them, in the mode of the MRC file.</summary>
    /// <exception cref="ArchiveException">The archive fails.</exception>
    public bool IsSame(int index, int nx, long firstRow, ReadOnlySpan<float> samples)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(samples.Length);
        try
        {
            Span<float> archived = rented.AsSpan(0, samples.Length);
            _images!.ReadRows(index, firstRow, archived);
            return MemoryMarshal.AsBytes(samples).SequenceEqual(MemoryMarshal.AsBytes(archived))
                || (_mrcMode != 2 && IsSameInMode(nx, samples, archived));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    public void Dispose() => _images?.Dispose();

    /// <summary>Where samples were rounded, and then rounded again to whole numbers, only the file's own bytes can be compared; and where
    /// another header now tells another sign of bytes.</summary>
    private bool IsSameInMode(int nx, ReadOnlySpan<float> samples, ReadOnlySpan<float> archived)
    {
        int rowLengthBytes = MrcRendering.RowLengthBytes(_mrcMode, nx);
        byte[] rented = ArrayPool<byte>.Shared.Rent(2 * rowLengthBytes);
        Span<byte> left = rented.AsSpan(0, rowLengthBytes), right = rented.AsSpan(rowLengthBytes, rowLengthBytes);
        bool isSame = true;
        for (int at = 0; at < samples.Length && isSame; at += nx)
        {
            MrcRendering.Render(MemoryMarshal.AsBytes(samples.Slice(at, nx)), SampleType.Float32, Rescale.None, _mrcMode, nx, 0, left);
            MrcRendering.Render(MemoryMarshal.AsBytes(archived.Slice(at, nx)), SampleType.Float32, Rescale.None, _mrcMode, nx, 0, right);
            isSame = left.SequenceEqual(right);
        }

        ArrayPool<byte>.Shared.Return(rented);
        return isSame;
    }
}
