using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace VirtualEmFs.Mount.Commands;

/// <summary>A value, and how it was written: help shows a default as a user would write it.</summary>
internal readonly record struct Quantity<T>(T Value, string Text)
{
    public override string ToString() => Text;
}

/// <summary>Options whose values carry units: <c>1GiB</c>, <c>500ms</c>.</summary>
internal static class Quantities
{
    /// <summary>The longest time that an option takes.</summary>
    internal const double LongestSeconds = 100.0 * 365 * 86400; // a century: what a TimeSpan and the kernel hold safely

    private static readonly (string Suffix, double Factor)[] s_byteUnits =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("B", 1),
    ];

    private static readonly (string Suffix, double Factor)[] s_secondUnits = [("ms", 1e-3), ("s", 1), ("min", 60), ("m", 60), ("h", 3600), ("d", 86400)];

    /// <summary>An option in bytes.</summary>
    /// <param name="defaultText">As a user would write it.</param>
    public static Option<Quantity<long>> Bytes(string name, string defaultText, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        DefaultValueFactory = _ => new((long)ParseBytes(defaultText)!.Value, defaultText),
        CustomParser = result => new((long)ParseOrReport(result, s_byteUnits, "a size such as 512MiB or 2GiB"), result.Tokens[0].Value),
    };

    /// <summary>An option that is a time; a number without a unit is seconds.</summary>
    public static Option<Quantity<TimeSpan>> Time(string name, string defaultText, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        DefaultValueFactory = _ => new(TimeSpan.FromSeconds(ParseSeconds(defaultText)!.Value), defaultText),
        CustomParser = result => new(
            TimeSpan.FromSeconds(Math.Min(ParseOrReport(result, s_secondUnits, "a time such as 500ms, 2s or 10min"), LongestSeconds)),
            result.Tokens[0].Value),
    };

    internal static double? ParseBytes(string text) => Parse(text, s_byteUnits);

    internal static double? ParseSeconds(string text) => Parse(text, s_secondUnits);

    // A number without a unit is bytes, or seconds; null when there is no number, it is negative, or it passes what 64 bits hold.
    private static double? Parse(string text, (string Suffix, double Factor)[] units)
    {
        double factor = 1;
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

    private static double ParseOrReport(ArgumentResult result, (string Suffix, double Factor)[] units, string expected)
    {
        string text = result.Tokens[0].Value;
        double? value = Parse(text, units);
        if (value is null)
        {
            result.AddError($"'{text}' is not {expected}");
        }

        return value ?? 0;
    }
}
