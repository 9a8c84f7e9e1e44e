using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace VirtualEmFs.Mount.Commands;

/// <summary>Options whose values carry units: <c>1GiB</c>, <c>500ms</c>.</summary>
internal static class Quantities
{
    private static readonly (string Suffix, double Factor)[] s_byteUnits =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("B", 1),
    ];

    private static readonly (string Suffix, double Factor)[] s_secondUnits = [("ms", 1e-3), ("s", 1), ("min", 60), ("m", 60), ("h", 3600), ("d", 86400)];

    /// <summary>An option in bytes.</summary>
    /// <param name="defaultText">As a user would write it.</param>
    public static Option<long> Bytes(string name, string defaultText, string description) => new(name)
    {
        Description = $"{description} [default: {defaultText}]",
        HelpName = "SIZE",
        DefaultValueFactory = _ => (long)Parse(defaultText, s_byteUnits, 1)!.Value,
        CustomParser = result => (long)(ParseOrReport(result, s_byteUnits, 1, "a size such as 512MiB or 2GiB") ?? 0),
    };

    /// <summary>An option that is a time; a number without a unit is seconds.</summary>
    public static Option<TimeSpan> Time(string name, string defaultText, string description) => new(name)
    {
        Description = $"{description} [default: {defaultText}]",
        HelpName = "TIME",
        DefaultValueFactory = _ => TimeSpan.FromSeconds(Parse(defaultText, s_secondUnits, 1)!.Value),
        CustomParser = result => TimeSpan.FromSeconds(ParseOrReport(result, s_secondUnits, 1, "a time such as 500ms, 2s or 10min") ?? 0),
    };

    /// <summary>The value of a number and a unit; null when it is none, is negative, or passes what a 64-bit number holds.</summary>
    internal static double? Parse(string text, (string Suffix, double Factor)[] units, double defaultFactor)
    {
        double factor = defaultFactor;
        foreach ((string suffix, double unitFactor) in units.OrderByDescending(static unit => unit.Suffix.Length))
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                text = text[..^suffix.Length];
                factor = unitFactor;
                break;
            }
        }

        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number * factor < 9e18
            ? number * factor
            : null;
    }

    internal static double? ParseBytes(string text) => Parse(text, s_byteUnits, 1);

    internal static double? ParseSeconds(string text) => Parse(text, s_secondUnits, 1);

    private static double? ParseOrReport(ArgumentResult result, (string Suffix, double Factor)[] units, double defaultFactor, string expected)
    {
        string text = result.Tokens[0].Value;
        double? value = Parse(text, units, defaultFactor);
        if (value is null)
        {
            result.AddError($"'{text}' is not {expected}");
        }

        return value;
    }
}
