using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>Names in JSON: bytes that are no UTF-8 (lone surrogates in our strings) are written as <c>\xNN</c>, and a backslash twice.</summary>
internal sealed class EscapedName : JsonConverter<string>
{
    private const int FirstSurrogate = 0xDC00;

    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string text = reader.GetString() ?? throw new JsonException("a name is missing");
        if (!text.Contains('\\'))
        {
            return text;
        }

        var name = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                name.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == '\\')
            {
                name.Append('\\');
                i++;
            }
            else if (i + 3 < text.Length && text[i + 1] == 'x'
                && byte.TryParse(text.AsSpan(i + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                name.Append((char)(FirstSurrogate + value));
                i += 3;
            }
            else
            {
                throw new JsonException($"the name {text} is not written as names are");
            }
        }

        return name.ToString();
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options)
    {
        var text = new StringBuilder(value.Length);
        for (int i = 0; i < value.Length; i++)
        {
            char c = value[i];
            if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
            {
                text.Append(c).Append(value[++i]);
            }
            else if (char.IsSurrogate(c))
            {
                text.Append(CultureInfo.InvariantCulture, $"\\x{(byte)(c - FirstSurrogate):x2}");
            }
            else
            {
                text.Append(c == '\\' ? "\\\\" : c);
            }
        }

        writer.WriteStringValue(text.ToString());
    }
}
