using System.Buffers.Binary;
using System.Text;

namespace VirtualEmFs.Archives.Tiff;

/// <summary>
/// Reads the directories of a TIFF file, classic or BigTIFF, of either byte order. Every offset and count is checked against the
/// file before use, and the whole is bounded by a <see cref="TiffBudget"/>.
/// </summary>
/// <remarks>One thread; the file stays the caller's. A broken file is a <see cref="TiffFormatException"/>.</remarks>
internal sealed class TiffReader
{
    // libtiff refuses longer directories, too; no writer comes near.
    private const int LongestDirectory = 4096;

    // 4 KiB: a directory of libtiff's with its arrays has some 300 bytes, and the pixels between directories are not wanted.
    private const int WindowLengthBytes = 4096;

    private readonly SourceFile _file;
    private readonly TiffBudget _budget;
    private readonly byte[] _window = new byte[WindowLengthBytes];
    private long _windowOffset;
    private int _windowLengthBytes;
    private bool _isBigTiff;

    private TiffReader(SourceFile file) => (_file, _budget) = (file, new TiffBudget(file));

    /// <summary>True when the file's numbers, samples included, have their most significant byte first.</summary>
    public bool IsBigEndian { get; private set; }

    /// <summary>File offset of the first directory; 0 when there is none.</summary>
    public long FirstDirectory { get; private set; }

    /// <summary>Opens a file that begins as a TIFF does.</summary>
    /// <returns>Null when it does not.</returns>
    public static TiffReader? TryOpen(SourceFile file)
    {
        Span<byte> head = stackalloc byte[16];
        int lengthBytes = file.Read(0, head);
        if (lengthBytes < 8 || !IsTiff(head))
        {
            return null;
        }

        var reader = new TiffReader(file) { IsBigEndian = head[0] == (byte)'M' };
        reader._isBigTiff = reader.Integer(head.Slice(2, 2)) == 43;
        if (!reader._isBigTiff)
        {
            reader.FirstDirectory = reader.Integer(head.Slice(4, 4));
        }
        else
        {
            reader.FirstDirectory = lengthBytes == 16 && reader.Integer(head.Slice(4, 2)) == 8
                ? reader.Integer(head.Slice(8, 8))
                : throw new TiffFormatException("its BigTIFF header is damaged");
        }

        return reader;
    }

    /// <summary>True for the first bytes of a TIFF or BigTIFF file.</summary>
    public static bool IsTiff(ReadOnlySpan<byte> head) =>
        head.StartsWith("II*\0"u8) || head.StartsWith("MM\0*"u8) || head.StartsWith("II+\0"u8) || head.StartsWith("MM\0+"u8);

    /// <summary>Reads the directory at an offset.</summary>
    public TiffDirectory ReadDirectory(long fileOffset)
    {
        int countLengthBytes = _isBigTiff ? 8 : 2;
        int entryLengthBytes = _isBigTiff ? 20 : 12;
        int offsetLengthBytes = _isBigTiff ? 8 : 4;
        long count = Integer(Read(fileOffset, countLengthBytes));
        if (count is < 1 or > LongestDirectory)
        {
            throw new TiffFormatException($"the directory at {fileOffset} claims {count} entries");
        }

        long entriesOffset = fileOffset + countLengthBytes;
        byte[] bytes = Read(entriesOffset, ((int)count * entryLengthBytes) + offsetLengthBytes).ToArray();
        var entries = new Dictionary<int, TiffEntry>((int)count);
        for (int i = 0; i < count; i++)
        {
            var entry = bytes.AsSpan(i * entryLengthBytes, entryLengthBytes);
            var value = entry[(4 + offsetLengthBytes)..];
            int type = (int)Integer(entry.Slice(2, 2));
            long valueCount = Integer(entry.Slice(4, offsetLengthBytes));
            int elementLengthBytes = TiffEntry.ElementLengthBytes(type);
            bool isInline = elementLengthBytes == 0 || valueCount <= offsetLengthBytes / elementLengthBytes;
            long valueOffset = isInline
                ? entriesOffset + (i * entryLengthBytes) + 4 + offsetLengthBytes
                : Integer(value);

            // The first of two entries with one tag counts, as in libtiff.
            entries.TryAdd((int)Integer(entry[..2]), new TiffEntry(type, valueCount, valueOffset));
        }

        return new TiffDirectory(this, fileOffset, entries, Integer(bytes.AsSpan((int)count * entryLengthBytes)));
    }

    /// <summary>Bytes of the file, valid until the next call; longer than a window, they are the caller's own.</summary>
    public ReadOnlySpan<byte> Read(long fileOffset, int lengthBytes)
    {
        if (fileOffset < 0 || lengthBytes < 0 || lengthBytes > _file.LengthBytes - fileOffset)
        {
            throw new TiffFormatException($"{lengthBytes} bytes at {fileOffset} lie outside the file");
        }

        _budget.Spend(lengthBytes);
        if (lengthBytes > WindowLengthBytes)
        {
            byte[] bytes = new byte[lengthBytes];
            _budget.Read(fileOffset, bytes);
            return bytes;
        }

        if (fileOffset < _windowOffset || fileOffset + lengthBytes > _windowOffset + _windowLengthBytes)
        {
            int windowLengthBytes = (int)Math.Min(WindowLengthBytes, _file.LengthBytes - fileOffset);
            _windowLengthBytes = 0; // what a failed read leaves is no window
            _budget.Spend(windowLengthBytes);
            _budget.Read(fileOffset, _window.AsSpan(0, windowLengthBytes));
            (_windowOffset, _windowLengthBytes) = (fileOffset, windowLengthBytes);
        }

        return _window.AsSpan((int)(fileOffset - _windowOffset), lengthBytes);
    }

    /// <summary>An unsigned integer of 1, 2, 4 or 8 bytes; one beyond 2^63 is damage.</summary>
    public long Integer(ReadOnlySpan<byte> bytes)
    {
        ulong value = bytes.Length switch
        {
            1 => bytes[0],
            2 => IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            4 => IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            _ => IsBigEndian ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        };
        return value <= long.MaxValue ? (long)value : throw new TiffFormatException("it has an offset or count beyond 2^63");
    }

    /// <summary>Text of an entry, as UTF-8, up to a length.</summary>
    public string Text(TiffEntry entry, int longestBytes) =>
        Encoding.UTF8.GetString(Read(entry.ValueOffset, (int)Math.Min(entry.Count, longestBytes))).TrimEnd('\0');
}
