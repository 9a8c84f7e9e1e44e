using VirtualEmFs.Codecs.Blosc;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Native.Lz4;

namespace VirtualEmFs.Codecs.Hdf5Filters;

/// <summary>
/// HDF5's filter 32008, as Eiger detectors write it: blocks of elements cut into planes of bits, each block compressed with LZ4, with Zstandard or not at
/// all. Parameters are the filter's client values: two of its version, element length in bytes, elements of a block (0: the default), compression.
/// </summary>
/// <remarks>The format of bitshuffle 0.3 and later: elements beyond the last group of eight follow as they are.</remarks>
internal static class Bitshuffle
{
    private const int NoCompression = 0, Lz4Compression = 2, ZstdCompression = 3;

    // bitshuffle's default: 8 KiB, in whole groups of eight, and no fewer than 128 elements.
    private const int DefaultBlockLengthBytes = 8192, FewestElements = 128, GroupElements = 8;

    private const int KeptScratchBytes = 4 << 20;

    private static readonly DecodeOutcome s_damaged = DecodeOutcome.Damaged("the bitshuffled data are damaged or hold more than one piece");

    [ThreadStatic]
    private static ScratchBuffer? t_bits;

    [ThreadStatic]
    private static ScratchBuffer? t_planes;

    public static string? FindUnsupported(ReadOnlySpan<int> parameters) =>
        parameters.Length < 3 || parameters[2] is < 1 or > 65536 ? "bitshuffle lacks the length of an element"
        : CompressionOf(parameters) is NoCompression or Lz4Compression or ZstdCompression ? null
        : "the compression behind bitshuffle is not supported";

    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, ReadOnlySpan<int> parameters, Span<byte> destination)
    {
        int elementLengthBytes = parameters[2];
        int compression = CompressionOf(parameters);
        int lengthBytes = source.Length, blockLengthBytes;
        if (compression == NoCompression)
        {
            long blockElements = parameters.Length > 3 && parameters[3] > 0
                ? parameters[3]
                : Math.Max(FewestElements, DefaultBlockLengthBytes / elementLengthBytes / GroupElements * GroupElements);
            blockLengthBytes = (int)Math.Min(blockElements * elementLengthBytes, int.MaxValue);
        }
        else if (Lz4Blocks.TryReadHeader(source, destination.Length, out lengthBytes, out blockLengthBytes))
        {
            source = source[Lz4Blocks.HeaderLengthBytes..];
        }
        else
        {
            return s_damaged;
        }

        int groupLengthBytes = GroupElements * elementLengthBytes;
        if (lengthBytes > destination.Length || lengthBytes % elementLengthBytes != 0 || blockLengthBytes < groupLengthBytes
            || (blockLengthBytes % groupLengthBytes != 0 && blockLengthBytes < lengthBytes))
        {
            return s_damaged;
        }

        var rest = destination[..lengthBytes];
        while (rest.Length >= groupLengthBytes)
        {
            var block = rest[..Math.Min(blockLengthBytes, rest.Length / groupLengthBytes * groupLengthBytes)];
            if (!TryTakeBits(ref source, compression, block.Length, out var bits))
            {
                return s_damaged;
            }

            var planes = (t_planes ??= new ScratchBuffer()).Borrow(block.Length);
            BitPlanes.ToBytePlanes(bits, elementLengthBytes, planes);
            ShuffleKernels.Unshuffle(planes, elementLengthBytes, block);
            rest = rest[block.Length..];
        }

        t_bits?.TrimTo(KeptScratchBytes);
        t_planes?.TrimTo(KeptScratchBytes);
        if (source.Length != rest.Length)
        {
            return s_damaged;
        }

        source.CopyTo(rest);
        return DecodeOutcome.Done(lengthBytes);
    }

    private static int CompressionOf(ReadOnlySpan<int> parameters) => parameters.Length > 4 ? parameters[4] : NoCompression;

    /// <summary>A block's planes of bits, taken off the front of the source.</summary>
    private static bool TryTakeBits(ref ReadOnlySpan<byte> source, int compression, int lengthBytes, out ReadOnlySpan<byte> bits)
    {
        bits = default;
        if (compression == NoCompression)
        {
            if (source.Length < lengthBytes)
            {
                return false;
            }

            bits = source[..lengthBytes];
            source = source[lengthBytes..];
            return true;
        }

        if (!Lz4Blocks.TryTakeBlock(ref source, out var stored))
        {
            return false;
        }

        var buffer = (t_bits ??= new ScratchBuffer()).Borrow(lengthBytes);
        bits = buffer;
        return compression == Lz4Compression
            ? Lz4Block.TryDecompress(stored, buffer, out int decodedLengthBytes) && decodedLengthBytes == lengthBytes
            : ZstdDecoder.Decode(stored, buffer) is { IsSound: true } outcome && outcome.LengthBytes == lengthBytes;
    }
}
