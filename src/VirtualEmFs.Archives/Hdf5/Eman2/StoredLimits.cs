using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>The attributes that say how stored integers become values; looked up under exactly these names (spec/eman2-hdf5.md sections 1 and 2).</summary>
internal static class StoredLimits
{
    private const string Minimum = "EMAN.stored_rendermin";
    private const string Maximum = "EMAN.stored_rendermax";
    private const string Bits = "EMAN.stored_renderbits";

    /// <summary>The rescaling of an image: none unless bits and both limits exist, and bits are more than 0.</summary>
    public static Rescale Read(Hdf5Object image)
    {
        if (Number(image, Bits) is not double bits || (int)Math.Clamp(bits, 0, 64) is not (> 0 and int wholeBits)
            || Number(image, Minimum) is not double minimum || Number(image, Maximum) is not double maximum)
        {
            return Rescale.None;
        }

        return wholeBits <= 32
            ? new Rescale((float)minimum, (float)maximum, wholeBits)
            : throw new Hdf5FormatException($"its samples claim {bits} bits");
    }

    /// <summary>
    /// A number as EMAN2 reads it, because what it shows is what it reads: integers of 2 and of 8 bytes read as 0, those of 1 byte are true ('T') or false.
    /// </summary>
    private static double? Number(Hdf5Object image, string name)
    {
        Attribute? attribute = image.FindAttribute(name);
        return attribute?.Datatype switch
        {
            { Class: DatatypeClass.FixedPoint, SizeBytes: 1 } => attribute.AsNumber() == 'T' ? 1 : 0,
            { Class: DatatypeClass.FixedPoint, SizeBytes: not 4 } => 0,
            _ => attribute?.AsNumber(),
        };
    }
}
