using System.Text;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>
/// The header attributes of an image, under their names without the prefix <c>EMAN.</c>: EMAN2 accepts both, and where both exist the prefixed one counts
/// (spec/eman2-hdf5.md section 1).
/// </summary>
internal sealed class ImageHeader
{
    private const string Prefix = "EMAN.";

    private readonly Hdf5Object _object;
    private readonly Dictionary<string, Attribute> _attributes = [];

    /// <param name="holder">The image's group; in the legacy layout its dataset.</param>
    public ImageHeader(Hdf5Object holder)
    {
        _object = holder;
        var prefixed = new HashSet<string>();
        holder.ForEachAttributeMessage(message =>
        {
            string name = Encoding.UTF8.GetString(AttributeMessage.NameOf(message.Span));
            bool hasPrefix = name.StartsWith(Prefix, StringComparison.Ordinal);
            name = hasPrefix ? name[Prefix.Length..] : name;
            if (IsWanted(name) && (hasPrefix ? prefixed.Add(name) : !prefixed.Contains(name)))
            {
                _attributes[name] = holder.Parse(message);
            }

            return true;
        });
    }

    /// <summary>A number of any type and size; null when it is missing or no number.</summary>
    public double? Number(string name) => _attributes.GetValueOrDefault(name)?.AsNumber();

    /// <summary>A number that must be finite as float32.</summary>
    public float? Single(string name) => Number(name) is double value && float.IsFinite((float)value) ? (float)value : null;

    /// <summary>A whole number within the range of int32.</summary>
    public int? Integer(string name) =>
        Number(name) is double value && value is >= int.MinValue and <= int.MaxValue ? (int)value : null;

    public string? Text(string name) => _attributes.GetValueOrDefault(name)?.AsText(_object.File.Reader, _object.File.Superblock.Sizes);

    // Of 55-85 attributes these are read.
    private static bool IsWanted(string name) => name is "apix_x" or "apix_y" or "apix_z" or "origin_x" or "origin_y" or "origin_z"
        or "minimum" or "maximum" or "mean" or "sigma" or "MRC.nxstart" or "MRC.nystart" or "MRC.nzstart" or Eman2Describer.GainField
        || name.StartsWith("MRC.label", StringComparison.Ordinal);
}
