namespace VirtualEmFs.Archives.Hdf5;

/// <summary>An object header, version 1 or 2, with its continuation blocks: the list of messages that make up an object (specification IV.A.1).</summary>
internal sealed class ObjectHeader
{
    private const byte SharedFlag = 0x02;

    private readonly List<HeaderMessage> _messages = [];

    private ObjectHeader(long address) => Address = address;

    public long Address { get; }

    /// <summary>All messages in file order, continuations resolved, empty ones left out.</summary>
    public IReadOnlyList<HeaderMessage> Messages => _messages;

    /// <summary>The first message of a type; null when there is none.</summary>
    public HeaderMessage? Find(MessageType type)
    {
        foreach (HeaderMessage message in _messages)
        {
            if (message.Type == type)
            {
                return message;
            }
        }

        return null;
    }

    public static ObjectHeader Read(MetadataReader reader, FieldSizes sizes, long address)
    {
        var header = new ObjectHeader(address);

        // The longest prefix: version 2 with times, attribute limits and an 8-byte size.
        byte[] prefix = reader.ReadUpTo(address, 4 + 2 + 16 + 4 + 8, "object header");
        var blocks = new Queue<(long Address, long LengthBytes)>();
        if (prefix.AsSpan().StartsWith("OHDR"u8))
        {
            header.ReadVersion2(reader, sizes, prefix, blocks);
        }
        else
        {
            header.ReadVersion1(reader, sizes, prefix, blocks);
        }

        return header;
    }

    private void ReadVersion1(MetadataReader reader, FieldSizes sizes, byte[] prefix, Queue<(long Address, long LengthBytes)> blocks)
    {
        var fields = new FieldReader(prefix, sizes, "object header");
        fields.Version(1, 1);

        // The number of messages is passed over, as in libhdf5, whose early versions counted wrongly: the messages are all that the lengths hold.
        fields.Skip(1 + 2);
        fields.Skip(4); // reference count
        blocks.Enqueue((Address + 16, fields.U32())); // messages start at a multiple of 8
        var seen = new HashSet<long>();
        while (blocks.TryDequeue(out (long Address, long LengthBytes) block))
        {
            CheckNew(seen, block.Address);
            byte[] bytes = reader.Read(block.Address, block.LengthBytes, "object header");
            fields = new FieldReader(bytes, sizes, "object header");
            while (fields.Remaining > 0)
            {
                var type = (MessageType)fields.U16();
                int lengthBytes = fields.U16();
                byte flags = fields.U8();
                fields.Skip(3);
                if (lengthBytes % 8 != 0)
                {
                    throw new Hdf5FormatException("an object header has a message whose length is no multiple of 8");
                }

                Add(type, flags, bytes, block.Address, ref fields, lengthBytes, sizes, blocks);
            }
        }
    }

    private void ReadVersion2(MetadataReader reader, FieldSizes sizes, byte[] prefix, Queue<(long Address, long LengthBytes)> blocks)
    {
        var fields = new FieldReader(prefix, sizes, "object header");
        fields.Signature("OHDR"u8);
        fields.Version(2, 2);
        byte headerFlags = fields.U8();
        fields.Skip((headerFlags & 0x20) != 0 ? 16 : 0); // times
        fields.Skip((headerFlags & 0x10) != 0 ? 4 : 0); // limits of attribute storage
        long firstLengthBytes = fields.Number(1 << (headerFlags & 0x03));
        int prefixLengthBytes = fields.Position;
        bool hasCreationOrder = (headerFlags & 0x04) != 0;

        // The first block's checksum covers the prefix too.
        blocks.Enqueue((Address, prefixLengthBytes + firstLengthBytes + 4));
        var seen = new HashSet<long>();
        while (blocks.TryDequeue(out (long Address, long LengthBytes) block))
        {
            CheckNew(seen, block.Address);
            byte[] bytes = reader.Read(block.Address, block.LengthBytes, "object header");
            if (bytes.Length < 8)
            {
                throw new Hdf5FormatException("an object header continues in a block that is too short");
            }

            var whole = new FieldReader(bytes, sizes, "object header");
            whole.Skip(bytes.Length - 4);
            whole.Checksum();
            fields = new FieldReader(bytes.AsSpan(0, bytes.Length - 4), sizes, "object header");
            if (block.Address == Address)
            {
                fields.Skip(prefixLengthBytes);
            }
            else
            {
                fields.Signature("OCHK"u8);
            }

            int messagePrefixBytes = hasCreationOrder ? 6 : 4;
            while (fields.Remaining >= messagePrefixBytes)
            {
                var type = (MessageType)fields.U8();
                int lengthBytes = fields.U16();
                byte flags = fields.U8();
                fields.Skip(hasCreationOrder ? 2 : 0);
                Add(type, flags, bytes, block.Address, ref fields, lengthBytes, sizes, blocks);
            }
        }
    }

    private void Add(
        MessageType type, byte flags, byte[] block, long blockAddress, ref FieldReader fields, int lengthBytes, FieldSizes sizes,
        Queue<(long Address, long LengthBytes)> blocks)
    {
        int position = fields.Position;
        ReadOnlySpan<byte> data = fields.Take(lengthBytes);
        if (type == MessageType.Continuation)
        {
            var continuation = new FieldReader(data, sizes, "object header continuation");
            blocks.Enqueue((continuation.Address(), continuation.Length()));
        }
        else if (type != MessageType.Null)
        {
            _messages.Add(new HeaderMessage(type, block.AsMemory(position, lengthBytes), blockAddress + position, (flags & SharedFlag) != 0));
        }
    }

    private static void CheckNew(HashSet<long> seen, long blockAddress)
    {
        if (!seen.Add(blockAddress))
        {
            throw new Hdf5FormatException("an object header continues in itself");
        }
    }
}
