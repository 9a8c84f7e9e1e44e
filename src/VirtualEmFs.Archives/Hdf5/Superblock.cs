namespace VirtualEmFs.Archives.Hdf5;

/// <summary>The superblock, versions 0 to 3: where a file's structures begin and how its fields are sized (specification II.A).</summary>
/// <param name="BaseOffset">File offset of address 0.</param>
/// <param name="EndAddress">Where the file ends, as it says of itself, counted from address 0.</param>
/// <param name="RootAddress">The root group's object header.</param>
/// <param name="ExtensionAddress">Object header of the superblock extension, or <see cref="FieldReader.Undefined"/>.</param>
/// <param name="GroupLeafK">Half the entries of a symbol table node.</param>
/// <param name="GroupInternalK">Half the children of a group's B-tree node.</param>
/// <param name="ChunkInternalK">Half the children of a chunk B-tree's node.</param>
internal sealed record Superblock(
    int Version, FieldSizes Sizes, long BaseOffset, long EndAddress, long RootAddress, long ExtensionAddress,
    int GroupLeafK, int GroupInternalK, int ChunkInternalK)
{
    // Longest: version 1 with 8-byte fields.
    private const int MaximumLengthBytes = 128;

    /// <summary>The 8 bytes that every HDF5 file has at offset 0, 512, 1024, 2048, ...</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'H', (byte)'D', (byte)'F', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Finds and reads a file's superblock; null when the file has none.</summary>
    public static Superblock? Find(MetadataReader reader)
    {
        for (long fileOffset = 0; fileOffset < reader.LengthBytes; fileOffset = fileOffset == 0 ? 512 : fileOffset * 2)
        {
            byte[] bytes = reader.ReadUpTo(fileOffset, MaximumLengthBytes, "superblock", scattered: true);
            if (bytes.AsSpan().StartsWith(Signature))
            {
                return Parse(bytes, fileOffset);
            }
        }

        return null;
    }

    /// <param name="bytes">The superblock, and perhaps more.</param>
    /// <param name="fileOffset">Where it stands: address 0, whatever its base address says (a user block may have been added later).</param>
    public static Superblock Parse(ReadOnlySpan<byte> bytes, long fileOffset)
    {
        var fields = new FieldReader(bytes, default, "superblock");
        fields.Signature(Signature);
        int version = fields.Version(0, 3);
        return version < 2 ? ParseOld(bytes, fileOffset, version) : ParseNew(bytes, fileOffset, version);
    }

    private static Superblock ParseOld(ReadOnlySpan<byte> bytes, long fileOffset, int version)
    {
        var fields = new FieldReader(bytes, default, "superblock");
        fields.Skip(13); // signature, versions of free space, root entry and shared headers
        FieldSizes sizes = ReadSizes(ref fields);
        fields.Skip(1);
        int leafK = fields.U16();
        int internalK = fields.U16();
        fields.Skip(4); // consistency flags
        int chunkK = 32;
        if (version == 1)
        {
            chunkK = fields.U16();
            fields.Skip(2);
        }

        var addresses = new FieldReader(bytes[fields.Position..], sizes, "superblock");
        long baseAddress = addresses.Address();
        addresses.Address(); // free space
        long endAddress = addresses.Address();
        addresses.Address(); // driver information
        addresses.Skip(sizes.LengthBytes); // the root's name: the specification says an address, libhdf5 writes a length
        long rootAddress = addresses.Address();
        return new Superblock(
            version, sizes, fileOffset, EndFrom(baseAddress, endAddress), rootAddress, FieldReader.Undefined,
            Positive(leafK), Positive(internalK), Positive(chunkK));
    }

    private static Superblock ParseNew(ReadOnlySpan<byte> bytes, long fileOffset, int version)
    {
        var fields = new FieldReader(bytes, default, "superblock");
        fields.Skip(9);
        FieldSizes sizes = ReadSizes(ref fields);
        var addresses = new FieldReader(bytes, sizes, "superblock");
        addresses.Skip(12);
        long baseAddress = addresses.Address();
        long extensionAddress = addresses.Address();
        long endAddress = addresses.Address();
        long rootAddress = addresses.Address();
        addresses.Checksum();

        // Old-style groups in such a file have the default sizes, unless the extension says otherwise.
        return new Superblock(
            version, sizes, fileOffset, EndFrom(baseAddress, endAddress), rootAddress, extensionAddress, 4, 16, 32);
    }

    private static FieldSizes ReadSizes(ref FieldReader fields)
    {
        var sizes = new FieldSizes(fields.U8(), fields.U8());
        return sizes is { AddressBytes: 2 or 4 or 8, LengthBytes: 2 or 4 or 8 }
            ? sizes
            : throw new Hdf5FormatException($"the superblock has addresses of {sizes.AddressBytes} and lengths of {sizes.LengthBytes} bytes");
    }

    // The end is stored as an offset from the file's start; what matters is the distance from address 0.
    private static long EndFrom(long baseAddress, long endAddress) =>
        endAddress < 0 || baseAddress < 0 ? 0 : Math.Max(0, endAddress - baseAddress);

    private static int Positive(int k) => k > 0 ? k : throw new Hdf5FormatException("the superblock has B-tree nodes without entries");
}
