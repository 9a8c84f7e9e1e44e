using System.Numerics;

namespace VirtualEmFs.Archives.Hdf5.ChunkIndexes;

/// <summary>
/// An extensible array of chunks: for datasets with one unlimited dimension. The first elements lie in the index block, the next in data blocks that it
/// points at, the rest in data blocks below super blocks; large data blocks come in pages (specification III.C "Extensible Array").
/// </summary>
internal sealed class ExtensibleArrayChunkIndex
{
    private readonly MetadataReader _reader;
    private readonly FieldSizes _sizes;
    private readonly ChunkGrid _grid;
    private readonly ChunkVisitor _visit;
    private readonly ChunkElement _element;
    private readonly int _elementBytes;
    private readonly int _indexElements;
    private readonly int _smallestBlockElements;
    private readonly int _smallestPointers;
    private readonly int _pageElements;
    private readonly int _superBlockCount;
    private readonly int _offsetBytes;
    private readonly long _setCount;
    private readonly long _indexAddress;
    private readonly long[] _coordinates;

    private ExtensibleArrayChunkIndex(
        MetadataReader reader, FieldSizes sizes, ChunkGrid grid, long chunkLengthBytes, ref FieldReader fields, ChunkVisitor visit)
    {
        (_reader, _sizes, _grid, _visit) = (reader, sizes, grid, visit);
        bool isFiltered = fields.U8() == 1;
        _elementBytes = fields.U8();
        int countBits = fields.U8();
        _indexElements = fields.U8();
        _smallestBlockElements = fields.U8();
        _smallestPointers = fields.U8();
        int pageBits = fields.U8();
        fields.Skip(4 * sizes.LengthBytes); // counts and sizes of super blocks and data blocks
        _setCount = fields.Length();
        fields.Skip(sizes.LengthBytes);
        _indexAddress = fields.Address();
        fields.Checksum();
        _element = ChunkElement.Of(isFiltered, _elementBytes, sizes, chunkLengthBytes);
        _coordinates = new long[grid.Rank];
        if (!BitOperations.IsPow2(_smallestBlockElements) || !BitOperations.IsPow2(_smallestPointers) || _smallestPointers < 2
            || countBits is 0 or > 64 || pageBits > 30 || BitOperations.Log2((uint)_smallestBlockElements) > countBits)
        {
            throw new Hdf5FormatException("an extensible array has impossible block sizes");
        }

        _pageElements = 1 << pageBits;
        _offsetBytes = (countBits + 7) / 8;
        _superBlockCount = 1 + (countBits - BitOperations.Log2((uint)_smallestBlockElements));
    }

    private int PrefixBytes => 4 + 1 + 1 + _sizes.AddressBytes;

    public static void ForEach(MetadataReader reader, FieldSizes sizes, ChunkGrid grid, long address, long chunkLengthBytes, ChunkVisitor visit)
    {
        byte[] header = reader.Read(address, 4 + 8 + (6 * sizes.LengthBytes) + sizes.AddressBytes + 4, "extensible array");
        var fields = new FieldReader(header, sizes, "extensible array");
        fields.Signature("EAHD"u8);
        fields.Version(0, 0);
        var array = new ExtensibleArrayChunkIndex(reader, sizes, grid, chunkLengthBytes, ref fields, visit);
        if (array._indexAddress != FieldReader.Undefined)
        {
            array.IndexBlock();
        }
    }

    private static int BlockCount(int superBlock) => 1 << (superBlock / 2);

    private long BlockElements(int superBlock) => (1L << ((superBlock + 1) / 2)) * _smallestBlockElements;

    private void IndexBlock()
    {
        // Super blocks of few data blocks have none of their own: the index block points at the data blocks.
        int directSuperBlocks = Math.Min(2 * BitOperations.Log2((uint)_smallestPointers), _superBlockCount);
        int directBlocks = 2 * (_smallestPointers - 1);
        int pointerCount = directBlocks + _superBlockCount - directSuperBlocks;
        long blockBytes = PrefixBytes + ((long)_indexElements * _elementBytes) + ((long)pointerCount * _sizes.AddressBytes) + 4;
        byte[] bytes = _reader.Read(_indexAddress, blockBytes, "extensible array index");
        var fields = new FieldReader(bytes, _sizes, "extensible array index");
        fields.Signature("EAIB"u8);
        fields.Skip(blockBytes - 8);
        fields.Checksum();
        fields = new FieldReader(bytes, _sizes, "extensible array index");
        fields.Skip(PrefixBytes);
        long next = Elements(ref fields, 0, _indexElements);
        for (int superBlock = 0; superBlock < _superBlockCount && next < _setCount; superBlock++)
        {
            if (superBlock >= directSuperBlocks)
            {
                SuperBlock(fields.Address(), superBlock, next);
                next += BlockCount(superBlock) * BlockElements(superBlock);
                continue;
            }

            for (int i = 0; i < BlockCount(superBlock); i++)
            {
                long blockAddress = fields.Address();
                if (next < _setCount && blockAddress != FieldReader.Undefined)
                {
                    DataBlock(blockAddress, BlockElements(superBlock), next, default, 0);
                }

                next += BlockElements(superBlock);
            }
        }
    }

