using System.Buffers.Binary;

namespace VirtualEmFs.Codecs.Blosc;

/// <summary>The compression inside a Blosc chunk.</summary>
public enum BloscCodec
{
    BloscLz = 0,
    Lz4 = 1,
    Snappy = 2,
    Zlib = 3,
    Zstd = 4,
}

/// <summary>The first 16 bytes of a Blosc chunk (c-blosc's README_CHUNK_FORMAT, format version 2): little-endian, and checked.</summary>
/// <param name="ElementLengthBytes">Of the elements whose bytes or bits were shuffled.</param>
/// <param name="LengthBytes">Of the decoded data.</param>
/// <param name="BlockLengthBytes">Of every decoded block but the last.</param>
/// <param name="StoredLengthBytes">Of the chunk, with this header.</param>
public readonly record struct BloscHeader(byte Flags, int ElementLengthBytes, int LengthBytes, int BlockLengthBytes, int StoredLengthBytes)
{
    /// <summary>Length of the header.</summary>
    public const int HeaderLengthBytes = 16;

    private const int NewestVersion = 2;

    /// <summary>The data follow the header as they are.</summary>
    public bool IsCopy => (Flags & 0x02) != 0;

    public bool IsShuffled => (Flags & 0x01) != 0 && ElementLengthBytes > 1;

    public bool IsBitshuffled => !IsShuffled && (Flags & 0x04) != 0;

    /// <summary>Blocks are compressed whole, never byte plane by byte plane.</summary>
    public bool IsNeverSplit => (Flags & 0x10) != 0;

    public BloscCodec Codec => (BloscCodec)(Flags >> 5);

    /// <summary>Why the chunk cannot be decoded; null when it can.</summary>
    public string? FindUnsupported() => IsCopy || Codec is BloscCodec.Lz4 or BloscCodec.Zlib or BloscCodec.Zstd
        ? null
        : $"the Blosc data are compressed with {(Enum.IsDefined(Codec) ? Codec.ToString().ToLowerInvariant() : "an unknown codec")}, which is not supported";

    /// <summary>Reads a header; false for what no Blosc 1 library writes.</summary>
    /// <param name="chunk">At least the header; the rest is not looked at.</param>
    public static bool TryRead(ReadOnlySpan<byte> chunk, out BloscHeader header)
    {
        header = default;
        if (chunk.Length < HeaderLengthBytes || chunk[0] is 0 or > NewestVersion)
        {
            return false;
        }

        header = new BloscHeader(
            chunk[2], chunk[3], BinaryPrimitives.ReadInt32LittleEndian(chunk[4..]), BinaryPrimitives.ReadInt32LittleEndian(chunk[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(chunk[12..]));
        return header.ElementLengthBytes > 0 && header.LengthBytes >= 0 && header.BlockLengthBytes > 0
            && header.StoredLengthBytes >= HeaderLengthBytes;
    }
}
