using System.Globalization;
namespace VirtualEmFs.Archives.Tiff;

/// <summary>
/// Finds a page's pixel size: from the resolution tags as RELION does (spec/relion-tiff-eer.md section 1.8), otherwise from what
/// ImageJ, OME or SerialEM write into the description.
/// </summary>
internal static class TiffPixelSize
{
    private const int Inch = 2;
    private const int Centimetre = 3;

    /// <summary>The pixel size in Å, the same along both axes; null when there is none between 0.01 and 1000 Å.</summary>
    /// <exception cref="TiffFormatException">The directory is broken.</exception>
    public static float? Find(TiffDirectory directory)
    {
        double? pixelsPerUnit = directory.Ratio(TiffTag.XResolution);
        long unit = directory.Integer(TiffTag.ResolutionUnit, 0);
        double unitLength = unit switch { Centimetre => 1e8, Inch => 2.54e8, _ => 0 };
        if (pixelsPerUnit is double resolution && Plausible(unitLength / (float)resolution) is float fromTags)
        {
            return fromTags;
        }

        string description = directory.Text(TiffTag.ImageDescription);
        if (description.StartsWith("ImageJ=", StringComparison.Ordinal))
        {
            return pixelsPerUnit is double perUnit && Value(description, "unit=") is string name ? Plausible(Angstrom(name) / perUnit) : null;
        }

        if (description.Contains("PhysicalSizeX=\"", StringComparison.Ordinal))
        {
            double length = Number(Attribute(description, "PhysicalSizeX"));
            return Plausible(length * Angstrom(Attribute(description, "PhysicalSizeXUnit") ?? "µm"));
        }

        return Plausible(Number(Value(description, "PixelSpacing =")));
    }

    /// <summary>Images that an ImageJ description announces; 1 when it is none.</summary>
    public static int ImageJImageCount(TiffDirectory directory)
    {
        string description = directory.Text(TiffTag.ImageDescription);
        return description.StartsWith("ImageJ=", StringComparison.Ordinal)
            && int.TryParse(Value(description, "\nimages="), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0
            ? count
            : 1;
    }

    private static float? Plausible(double angstrom) => angstrom is >= 0.01 and <= 1000 ? (float)angstrom : null;

    // ImageJ writes what the user typed, and characters beyond ASCII as \uXXXX.
    private static double Angstrom(string unit) => unit.Trim() switch
    {
        "Å" or "\\u00C5" or "A" or "angstrom" or "Angstrom" or "ångström" => 1,
        "pm" => 0.01,
        "nm" or "nanometer" => 10,
        "µm" or "μm" or "\\u00B5m" or "um" or "micron" or "microns" => 1e4,
        "mm" => 1e7,
        "cm" => 1e8,
        "m" => 1e10,
        "inch" or "in" => 2.54e8,
        _ => 0,
    };

    // The rest of the line behind a key; null when the key is not there.
    private static string? Value(string text, string key)
    {
        int place = text.IndexOf(key, StringComparison.Ordinal);
        return place < 0 ? null : text[(place + key.Length)..].Split('\n', 2)[0].Trim();
    }

    private static string? Attribute(string xml, string name)
    {
        string start = name + "=\"";
        int place = xml.IndexOf(start, StringComparison.Ordinal);
        return place < 0 ? null : xml[(place + start.Length)..].Split('"', 2)[0];
    }

    private static double Number(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : double.NaN;
}
