using System.Globalization;

namespace VirtualEmFs.Truncation;

/// <summary>
/// EMAN2's output syntax: <c>file</c>, <c>file:bits</c>, <c>file:bits:f</c>, <c>file:bits:o</c>, <c>file:bits:3s:5s</c>, <c>file:bits:low:high</c>.
/// </summary>
/// <remarks>
/// Numeric limits work, and <c>:-3s:5s</c> means from 3 sigma below the mean to 5 above, like <c>:3s:5s</c>; in EMAN2 the first
/// fails and the second clamps nearly everything (spec/eman2-hdf5.md section 9, items 11 and 12). Immutable.
/// </remarks>
/// <param name="Path">The file.</param>
/// <param name="Bits">0 lossless, below 0 uncompressed, 2–16; null when not given.</param>
/// <param name="Limits">Null when no bits were given.</param>
public sealed record OutputSpec(string Path, int? Bits, LimitRequest? Limits)
{
    /// <summary>Reads the syntax. A text whose part after the colon is not a number is a plain path.</summary>
    /// <exception cref="TruncationException">Bits or limits make no sense.</exception>
    public static OutputSpec Parse(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        string[] parts = text.Split(':');
        int bitsAt = Array.FindIndex(parts, 1, part => int.TryParse(part, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _));
        if (bitsAt < 0)
        {
            return new OutputSpec(text, null, null);
        }

        int bits = int.Parse(parts[bitsAt], CultureInfo.InvariantCulture);
        if (bits is 1 or > 16)
        {
            throw new TruncationException($"{text}: {bits} bits cannot be stored: give 2 to 16, or 0 for lossless");
        }

        string path = string.Join(':', parts[..bitsAt]);
        return new OutputSpec(path, bits, ParseLimits(text, parts[(bitsAt + 1)..]));
    }

    private static LimitRequest ParseLimits(string text, string[] parts) => parts switch
    {
        [] or ["o"] => LimitRequest.OutliersFitted,
        ["f"] => LimitRequest.Full,
        [['-', .. string below, 's'], [.. string above, 's']] => LimitRequest.Sigma(Number(text, below), Number(text, above), fitsData: true),
        [[.. string below, 's'], [.. string above, 's']] => LimitRequest.Sigma(Number(text, below), Number(text, above), fitsData: true),
        [string low, string high] => LimitRequest.Range(Number(text, low), Number(text, high), fitsData: true),
        _ => throw new TruncationException($"{text}: after the bits give nothing, f, o, low:high, or 3s:5s"),
    };

    private static double Number(string text, string number) =>
        double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw new TruncationException($"{text}: '{number}' is not a number");
}
