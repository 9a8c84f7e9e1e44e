namespace VirtualEmFs.Archives.Hdf5.ChunkIndexes;

/// <summary>How the array-like indexes and version 2 B-trees store a chunk: its address and, when filtered, its length and filter mask.</summary>
/// <param name="IsFiltered">The element has length and mask.</param>
/// <param name="LengthFieldBytes">Bytes of the length field.</param>
/// <param name="ChunkLengthBytes">Length of an unfiltered chunk.</param>
internal readonly record struct ChunkElement(bool IsFiltered, int LengthFieldBytes, long ChunkLengthBytes)
{
    /// <summary>From the size of a whole element.</summary>
    public static ChunkElement Of(bool isFiltered, int elementBytes, FieldSizes sizes, long chunkLengthBytes)
    {
        int lengthFieldBytes = isFiltered ? elementBytes - sizes.AddressBytes - 4 : 0;
        bool isPossible = isFiltered ? lengthFieldBytes is > 0 and <= 8 : elementBytes == sizes.AddressBytes;
        return isPossible
            ? new ChunkElement(isFiltered, lengthFieldBytes, chunkLengthBytes)
            : throw new Hdf5FormatException($"a chunk index has elements of {elementBytes} bytes");
    }

    /// <summary>The next element; its address is undefined where the chunk was never written.</summary>
    public StoredChunk Read(ref FieldReader fields)
    {
        long address = fields.Address();
        return IsFiltered
            ? new StoredChunk(address, fields.Number(LengthFieldBytes), fields.U32())
            : new StoredChunk(address, ChunkLengthBytes, 0);
    }
}
