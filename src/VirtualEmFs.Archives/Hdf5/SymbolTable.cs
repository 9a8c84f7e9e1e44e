namespace VirtualEmFs.Archives.Hdf5;

/// <summary>An old-style group: a version 1 B-tree whose leaves are symbol table nodes, and a local heap with the names (specification III.A.1 and III.B).</summary>
internal sealed class SymbolTable
{
    private const int EntryScratchBytes = 16;

    private readonly MetadataReader _reader;
    private readonly Superblock _superblock;
    private readonly LocalHeap _names;
    private readonly HashSet<long> _seen = [];

    private readonly byte[] _node; // used again for each: a large group has 70,000

    private SymbolTable(MetadataReader reader, Superblock superblock, LocalHeap names)
    {
        (_reader, _superblock, _names) = (reader, superblock, names);
        int entryBytes = superblock.Sizes.LengthBytes + superblock.Sizes.AddressBytes + 8 + EntryScratchBytes;
        _node = new byte[Math.Min(8 + (2L * superblock.GroupLeafK * entryBytes), reader.LengthBytes)];
    }

    /// <summary>Visits every link, ordered by name.</summary>
    /// <returns>False when the visitor ended the walk.</returns>
    public static bool ForEach(MetadataReader reader, Superblock superblock, ReadOnlySpan<byte> message, LinkVisitor visit)
    {
        var fields = new FieldReader(message, superblock.Sizes, "symbol table");
        long treeAddress = fields.Address();
        long heapAddress = fields.Address();
        LocalHeap names = LocalHeap.Read(reader, superblock.Sizes, heapAddress);
        return new SymbolTable(reader, superblock, names).VisitTree(treeAddress, null, visit);
    }

    private bool VisitTree(long address, int? expectedLevel, LinkVisitor visit)
    {
        if (!_seen.Add(address))
        {
            throw new Hdf5FormatException("a group's B-tree leads back into itself");
        }

        FieldSizes sizes = _superblock.Sizes;
        int prefixBytes = 8 + (2 * sizes.AddressBytes);
        int childBytes = sizes.LengthBytes + sizes.AddressBytes;
        byte[] bytes = _reader.ReadUpTo(
            address, prefixBytes + (2L * _superblock.GroupInternalK * childBytes) + sizes.LengthBytes, "group B-tree node", scattered: true);
        var fields = new FieldReader(bytes, sizes, "group B-tree node");
        fields.Signature("TREE"u8);
        int type = fields.U8();
        int level = fields.U8();
        int childCount = fields.U16();
        fields.Skip(2 * sizes.AddressBytes); // siblings
        if (type != 0 || (expectedLevel is int expected && level != expected))
        {
            throw new Hdf5FormatException("a group's B-tree node is of the wrong kind");
        }

        for (int i = 0; i < childCount; i++)
        {
            fields.Skip(sizes.LengthBytes); // key: the last name before this child
            long childAddress = fields.Address();
            if (!(level == 0 ? VisitNode(childAddress, visit) : VisitTree(childAddress, level - 1, visit)))
            {
                return false;
            }
        }

        return true;
    }

    private bool VisitNode(long address, LinkVisitor visit)
    {
        FieldSizes sizes = _superblock.Sizes;
        var fields = new FieldReader(_reader.ReadInto(_node, address, "symbol table node"), sizes, "symbol table node");
        fields.Signature("SNOD"u8);
        fields.Version(1, 1);
        fields.Skip(1);
        int entryCount = fields.U16();
        for (int i = 0; i < entryCount; i++)
        {
            long nameOffset = fields.Length();
            long objectAddress = fields.Address();
            uint cacheType = fields.U32();
            fields.Skip(4);
            var scratch = new FieldReader(fields.Take(EntryScratchBytes), sizes, "symbol table node");
            const uint SymbolicLink = 2;
            LinkTarget target = cacheType == SymbolicLink
                ? new LinkTarget(LinkKind.Soft, FieldReader.Undefined, _names.TextAt(scratch.U32()).ToArray())
                : LinkTarget.ToObject(objectAddress);
            if (!visit(_names.TextAt(nameOffset), target))
            {
                return false;
            }
        }

        return true;
    }
}
