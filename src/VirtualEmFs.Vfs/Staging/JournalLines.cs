using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>How the lines of a journal end.</summary>
internal enum JournalEnd
{
    Whole,

    /// <summary>The last lines do not count: they were being written when the power went, or the disk has lost them since.</summary>
    Torn,

    /// <summary>Good lines follow a bad one: the disk has lost something in the middle.</summary>
    Damaged,
}

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
    public static List<JournalRecord> Parse(ReadOnlySpan<byte> bytes, out int goodBytes, out JournalEnd end)
    {
        var records = new List<JournalRecord>();
        int allBytes = bytes.Length;
        goodBytes = 0;
        bool hasBadLine = false, isDamaged = false;
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

        end = isDamaged ? JournalEnd.Damaged : goodBytes < allBytes ? JournalEnd.Torn : JournalEnd.Whole;
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
