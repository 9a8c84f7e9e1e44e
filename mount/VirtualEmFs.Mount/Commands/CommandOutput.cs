using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace VirtualEmFs.Mount.Commands;

/// <summary>How commands print.</summary>
internal static class CommandOutput
{
    /// <summary>JSON for scripts: camelCase names, numbers that JSON cannot write as words.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Writes a table to standard output.</summary>
    public static void Write(Table table)
    {
        if (Console.IsOutputRedirected)
        {
            // A file or pipe has no width: nothing is to be broken into lines.
            AnsiConsole.Profile.Width = 1000;
        }

        AnsiConsole.Write(table);
    }

    /// <summary>A number of files for people: <c>1 file</c>.</summary>
    public static string Files(long count) => count == 1 ? "1 file" : $"{count} files";

    /// <summary>A length for people: <c>67.1 MB</c>.</summary>
    public static string Length(long lengthBytes)
    {
        ReadOnlySpan<string> units = ["bytes", "kB", "MB", "GB", "TB"];
        double value = lengthBytes;
        int unit = 0;
        while (value >= 1000 && unit < units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return unit == 0 ? $"{lengthBytes} bytes" : $"{value:F1} {units[unit]}";
    }
}
