using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>The lines of a journal: <c>CRC-32C of the JSON in hexadecimal, space, JSON</c>.</summary>
/// <remarks>Any thread.</remarks>
internal static class JournalLines
{
    private const int ChecksumLength = 8;

    public static byte[] Of(JournalRecord record)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(record, JournalJson.Default.JournalRecord);
        string checksum = Crc32C.Append(0, json).ToString("x8", CultureInfo.InvariantCulture);
        return [.. Encoding.ASCII.GetBytes(checksum), (byte)' ', .. json, (byte)'\n'];
    }

    /// <summary>The records up to the first line that does not count: what is beyond it was never flushed, or is not known to be whole.</summary>
    /// <param name="goodBytes">Length of the lines that count.</param>
    /// <param name="isDamaged">Good lines follow a bad one: the disk has lost something in the middle.</param>
    public static List<JournalRecord> Parse(ReadOnlySpan<byte> bytes, out int goodBytes, out bool isDamaged)
    {
        var records = new List<JournalRecord>();
        goodBytes = 0;
        isDamaged = false;
        bool hasBadLine = false;
        while (!isDamaged && !bytes.IsEmpty && bytes.IndexOf((byte)'\n') is var lengthBytes and >= 0)
        {
            var record = Parse(bytes[..lengthBytes]);
            bytes = bytes[(lengthBytes + 1)..];
            if (record is null)
            {
                hasBadLine = true;
            }
            else if (hasBadLine)
            {
                isDamaged = true;
            }
            else
            {
                records.Add(record);
                goodBytes += lengthBytes + 1;
            }
        }

        return records;
    }

    /// <summary>Null for a line that does not count.</summary>
    private static JournalRecord? Parse(ReadOnlySpan<byte> line)
    {
        if (line.Length <= ChecksumLength + 1 || line[ChecksumLength] != (byte)' '
            || !Utf8Parser.TryParse(line[..ChecksumLength], out uint checksum, out int used, 'x') || used != ChecksumLength
            || Crc32C.Append(0, line[(ChecksumLength + 1)..]) != checksum)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(line[(ChecksumLength + 1)..], JournalJson.Default.JournalRecord);
        }
        catch (JsonException)
        {
            return null; // whole, yet of no meaning here: it counts as little as a torn one
        }
    }
}
