namespace VirtualEmFs.Archives.Hdf5.ChunkIndexes;

/// <summary>A version 2 B-tree of chunks, record types 10 (unfiltered) and 11: for datasets with several unlimited dimensions.</summary>
internal static class BTreeV2ChunkIndex
{
    private const int Unfiltered = 10;
    private const int Filtered = 11;

    public static void ForEach(MetadataReader reader, FieldSizes sizes, ChunkGrid grid, long address, long chunkLengthBytes, ChunkVisitor visit)
    {
        BTreeV2 tree = BTreeV2.Open(reader, sizes, address);
        if (tree.Type is not (Unfiltered or Filtered))
        {
            throw new Hdf5FormatException("a chunk index is a B-tree of something else");
        }

        var element = ChunkElement.Of(tree.Type == Filtered, tree.RecordBytes - (8 * grid.Rank), sizes, chunkLengthBytes);
        var coordinates = new long[grid.Rank];
        tree.ForEach(record =>
        {
            var fields = new FieldReader(record, sizes, "chunk record");
            StoredChunk chunk = element.Read(ref fields);
            for (int i = 0; i < coordinates.Length; i++)
            {
                coordinates[i] = fields.Number(8);
            }

            visit(coordinates, chunk);
            return true;
        });
    }
}
