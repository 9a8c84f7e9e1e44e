using System.Numerics;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>A fractal heap: where links and attributes live once they are too many for the object header (specification III.G).</summary>
/// <remarks>One thread. Keeps the last direct block: objects are best asked for in the order of <see cref="SortKey"/>.</remarks>
internal sealed class FractalHeap
{
    // 4 columns and 64 rows fill 2 KiB: what libhdf5 writes is far below these.
    private const int MaximumIndirectBytes = 1 << 20;
    private const int MaximumIndirectBlocks = 64;

    private readonly MetadataReader _reader;
    private readonly FieldSizes _sizes;
    private readonly int _idBytes;
    private readonly bool _hasBlockChecksums;
    private readonly long _hugeTreeAddress;
    private readonly int _width;
    private readonly long _startBlockBytes;
    private readonly long _maximumDirectBytes;
    private readonly int _offsetBytes;
    private readonly int _lengthBytes;
    private readonly long _rootAddress;
    private readonly int _rootRows;
    private readonly Dictionary<long, byte[]> _indirectBlocks = [];
    private long _directAddress = FieldReader.Undefined;
    private byte[] _directBlock = [];

    private FractalHeap(MetadataReader reader, FieldSizes sizes, ref FieldReader fields)
    {
        (_reader, _sizes) = (reader, sizes);
        _idBytes = fields.U16();
        int filterBytes = fields.U16();
        _hasBlockChecksums = (fields.U8() & 2) != 0;
        uint maximumManagedBytes = fields.U32();
        fields.Skip(sizes.LengthBytes); // next huge object
        _hugeTreeAddress = fields.Address();
        fields.Skip((9 * sizes.LengthBytes) + sizes.AddressBytes); // free space and counts
        _width = fields.U16();
        _startBlockBytes = fields.Length();
        _maximumDirectBytes = fields.Length();
        int heapBits = fields.U16();
        fields.Skip(2); // rows of a new root
        _rootAddress = fields.Address();
        _rootRows = fields.U16();
        if (filterBytes != 0)
        {
            throw new Hdf5FormatException("a group's links or attributes are compressed, which is not supported");
        }

        fields.Checksum();
        if (!BitOperations.IsPow2(_width) || !BitOperations.IsPow2(_startBlockBytes) || !BitOperations.IsPow2(_maximumDirectBytes)
            || _maximumDirectBytes < _startBlockBytes || _maximumDirectBytes > int.MaxValue || heapBits is 0 or > 64 || maximumManagedBytes == 0 || _idBytes == 0)
        {
            throw new Hdf5FormatException("a fractal heap has impossible block sizes");
        }

        _offsetBytes = (heapBits + 7) / 8;
        _lengthBytes = Math.Min((BitOperations.Log2((ulong)_maximumDirectBytes) + 7) / 8, FieldReader.BytesFor(maximumManagedBytes));
    }

    private int DirectRows => BitOperations.Log2((ulong)_maximumDirectBytes) - BitOperations.Log2((ulong)_startBlockBytes) + 2;

    public static FractalHeap Open(MetadataReader reader, FieldSizes sizes, long address)
    {
        int lengthBytes = 4 + 1 + 2 + 2 + 1 + 4 + (12 * sizes.LengthBytes) + (3 * sizes.AddressBytes) + 2 + 2 + 2 + 2 + 4;
        byte[] bytes = reader.ReadUpTo(address, lengthBytes, "fractal heap");
        var fields = new FieldReader(bytes, sizes, "fractal heap");
        fields.Signature("FRHP"u8);
        fields.Version(0, 0);
        return new FractalHeap(reader, sizes, ref fields);
    }

    /// <summary>Orders identifiers so that objects are read block by block.</summary>
    public long SortKey(ReadOnlySpan<byte> id)
    {
        FieldReader fields = OpenId(id, out int kind);
        return kind == 0 ? fields.Number(_offsetBytes) : long.MaxValue;
    }

    /// <summary>The object that an identifier names.</summary>
    public ReadOnlyMemory<byte> Get(ReadOnlySpan<byte> id)
    {
        FieldReader fields = OpenId(id, out int kind);
        switch (kind)
        {
            case 0:
                return Managed(fields.Number(_offsetBytes), fields.Number(_lengthBytes));
            case 1:
                return Huge(fields.Number(Math.Min(8, _idBytes - 1)));
            default:
                // A length of 4 bits, or of 12 where identifiers are long enough to need them.
                bool isExtended = _idBytes - 1 > 16;
                int lengthBytes = (isExtended ? ((id[0] & 0x0F) << 8) | fields.U8() : id[0] & 0x0F) + 1;
                return fields.Take(lengthBytes).ToArray();
        }
    }

    private FieldReader OpenId(ReadOnlySpan<byte> id, out int kind)
    {
        var fields = new FieldReader(id[..Math.Min(id.Length, _idBytes)], _sizes, "fractal heap identifier");
        byte first = fields.U8();
        kind = (first >> 4) & 3;
        return first >> 6 == 0 && kind < 3 ? fields : throw new Hdf5FormatException("a fractal heap has an unknown kind of object");
    }

