namespace VirtualEmFs.Archives.Hdf5;

/// <summary>A local heap: the names of an old-style group (specification III.D).</summary>
internal readonly struct LocalHeap
{
    private readonly byte[] _data;

    private LocalHeap(byte[] data) => _data = data;

    public static LocalHeap Read(MetadataReader reader, FieldSizes sizes, long address)
    {
        byte[] bytes = reader.Read(address, 8 + (2 * sizes.LengthBytes) + sizes.AddressBytes, "local heap");
        var fields = new FieldReader(bytes, sizes, "local heap");
        fields.Signature("HEAP"u8);
        fields.Version(0, 0);
        fields.Skip(3);
        long dataLengthBytes = fields.Length();
        fields.Skip(sizes.LengthBytes); // free list
        return new LocalHeap(reader.Read(fields.Address(), dataLengthBytes, "local heap"));
    }

    /// <summary>The text at an offset, without its NUL.</summary>
    public ReadOnlySpan<byte> TextAt(long offset)
    {
        if (offset < 0 || offset >= _data.Length)
        {
            throw new Hdf5FormatException("a name lies outside its local heap");
        }

        var fields = new FieldReader(_data.AsSpan((int)offset), default, "local heap");
        return fields.NulTerminated();
    }
}
