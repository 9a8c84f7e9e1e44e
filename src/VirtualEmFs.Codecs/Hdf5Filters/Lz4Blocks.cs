using System.Buffers.Binary;
using VirtualEmFs.Native.Lz4;

namespace VirtualEmFs.Codecs.Hdf5Filters;

/// <summary>
/// HDF5's filter 32004: a big-endian length (8 bytes) and block length (4), then each block behind its stored length (4). A block that LZ4 did not
/// shrink is stored as it is. Parameters are not needed.
/// </summary>
internal static class Lz4Blocks
{
    public const int HeaderLengthBytes = 12;

    private static readonly DecodeOutcome s_damaged = DecodeOutcome.Damaged("the LZ4 data are damaged or hold more than one piece");

    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (!TryReadHeader(source, destination.Length, out int lengthBytes, out int blockLengthBytes))
        {
            return s_damaged;
        }

        source = source[HeaderLengthBytes..];
        for (var rest = destination[..lengthBytes]; !rest.IsEmpty;)
        {
            var block = rest[..Math.Min(blockLengthBytes, rest.Length)];
            rest = rest[block.Length..];
            if (!TryTakeBlock(ref source, out var stored))
            {
                return s_damaged;
            }

            if (stored.Length == block.Length)
            {
                stored.CopyTo(block);
            }
            else if (!Lz4Block.TryDecompress(stored, block, out int decodedLengthBytes) || decodedLengthBytes != block.Length)
            {
                return s_damaged;
            }
        }

        return DecodeOutcome.Done(lengthBytes);
    }

    /// <summary>Reads length and block length; false when they cannot be.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> source, int mostBytes, out int lengthBytes, out int blockLengthBytes)
    {
        (lengthBytes, blockLengthBytes) = (0, 0);
        if (source.Length < HeaderLengthBytes)
        {
            return false;
        }

        ulong length = BinaryPrimitives.ReadUInt64BigEndian(source);
        uint blockLength = BinaryPrimitives.ReadUInt32BigEndian(source[sizeof(ulong)..]);
        if (length > (ulong)mostBytes || blockLength is 0 or > int.MaxValue)
        {
            return false;
        }

        (lengthBytes, blockLengthBytes) = ((int)length, (int)blockLength);
        return true;
    }

    /// <summary>Takes a block's stored bytes off the front; false when they end too early.</summary>
    public static bool TryTakeBlock(ref ReadOnlySpan<byte> source, out ReadOnlySpan<byte> stored)
    {
        stored = default;
        if (source.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(source) is var storedLengthBytes && storedLengthBytes > source.Length - sizeof(uint))
        {
            return false;
        }

        stored = source.Slice(sizeof(uint), (int)storedLengthBytes);
        source = source[(sizeof(uint) + (int)storedLengthBytes)..];
        return true;
    }
}
