namespace VirtualEmFs.Archives.Hdf5.ChunkIndexes;

/// <summary>A version 1 B-tree of chunks, walked once from the root: the keys carry length, mask and first element (specification III.A.1).</summary>
internal sealed class BTreeV1ChunkIndex(MetadataReader reader, Superblock superblock, ChunkGrid grid, ChunkVisitor visit)
{
    private readonly HashSet<long> _seen = [];
    private readonly long[] _element = new long[grid.Rank];
    private readonly long[] _coordinates = new long[grid.Rank];

    public static void ForEach(MetadataReader reader, Superblock superblock, ChunkGrid grid, long address, ChunkVisitor visit) =>
        new BTreeV1ChunkIndex(reader, superblock, grid, visit).Visit(address, null);

    private void Visit(long address, int? expectedLevel)
    {
        if (!_seen.Add(address))
        {
            throw new Hdf5FormatException("a chunk B-tree leads back into itself");
        }

        FieldSizes sizes = superblock.Sizes;
        int keyBytes = 8 + (8 * (grid.Rank + 1));
        int prefixBytes = 8 + (2 * sizes.AddressBytes);
        long nodeBytes = prefixBytes + (2L * superblock.ChunkInternalK * (keyBytes + sizes.AddressBytes)) + keyBytes;
        byte[] bytes = reader.ReadUpTo(address, nodeBytes, "chunk B-tree node", scattered: true);
        var fields = new FieldReader(bytes, sizes, "chunk B-tree node");
        fields.Signature("TREE"u8);
        int type = fields.U8();
        int level = fields.U8();
        int childCount = fields.U16();
        fields.Skip(2 * sizes.AddressBytes); // siblings
        if (type != 1 || (expectedLevel is int expected && level != expected))
        {
            throw new Hdf5FormatException("a chunk B-tree node is of the wrong kind");
        }

        for (int i = 0; i < childCount; i++)
        {
            uint lengthBytes = fields.U32();
            uint filterMask = fields.U32();
            for (int k = 0; k < grid.Rank; k++)
            {
                _element[k] = fields.Number(8);
            }

            fields.Skip(8); // the element's size as one more dimension: always 0
            long childAddress = fields.Address();
            if (level > 0)
            {
                Visit(childAddress, level - 1);
            }
            else
            {
                grid.FromElement(_element, _coordinates);
                visit(_coordinates, new StoredChunk(childAddress, lengthBytes, filterMask));
            }
        }
    }
}
