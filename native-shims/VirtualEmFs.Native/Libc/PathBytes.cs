using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace VirtualEmFs.Native.Libc;

/// <summary>
/// Linux file names as strings and back. A Linux name is any run of bytes but NUL and '/'; bytes that are not UTF-8 become lone surrogates
/// U+DC80..U+DCFF, one for each byte, so that every name survives <c>Encode(Decode(bytes))</c> unchanged.
/// </summary>
/// <remarks>Pure; any thread.</remarks>
public static class PathBytes
{
    private const int EscapeBase = 0xDC00;

    /// <summary>The string for a name's bytes, without the terminating NUL.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        var text = new char[bytes.Length]; // UTF-16 never has more units than UTF-8 has bytes
        int textLength = 0;
        while (!bytes.IsEmpty)
        {
            OperationStatus status = Utf8.ToUtf16(bytes, text.AsSpan(textLength), out int read, out int written, replaceInvalidSequences: false);
            textLength += written;
            bytes = bytes[read..];
            if (status == OperationStatus.Done)
            {
                break;
            }

            // One byte at a time: what follows an invalid byte may be valid again.
            text[textLength++] = (char)(EscapeBase + bytes[0]);
            bytes = bytes[1..];
        }

        return new string(text, 0, textLength);
    }

    /// <summary>The bytes for a name, with the terminating NUL.</summary>
    /// <exception cref="ArgumentException">The string holds a NUL or a surrogate that no name decodes to.</exception>
    public static byte[] Encode(string text)
    {
        var bytes = new byte[(text.Length * 3) + 1];
        int lengthBytes = 0;
        ReadOnlySpan<char> rest = text;
        if (rest.Contains('\0'))
        {
            throw new ArgumentException("a file name cannot hold a NUL character", nameof(text));
        }

        while (!rest.IsEmpty)
        {
            OperationStatus status = Utf8.FromUtf16(rest, bytes.AsSpan(lengthBytes), out int read, out int written, replaceInvalidSequences: false);
            lengthBytes += written;
            rest = rest[read..];
            if (status == OperationStatus.Done)
            {
                break;
            }

            int escaped = rest[0] - EscapeBase;
            if (escaped is < 0x80 or > 0xFF)
            {
                throw new ArgumentException("a file name holds half a surrogate pair", nameof(text));
            }

            bytes[lengthBytes++] = (byte)escaped;
            rest = rest[1..];
        }

        return bytes.AsSpan(0, lengthBytes + 1).ToArray();
    }

    /// <summary>UTF-8 of a name for people: bytes that are no UTF-8 show as U+FFFD.</summary>
    public static string ForDisplay(string text) => Encoding.UTF8.GetString(Encode(text).AsSpan()[..^1]);
}
