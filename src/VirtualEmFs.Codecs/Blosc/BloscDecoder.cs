using System.Buffers.Binary;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Native.Lz4;

namespace VirtualEmFs.Codecs.Blosc;

/// <summary>
/// Blosc 1 chunks, as MRCZ and HDF5's filter 32001 hold them: blocks of shuffled or bitshuffled bytes, compressed with LZ4, zlib or Zstandard.
/// No parameters: the chunk's header says all.
/// </summary>
internal static class BloscDecoder
{
    // c-blosc's own bounds: blocks of elements longer or fewer than this are compressed whole.
    private const int MostSplits = 16, FewestElements = 128;

    // A block has 64 KiB to 2 MiB; a longer one's memory is freed after it.
    private const int KeptScratchBytes = 4 << 20;

    private static readonly DecodeOutcome s_damaged = DecodeOutcome.Damaged("the Blosc data are damaged");

    [ThreadStatic]
    private static ScratchBuffer? t_shuffled;

    [ThreadStatic]
    private static ScratchBuffer? t_planes;

    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (!BloscHeader.TryRead(source, out var header) || header.StoredLengthBytes > source.Length)
        {
            return s_damaged;
        }

        if (header.FindUnsupported() is string reason)
        {
            return DecodeOutcome.Damaged(reason);
        }

        if (header.LengthBytes > destination.Length)
        {
            return DecodeOutcome.Damaged("the Blosc data hold more than one piece");
        }

        var chunk = source[..header.StoredLengthBytes];
        destination = destination[..header.LengthBytes];
        if (header.IsCopy)
        {
            if (chunk.Length - BloscHeader.HeaderLengthBytes != destination.Length)
            {
                return s_damaged;
            }

            chunk[BloscHeader.HeaderLengthBytes..].CopyTo(destination);
            return DecodeOutcome.Done(destination.Length);
        }

        var outcome = DecodeBlocks(header, chunk, destination);
        t_shuffled?.TrimTo(KeptScratchBytes);
        t_planes?.TrimTo(KeptScratchBytes);
        return outcome;
    }

    private static DecodeOutcome DecodeBlocks(in BloscHeader header, ReadOnlySpan<byte> chunk, Span<byte> destination)
    {
        // Behind the header lies where each block begins.
        long blockCount = (destination.Length + (long)header.BlockLengthBytes - 1) / header.BlockLengthBytes;
        if (BloscHeader.HeaderLengthBytes + (blockCount * sizeof(int)) > chunk.Length)
        {
            return s_damaged;
        }

        for (int block = 0; block < blockCount; block++)
        {
            int start = BinaryPrimitives.ReadInt32LittleEndian(chunk[(BloscHeader.HeaderLengthBytes + (block * sizeof(int)))..]);
            if (start < BloscHeader.HeaderLengthBytes || start > chunk.Length)
            {
                return s_damaged;
            }

            var target = destination[(int)(block * (long)header.BlockLengthBytes)..];
            target = target[..Math.Min(target.Length, header.BlockLengthBytes)];
            bool isShuffled = header.IsShuffled || header.IsBitshuffled;
            var shuffled = isShuffled ? (t_shuffled ??= new ScratchBuffer()).Borrow(target.Length) : target;
            var outcome = DecodeParts(header, chunk[start..], shuffled);
            if (!outcome.IsSound)
            {
                return outcome;
            }

            if (header.IsShuffled)
            {
                ShuffleKernels.Unshuffle(shuffled, header.ElementLengthBytes, target);
            }
            else if (isShuffled)
            {
                Unbitshuffle(shuffled, header.ElementLengthBytes, target);
            }
        }

        return DecodeOutcome.Done(destination.Length);
    }

    // A block is compressed whole or, as older codecs like it, one plane of bytes after the other; each part has its length before it.
    private static DecodeOutcome DecodeParts(in BloscHeader header, ReadOnlySpan<byte> source, Span<byte> block)
    {
        int lengthBytes = block.Length;
        int elementLengthBytes = header.ElementLengthBytes;
        bool isSplit = !header.IsNeverSplit && elementLengthBytes <= MostSplits && block.Length == header.BlockLengthBytes
            && block.Length / elementLengthBytes >= FewestElements;
        (int partLengthBytes, int rest) = Math.DivRem(block.Length, isSplit ? elementLengthBytes : 1);
        if (rest != 0)
        {
            return s_damaged;
        }

        for (; !block.IsEmpty; block = block[partLengthBytes..])
        {
            int storedLengthBytes = source.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(source);
            if (storedLengthBytes < 0 || storedLengthBytes > source.Length - sizeof(int))
            {
                return s_damaged;
            }

            var stored = source.Slice(sizeof(int), storedLengthBytes);
            source = source[(sizeof(int) + storedLengthBytes)..];
            var part = block[..partLengthBytes];
            if (storedLengthBytes == partLengthBytes)
            {
                stored.CopyTo(part);
                continue;
            }

            var outcome = DecodePart(header.Codec, stored, part);
            if (!outcome.IsSound || outcome.LengthBytes != partLengthBytes)
            {
                return outcome.IsSound ? s_damaged : outcome;
            }
        }

        return DecodeOutcome.Done(lengthBytes);
    }

    private static DecodeOutcome DecodePart(BloscCodec codec, ReadOnlySpan<byte> stored, Span<byte> part) => codec switch
    {
        BloscCodec.Zlib => DeflateDecoder.Decode(stored, part),
        BloscCodec.Zstd => ZstdDecoder.Decode(stored, part),
        _ => Lz4Block.TryDecompress(stored, part, out int decodedLengthBytes) ? DecodeOutcome.Done(decodedLengthBytes) : s_damaged,
    };

    // Only whole groups of eight elements are bitshuffled: a block with others is stored as it is.
    private static void Unbitshuffle(ReadOnlySpan<byte> shuffled, int elementLengthBytes, Span<byte> target)
    {
        int count = shuffled.Length / elementLengthBytes;
        if (count % 8 != 0)
        {
            shuffled.CopyTo(target);
            return;
        }

        int lengthBytes = count * elementLengthBytes;
        var planes = (t_planes ??= new ScratchBuffer()).Borrow(lengthBytes);
        BitPlanes.ToBytePlanes(shuffled[..lengthBytes], elementLengthBytes, planes);
        ShuffleKernels.Unshuffle(planes, elementLengthBytes, target[..lengthBytes]);
        shuffled[lengthBytes..].CopyTo(target[lengthBytes..]);
    }
}
