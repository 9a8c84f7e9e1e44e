using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using VirtualEmFs.Archives.Tiff;
using VirtualEmFs.Codecs;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Eer;

/// <summary>One strip of an internal frame.</summary>
internal readonly record struct EerStrip(long ArchiveOffset, int LengthBytes);

/// <summary>
/// The internal frames of an EER file: a TIFF with a page for each, or the older container with a footer behind each
/// (spec/relion-tiff-eer.md section 3.1).
/// </summary>
/// <param name="SensorBits">The sensor has 2 to this power rows and columns.</param>
/// <param name="Frames">Strips of each internal frame.</param>
/// <param name="PixelSize">Å, as the camera's metadata have it; null where they do not.</param>
internal sealed record EerFile(EerCoding Coding, int SensorBits, ImmutableArray<ImmutableArray<EerStrip>> Frames, double? PixelSize)
{
    // A frame has one strip, or one per row of the sensor at most.
    private const int LargestStripCount = 4096;

    private const int MetadataTag = 65001;
    private const int FooterLengthBytes = 32;

    private static ReadOnlySpan<byte> Footer => "ThermoFisherECComprOK000"u8;

    /// <summary>Reads a TIFF's internal frames.</summary>
    /// <returns>Null when neither of its first two pages is an EER frame; the first may be the camera's sum of them.</returns>
    /// <exception cref="TiffFormatException">The file is broken or of a kind that cannot be drawn.</exception>
    public static EerFile? TryRead(TiffReader reader, SourceFile file)
    {
        var directory = reader.ReadDirectory(reader.FirstDirectory);
        if (!IsEer(directory))
        {
            if (directory.NextDirectory == 0 || !IsEer(directory = reader.ReadDirectory(directory.NextDirectory)))
            {
                return null;
            }
        }

        EerCoding coding = CodingOf(directory);
        long width = directory.Integers(TiffTag.ImageWidth, 1)[0];
        int sensorBits = (width, directory.Integers(TiffTag.ImageLength, 1)[0]) switch
        {
            (2048, 2048) => 11,
            (4096, 4096) => 12,
            var (nx, ny) => throw new TiffFormatException($"an EER sensor of {nx} x {ny} pixels is not supported"),
        };
        double? pixelSize = PixelSizeOf(directory);
        var frames = ImmutableArray.CreateBuilder<ImmutableArray<EerStrip>>();
        var seen = new HashSet<long>();
        while (true)
        {
            if (!seen.Add(directory.FileOffset) || seen.Count > TiffBudget.LargestDirectoryCount)
            {
                throw new TiffFormatException("its directories point at one another without end");
            }

            // Pages that are no electrons, such as a sum, are not frames.
            if (IsEer(directory))
            {
                if (CodingOf(directory) != coding)
                {
                    throw new TiffFormatException("its frames are coded in different ways");
                }

                frames.Add(StripsOf(directory, file.LengthBytes));
            }

            if (directory.NextDirectory == 0)
            {
                return new EerFile(coding, sensorBits, frames.ToImmutable(), pixelSize);
            }

            directory = reader.ReadDirectory(directory.NextDirectory);
        }
    }

    /// <summary>Reads the older container, which is indexed from its end.</summary>
    /// <returns>Null when the file does not end with its footer.</returns>
    /// <exception cref="TiffFormatException">A frame inside lacks the footer.</exception>
    public static EerFile? TryReadLegacy(SourceFile file)
    {
        Span<byte> footer = stackalloc byte[FooterLengthBytes];
        var frames = new List<ImmutableArray<EerStrip>>();
        for (long end = file.LengthBytes; end > 0;)
        {
            long wordCount = -1;
            if (end >= FooterLengthBytes)
            {
                file.ReadExactly(end - FooterLengthBytes, footer);
                wordCount = footer[sizeof(long)..].SequenceEqual(Footer) ? BinaryPrimitives.ReadInt64LittleEndian(footer) : -1;
            }

            if (wordCount < 0 || wordCount > (end - FooterLengthBytes) / sizeof(long) || wordCount * sizeof(long) > int.MaxValue
                || frames.Count == TiffBudget.LargestDirectoryCount)
            {
                return frames.Count == 0 && wordCount < 0 ? null : throw new TiffFormatException($"no EER frame ends at {end}");
            }

            int lengthBytes = (int)wordCount * sizeof(long);
            end -= FooterLengthBytes + lengthBytes;
            frames.Add([new EerStrip(end, lengthBytes)]);
        }

        frames.Reverse();
        return frames.Count == 0 ? null : new EerFile(EerCoding.Run8Position2, 12, [.. frames], null);
    }

    private static bool IsEer(TiffDirectory directory) =>
        directory.Integer(TiffTag.Compression, 1) is >= TiffCompression.FirstEer and <= TiffCompression.LastEer;

    private static EerCoding CodingOf(TiffDirectory directory)
    {
        long compression = directory.Integer(TiffTag.Compression, 1);
        if (compression != TiffCompression.LastEer)
        {
            return compression == TiffCompression.FirstEer ? EerCoding.Run8Position2 : EerCoding.Run7Position2;
        }

        long runBits = directory.Integer(TiffTag.EerRunBits, 0);
        long horizontalBits = directory.Integer(TiffTag.EerHorizontalBits, 0);
        long verticalBits = directory.Integer(TiffTag.EerVerticalBits, horizontalBits);
        return (runBits, horizontalBits, verticalBits) switch
        {
            (7, 1, 1) => EerCoding.Run7Position1,
            (7, 2, 2) => EerCoding.Run7Position2,
            _ => throw new TiffFormatException($"EER codes of {runBits} + {horizontalBits} + {verticalBits} bits are not supported"),
        };
    }

    private static ImmutableArray<EerStrip> StripsOf(TiffDirectory directory, long fileLengthBytes)
    {
        long count = directory.CountOf(TiffTag.StripOffsets);
        if (count is < 1 or > LargestStripCount)
        {
            throw new TiffFormatException($"the EER frame at {directory.FileOffset} claims {count} strips");
        }

        long[] offsets = directory.Integers(TiffTag.StripOffsets, (int)count);
        long[] lengths = directory.Integers(TiffTag.StripByteCounts, (int)count);
        var strips = ImmutableArray.CreateBuilder<EerStrip>((int)count);
        for (int i = 0; i < count; i++)
        {
            if (lengths[i] > int.MaxValue || offsets[i] > fileLengthBytes - lengths[i])
            {
                throw new TiffFormatException($"a strip of the EER frame at {directory.FileOffset} lies outside the file");
            }

            strips.Add(new EerStrip(offsets[i], (int)lengths[i]));
        }

        return strips.MoveToImmutable();
    }

    // The camera writes an XML text with its own pixel size on the specimen, in metres: <item name="sensorPixelSize.width" unit="m">.
    private static double? PixelSizeOf(TiffDirectory directory)
    {
        const string Item = "<item name=\"sensorPixelSize.width\"";
        string metadata = directory.Text(MetadataTag);
        int item = metadata.IndexOf(Item, StringComparison.Ordinal);
        int start = item < 0 ? -1 : metadata.IndexOf('>', item + Item.Length) + 1;
        int end = start <= 0 ? -1 : metadata.IndexOf('<', start);
        return end > start
            && metadata.AsSpan(item..start).Contains("unit=\"m\"", StringComparison.Ordinal)
            && double.TryParse(metadata.AsSpan(start..end), NumberStyles.Float, CultureInfo.InvariantCulture, out double metres)
            && metres * 1e10 is >= 0.01 and <= 1000
                ? metres * 1e10
                : null;
    }
}
