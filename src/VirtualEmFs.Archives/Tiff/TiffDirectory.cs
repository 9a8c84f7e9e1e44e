namespace VirtualEmFs.Archives.Tiff;

/// <summary>One entry of a directory: the type and number of its values, and where they lie, in the entry or elsewhere.</summary>
internal readonly record struct TiffEntry(int Type, long Count, long ValueOffset)
{
    /// <summary>Length of one value; 0 for a type that does not exist.</summary>
    public static int ElementLengthBytes(int type) => type switch
    {
        1 or 2 or 6 or 7 => 1,
        3 or 8 => 2,
        4 or 9 or 11 or 13 => 4,
        5 or 10 or 12 or 16 or 17 or 18 => 8,
        _ => 0,
    };

    /// <summary>BYTE, SHORT, LONG, IFD, LONG8, IFD8.</summary>
    public bool IsUnsignedInteger => Type is 1 or 3 or 4 or 13 or 16 or 18;
}

/// <summary>One directory (IFD) of a TIFF file.</summary>
/// <remarks>Reads values through its reader: same thread, same lifetime.</remarks>
internal sealed class TiffDirectory(TiffReader reader, long fileOffset, Dictionary<int, TiffEntry> entries, long nextDirectory)
{
    private const int Rational = 5;
    private const int Ascii = 2;
    private const int Undefined = 7; // the camera's metadata in EER

    public TiffReader Reader => reader;

    public long FileOffset => fileOffset;

    /// <summary>File offset of the next directory; 0 at the end.</summary>
    public long NextDirectory => nextDirectory;

    public bool Has(int tag) => entries.ContainsKey(tag);

    /// <summary>The first value of an integer tag.</summary>
    /// <exception cref="TiffFormatException">The tag is there and holds no integer.</exception>
    public long Integer(int tag, long valueIfMissing) =>
        entries.TryGetValue(tag, out TiffEntry entry) ? Integers(tag, entry, 1)[0] : valueIfMissing;

    /// <summary>The first values of an integer tag.</summary>
    /// <exception cref="TiffFormatException">The tag is missing, or has fewer values.</exception>
    public long[] Integers(int tag, int count) => entries.TryGetValue(tag, out TiffEntry entry)
        ? Integers(tag, entry, count)
        : throw new TiffFormatException($"the directory at {fileOffset} lacks tag {tag}");

    /// <summary>The number of values of a tag; 0 when it is missing.</summary>
    public long CountOf(int tag) => entries.TryGetValue(tag, out TiffEntry entry) ? entry.Count : 0;

    /// <summary>A ratio of two integers; null when the tag is missing, holds none, or is divided by zero.</summary>
    public double? Ratio(int tag)
    {
        if (!entries.TryGetValue(tag, out TiffEntry entry) || entry.Type != Rational || entry.Count < 1)
        {
            return null;
        }

        var bytes = reader.Read(entry.ValueOffset, 8);
        long denominator = reader.Integer(bytes[4..]);
        return denominator == 0 ? null : (double)reader.Integer(bytes[..4]) / denominator;
    }

    /// <summary>A text, its first MiB at most; empty when the tag is missing or holds none.</summary>
    public string Text(int tag) =>
        entries.TryGetValue(tag, out TiffEntry entry) && entry.Type is Ascii or Undefined ? reader.Text(entry, 1 << 20) : string.Empty;

    private long[] Integers(int tag, TiffEntry entry, int count)
    {
        if (!entry.IsUnsignedInteger || entry.Count < count)
        {
            throw new TiffFormatException($"tag {tag} of the directory at {fileOffset} has {entry.Count} values of type {entry.Type} instead of {count} integers");
        }

        int elementLengthBytes = TiffEntry.ElementLengthBytes(entry.Type);
        var bytes = reader.Read(entry.ValueOffset, checked(count * elementLengthBytes));
        long[] values = new long[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = reader.Integer(bytes.Slice(i * elementLengthBytes, elementLengthBytes));
        }

        return values;
    }
}