    private ReadOnlyMemory<byte> Managed(long heapOffset, long lengthBytes)
    {
        (long address, long blockOffset, long blockBytes) = FindDirectBlock(heapOffset);
        long offsetInBlock = heapOffset - blockOffset;
        if (lengthBytes > blockBytes - offsetInBlock)
        {
            throw new Hdf5FormatException("an object of a fractal heap leaves its block");
        }

        if (address != _directAddress)
        {
            _directBlock = ReadDirectBlock(address, blockBytes);
            _directAddress = address;
        }

        return _directBlock.AsMemory((int)offsetInBlock, (int)lengthBytes);
    }

    private (long Address, long BlockOffset, long BlockBytes) FindDirectBlock(long heapOffset)
    {
        if (_rootRows == 0)
        {
            return heapOffset < _startBlockBytes
                ? (_rootAddress, 0, _startBlockBytes)
                : throw new Hdf5FormatException("an object lies outside its fractal heap");
        }

        (long address, long blockOffset, int rows) = (_rootAddress, 0, _rootRows);
        while (true)
        {
            long offset = heapOffset - blockOffset;
            long firstRowBytes = _startBlockBytes * _width;
            int row = offset < firstRowBytes ? 0 : BitOperations.Log2((ulong)(offset / firstRowBytes)) + 1;
            long childBytes = row == 0 ? _startBlockBytes : _startBlockBytes << (row - 1);
            long rowOffset = row == 0 ? 0 : firstRowBytes << (row - 1);
            if (row >= rows)
            {
                throw new Hdf5FormatException("an object lies outside its fractal heap");
            }

            long column = (offset - rowOffset) / childBytes;
            byte[] block = IndirectBlock(address, rows);
            var fields = new FieldReader(block, _sizes, "fractal heap block");
            fields.Skip(IndirectPrefixBytes + (((long)row * _width) + column) * _sizes.AddressBytes);
            address = fields.Address();
            blockOffset += rowOffset + (column * childBytes);
            if (row < DirectRows)
            {
                return (address, blockOffset, childBytes);
            }

            int childRows = BitOperations.Log2((ulong)childBytes) - BitOperations.Log2((ulong)firstRowBytes) + 1;
            rows = childRows < rows ? childRows : throw new Hdf5FormatException("a fractal heap's blocks do not become smaller");
        }
    }

    private int IndirectPrefixBytes => 4 + 1 + _sizes.AddressBytes + _offsetBytes;

    private byte[] IndirectBlock(long address, int rows)
    {
        if (_indirectBlocks.TryGetValue(address, out byte[]? block))
        {
            return block;
        }

        // Direct and indirect children take an address each: the heap has no filters.
        long lengthBytes = IndirectPrefixBytes + ((long)rows * _width * _sizes.AddressBytes) + 4;
        if (lengthBytes > MaximumIndirectBytes)
        {
            throw new Hdf5FormatException("a fractal heap has impossible block sizes");
        }

        block = _reader.Read(address, lengthBytes, "fractal heap block");
        var fields = new FieldReader(block, _sizes, "fractal heap block");
        fields.Signature("FHIB"u8);
        fields.Skip(lengthBytes - 8);
        fields.Checksum();
        if (_indirectBlocks.Count == MaximumIndirectBlocks)
        {
            _indirectBlocks.Clear();
        }

        _indirectBlocks.Add(address, block);
        return block;
    }

    private byte[] ReadDirectBlock(long address, long blockBytes)
    {
        byte[] block = _reader.Read(address, blockBytes, "fractal heap block");
        var fields = new FieldReader(block, _sizes, "fractal heap block");
        fields.Signature("FHDB"u8);
        fields.Skip(1 + _sizes.AddressBytes + _offsetBytes);
        if (_hasBlockChecksums)
        {
            // The checksum covers the whole block, with zeros in its own place.
            int position = fields.Position;
            uint stored = fields.U32();
            block.AsSpan(position, 4).Clear();
            if (Lookup3.Hash(block) != stored)
            {
                throw new Hdf5FormatException("a fractal heap block has a wrong checksum");
            }
        }

        return block;
    }

    /// <summary>An object too large for a block: a B-tree tells its place.</summary>
    private ReadOnlyMemory<byte> Huge(long number)
    {
        const int IndirectlyAccessedUnfiltered = 1;
        BTreeV2 tree = BTreeV2.Open(_reader, _sizes, _hugeTreeAddress);
        if (tree.Type != IndirectlyAccessedUnfiltered)
        {
            throw new Hdf5FormatException("a fractal heap has large objects of an unsupported kind");
        }

        byte[]? found = null;
        tree.ForEach(record =>
        {
            var fields = new FieldReader(record, _sizes, "fractal heap record");
            long address = fields.Address();
            long lengthBytes = fields.Length();
            if (fields.Length() == number)
            {
                found = _reader.Read(address, lengthBytes, "large object of a fractal heap");
            }

            return found is null;
        });
        return found ?? throw new Hdf5FormatException("a large object of a fractal heap is missing");
    }
}
