namespace VirtualEmFs.Archives.Hdf5;

/// <summary>Takes one record of a version 2 B-tree; false ends the walk.</summary>
internal delegate bool BTreeRecordVisitor(ReadOnlySpan<byte> record);

/// <summary>A version 2 B-tree: records of one size, in the order of their keys (specification III.A.2).</summary>
internal sealed class BTreeV2
{
    // signature, version, type and checksum
    private const int NodePrefixBytes = 10;

    // A tree of this depth holds more records than a file has bytes.
    private const int MaximumDepth = 32;

    private readonly MetadataReader _reader;
    private readonly FieldSizes _sizes;
    private readonly int _nodeBytes;
    private readonly int _depth;
    private readonly long _rootAddress;
    private readonly int _rootRecordCount;
    private readonly int _recordCountBytes;

    // By level: bytes that hold the number of records below a node of the level.
    private readonly int[] _totalCountBytes;

    private BTreeV2(MetadataReader reader, FieldSizes sizes, ref FieldReader fields)
    {
        (_reader, _sizes) = (reader, sizes);
        Type = fields.U8();
        uint nodeBytes = fields.U32();
        RecordBytes = fields.U16();
        _depth = fields.U16();
        fields.Skip(2); // when to split and to merge
        _rootAddress = fields.Address();
        _rootRecordCount = fields.U16();
        RecordCount = fields.Length();
        fields.Checksum();
        if (RecordBytes == 0 || nodeBytes < NodePrefixBytes + RecordBytes || nodeBytes > 16 << 20 || _depth > MaximumDepth)
        {
            throw new Hdf5FormatException("a B-tree (version 2) has impossible node sizes");
        }

        _nodeBytes = (int)nodeBytes;
        ulong leafLimit = (ulong)((_nodeBytes - NodePrefixBytes) / RecordBytes);
        _recordCountBytes = FieldReader.BytesFor(leafLimit);
        _totalCountBytes = new int[_depth + 1];
        ulong totalLimit = leafLimit;
        for (int level = 1; level <= _depth; level++)
        {
            int pointerBytes = sizes.AddressBytes + _recordCountBytes + _totalCountBytes[level - 1];
            int limit = (_nodeBytes - NodePrefixBytes - pointerBytes) / (RecordBytes + pointerBytes);
            if (limit < 1)
            {
                throw new Hdf5FormatException("a B-tree (version 2) has nodes too small for its records");
            }

            totalLimit = (((ulong)limit + 1) * totalLimit) + (ulong)limit;
            _totalCountBytes[level] = FieldReader.BytesFor(totalLimit);
        }
    }

    /// <summary>What the records are (5 links, 8 attributes, 10 and 11 chunks, ...).</summary>
    public int Type { get; }

    public int RecordBytes { get; }

    public long RecordCount { get; }

    public static BTreeV2 Open(MetadataReader reader, FieldSizes sizes, long address)
    {
        byte[] bytes = reader.Read(address, 4 + 1 + 1 + 4 + 2 + 2 + 2 + sizes.AddressBytes + 2 + sizes.LengthBytes + 4, "B-tree header");
        var fields = new FieldReader(bytes, sizes, "B-tree header");
        fields.Signature("BTHD"u8);
        fields.Version(0, 0);
        return new BTreeV2(reader, sizes, ref fields);
    }

    /// <summary>Visits every record in order.</summary>
    /// <returns>False when the visitor ended the walk.</returns>
    public bool ForEach(BTreeRecordVisitor visit) =>
        _rootAddress == FieldReader.Undefined || _rootRecordCount == 0 || Visit(_rootAddress, _rootRecordCount, _depth, visit);

    private bool Visit(long address, int recordCount, int level, BTreeRecordVisitor visit)
    {
        int childBytes = level == 0 ? 0 : _sizes.AddressBytes + _recordCountBytes + _totalCountBytes[level - 1];
        long lengthBytes = NodePrefixBytes + ((long)recordCount * RecordBytes) + ((recordCount + 1L) * childBytes);
        if (lengthBytes > _nodeBytes)
        {
            throw new Hdf5FormatException("a B-tree node (version 2) claims more records than it has room for");
        }

        byte[] bytes = _reader.Read(address, lengthBytes, "B-tree node");
        var fields = new FieldReader(bytes, _sizes, "B-tree node");
        fields.Signature(level == 0 ? "BTLF"u8 : "BTIN"u8);
        fields.Version(0, 0);
        if (fields.U8() != Type)
        {
            throw new Hdf5FormatException("a B-tree node (version 2) belongs to another tree");
        }

        fields.Skip(lengthBytes - NodePrefixBytes);
        fields.Checksum();
        const int RecordsStart = NodePrefixBytes - 4;
        var children = new FieldReader(bytes.AsSpan(RecordsStart + (recordCount * RecordBytes)), _sizes, "B-tree node");
        for (int i = 0; i <= recordCount; i++)
        {
            if (level > 0)
            {
                long childAddress = children.Address();
                int childRecordCount = (int)children.Number(_recordCountBytes);
                children.Skip(_totalCountBytes[level - 1]);
                if (!Visit(childAddress, childRecordCount, level - 1, visit))
                {
                    return false;
                }
            }

            if (i < recordCount && !visit(bytes.AsSpan(RecordsStart + (i * RecordBytes), RecordBytes)))
            {
                return false;
            }
        }

        return true;
    }
}
