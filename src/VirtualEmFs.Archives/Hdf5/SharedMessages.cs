namespace VirtualEmFs.Archives.Hdf5;

/// <summary>Messages that several objects share: in another object's header (a named datatype), or in the file's own heaps (specification IV.A.2 and III.H).</summary>
internal sealed class SharedMessages(MetadataReader reader, Superblock superblock)
{
    // A committed datatype's own message is never shared again; one step more is a loop.
    private const int MaximumSteps = 2;

    private List<(ushort Types, long HeapAddress)>? _indexes;

    /// <summary>The message that a shared message stands for.</summary>
    public ReadOnlyMemory<byte> Resolve(MessageType type, ReadOnlyMemory<byte> pointer) => Resolve(type, pointer, 0);

    private ReadOnlyMemory<byte> Resolve(MessageType type, ReadOnlyMemory<byte> pointer, int steps)
    {
        if (steps > MaximumSteps)
        {
            throw new Hdf5FormatException("a shared message leads back to itself");
        }

        FieldSizes sizes = superblock.Sizes;
        var fields = new FieldReader(pointer.Span, sizes, "shared message");
        int version = fields.Version(1, 3);
        int place = fields.U8();
        fields.Skip(version == 1 ? 6 : 0);
        const int InHeap = 1;
        if (version == 3 && place == InHeap)
        {
            return FromHeap(type, fields.Take(8));
        }

        ObjectHeader header = ObjectHeader.Read(reader, sizes, fields.Address());
        HeaderMessage message = header.Find(type) ?? throw new Hdf5FormatException("a shared message is missing");
        return message.IsShared ? Resolve(type, message.Data, steps + 1) : message.Data;
    }

    /// <summary>A message in the heap that the file keeps for its type.</summary>
    public ReadOnlyMemory<byte> FromHeap(MessageType type, ReadOnlySpan<byte> id)
    {
        _indexes ??= ReadIndexes();
        foreach ((ushort types, long heapAddress) in _indexes)
        {
            if ((types & (1 << (int)type)) != 0)
            {
                return FractalHeap.Open(reader, superblock.Sizes, heapAddress).Get(id);
            }
        }

        throw new Hdf5FormatException("a shared message has no index");
    }

    private List<(ushort Types, long HeapAddress)> ReadIndexes()
    {
        FieldSizes sizes = superblock.Sizes;
        if (superblock.ExtensionAddress == FieldReader.Undefined
            || ObjectHeader.Read(reader, sizes, superblock.ExtensionAddress).Find(MessageType.SharedMessageTable) is not { } message)
        {
            throw new Hdf5FormatException("the table of shared messages is missing");
        }

        var fields = new FieldReader(message.Data.Span, sizes, "table of shared messages");
        fields.Version(0, 0);
        long tableAddress = fields.Address();
        int count = fields.U8();
        int indexBytes = 1 + 1 + 2 + 4 + 2 + 2 + 2 + (2 * sizes.AddressBytes);
        byte[] table = reader.Read(tableAddress, 4 + (count * indexBytes) + 4, "table of shared messages");
        fields = new FieldReader(table, sizes, "table of shared messages");
        fields.Signature("SMTB"u8);
        var indexes = new List<(ushort, long)>(count);
        for (int i = 0; i < count; i++)
        {
            fields.Skip(2);
            ushort types = fields.U16();
            fields.Skip(4 + 2 + 2 + 2 + sizes.AddressBytes);
            indexes.Add((types, fields.Address()));
        }

        fields.Checksum();
        return indexes;
    }
}
