namespace VirtualEmFs.Archives.Hdf5;

/// <summary>A collection of the global heap: variable-length values (specification III.E).</summary>
internal static class GlobalHeap
{
    /// <summary>Object of a collection; empty when the address is 0, as for an empty value.</summary>
    public static ReadOnlyMemory<byte> Get(MetadataReader reader, FieldSizes sizes, long address, uint index)
    {
        if (address is 0 or FieldReader.Undefined)
        {
            return default;
        }

        int prefixBytes = 8 + sizes.LengthBytes;
        var prefix = new FieldReader(reader.Read(address, prefixBytes, "global heap"), sizes, "global heap");
        prefix.Signature("GCOL"u8);
        prefix.Version(1, 1);
        prefix.Skip(3);
        byte[] bytes = reader.Read(address, prefix.Length(), "global heap");
        var fields = new FieldReader(bytes, sizes, "global heap");
        fields.Skip(prefixBytes);
        while (fields.Remaining >= prefixBytes)
        {
            int objectIndex = fields.U16();
            fields.Skip(6);
            long lengthBytes = fields.Length();
            if (objectIndex == 0)
            {
                break; // free space: the rest
            }

            int position = fields.Position;
            if (objectIndex == index)
            {
                fields.Skip(lengthBytes);
                return bytes.AsMemory(position, (int)lengthBytes);
            }

            fields.Skip(Math.Min((lengthBytes + 7) / 8 * 8, fields.Remaining));
        }

        throw new Hdf5FormatException("a variable-length value is missing");
    }
}