    private void SuperBlock(long address, int superBlock, long first)
    {
        if (address == FieldReader.Undefined)
        {
            return;
        }

        int blockCount = BlockCount(superBlock);
        long blockElements = BlockElements(superBlock);

        // Room is made in whole bytes for each data block, but the bits of all blocks follow one another.
        long blockPages = blockElements > _pageElements ? blockElements / _pageElements : 0;
        int bitmapBytes = (int)((blockPages + 7) / 8);
        long superBytes = PrefixBytes + _offsetBytes + ((long)blockCount * (bitmapBytes + _sizes.AddressBytes)) + 4;
        byte[] bytes = _reader.Read(address, superBytes, "extensible array super block");
        var fields = new FieldReader(bytes, _sizes, "extensible array super block");
        fields.Signature("EASB"u8);
        fields.Skip(superBytes - 8);
        fields.Checksum();
        int bitmaps = PrefixBytes + _offsetBytes;
        fields = new FieldReader(bytes.AsSpan(bitmaps + (blockCount * bitmapBytes)), _sizes, "extensible array super block");
        for (int i = 0; i < blockCount && first < _setCount; i++)
        {
            long blockAddress = fields.Address();
            if (blockAddress != FieldReader.Undefined)
            {
                DataBlock(blockAddress, blockElements, first, bytes.AsSpan(bitmaps, blockCount * bitmapBytes), i * blockPages);
            }

            first += blockElements;
        }
    }

    /// <param name="writtenPages">A bit for each page that exists, most significant first; empty when the block has no pages.</param>
    /// <param name="firstBit">The bit of this block's first page.</param>
    private void DataBlock(long address, long elementCount, long first, ReadOnlySpan<byte> writtenPages, long firstBit)
    {
        bool isPaged = elementCount > _pageElements;
        long blockBytes = PrefixBytes + _offsetBytes + (isPaged ? 0 : elementCount * _elementBytes) + 4;
        byte[] bytes = _reader.Read(address, blockBytes, "extensible array block");
        var fields = new FieldReader(bytes, _sizes, "extensible array block");
        fields.Signature("EADB"u8);
        fields.Skip(blockBytes - 8);
        fields.Checksum();
        if (!isPaged)
        {
            fields = new FieldReader(bytes, _sizes, "extensible array block");
            fields.Skip(PrefixBytes + _offsetBytes);
            Elements(ref fields, first, elementCount);
            return;
        }

        long pageBytes = ((long)_pageElements * _elementBytes) + 4;
        for (long page = 0; page < elementCount / _pageElements && first + (page * _pageElements) < _setCount; page++)
        {
            // Blocks right under the index block have no bitmap; libhdf5 makes them too small for pages.
            long bit = firstBit + page;
            if (bit / 8 < writtenPages.Length && (writtenPages[(int)(bit / 8)] & (0x80 >> (int)(bit % 8))) != 0)
            {
                byte[] pageData = _reader.Read(address + blockBytes + (page * pageBytes), pageBytes, "extensible array page");
                fields = new FieldReader(pageData, _sizes, "extensible array page");
                fields.Skip(pageBytes - 4);
                fields.Checksum();
                fields = new FieldReader(pageData, _sizes, "extensible array page");
                Elements(ref fields, first + (page * _pageElements), _pageElements);
            }
        }
    }

    /// <returns>The number of the element after the last.</returns>
    private long Elements(ref FieldReader fields, long first, long count)
    {
        for (long i = 0; i < count; i++)
        {
            StoredChunk chunk = _element.Read(ref fields);
            if (chunk.Address != FieldReader.Undefined)
            {
                _grid.FromGrowingNumber(first + i, _coordinates);
                _visit(_coordinates, chunk);
            }
        }

        return first + count;
    }
}
