namespace VirtualEmFs.Archives.Hdf5.ChunkIndexes;

/// <summary>A fixed array of chunks: for datasets with limits but no filters' reason to grow; large ones come in pages (specification III.C "Fixed Array").</summary>
internal static class FixedArrayChunkIndex
{
    public static void ForEach(MetadataReader reader, FieldSizes sizes, ChunkGrid grid, long address, long chunkLengthBytes, ChunkVisitor visit)
    {
        byte[] header = reader.Read(address, 4 + 1 + 1 + 1 + 1 + sizes.LengthBytes + sizes.AddressBytes + 4, "fixed array");
        var fields = new FieldReader(header, sizes, "fixed array");
        fields.Signature("FAHD"u8);
        fields.Version(0, 0);
        bool isFiltered = fields.U8() == 1;
        int elementBytes = fields.U8();
        int pageBits = fields.U8();
        long count = fields.Length();
        long blockAddress = fields.Address();
        fields.Checksum();
        var element = ChunkElement.Of(isFiltered, elementBytes, sizes, chunkLengthBytes);
        if (blockAddress == FieldReader.Undefined)
        {
            return;
        }

        if (pageBits > 30 || count > reader.LengthBytes / elementBytes)
        {
            throw new Hdf5FormatException($"a fixed array claims {count} chunks");
        }

        new Walk(reader, sizes, grid, element, elementBytes, visit).Block(blockAddress, count, 1 << pageBits);
    }

    private sealed class Walk(
        MetadataReader reader, FieldSizes sizes, ChunkGrid grid, ChunkElement element, int elementBytes, ChunkVisitor visit)
    {
        private readonly long[] _coordinates = new long[grid.Rank];

        public void Block(long address, long count, int pageElements)
        {
            int prefixBytes = 4 + 1 + 1 + sizes.AddressBytes;
            bool isPaged = count > pageElements;
            long pageCount = isPaged ? ((count - 1) / pageElements) + 1 : 0;
            long bitmapBytes = (pageCount + 7) / 8;
            long blockBytes = prefixBytes + bitmapBytes + (isPaged ? 0 : count * elementBytes) + 4;
            byte[] bytes = reader.Read(address, blockBytes, "fixed array block");
            var fields = new FieldReader(bytes, sizes, "fixed array block");
            fields.Signature("FADB"u8);
            fields.Skip(prefixBytes - 4);
            int bitmapPosition = fields.Position;
            fields.Skip(blockBytes - 4 - prefixBytes);
            fields.Checksum();
            if (!isPaged)
            {
                Elements(bytes.AsSpan(prefixBytes), 0, count);
                return;
            }

            long pageAddress = address + blockBytes;
            for (long page = 0; page < pageCount; page++)
            {
                long first = page * pageElements;
                long pageElementCount = Math.Min(pageElements, count - first);
                long pageBytes = (pageElementCount * elementBytes) + 4;
                if ((bytes[bitmapPosition + (int)(page / 8)] & (0x80 >> (int)(page % 8))) != 0)
                {
                    byte[] pageData = reader.Read(pageAddress, pageBytes, "fixed array page");
                    var pageFields = new FieldReader(pageData, sizes, "fixed array page");
                    pageFields.Skip(pageBytes - 4);
                    pageFields.Checksum();
                    Elements(pageData, first, pageElementCount);
                }

                pageAddress += ((long)pageElements * elementBytes) + 4;
            }
        }

        private void Elements(ReadOnlySpan<byte> bytes, long first, long count)
        {
            var fields = new FieldReader(bytes, sizes, "fixed array");
            for (long i = 0; i < count; i++)
            {
                StoredChunk chunk = element.Read(ref fields);
                if (chunk.Address != FieldReader.Undefined)
                {
                    grid.FromNumber(first + i, _coordinates);
                    visit(_coordinates, chunk);
                }
            }
        }
    }
}
