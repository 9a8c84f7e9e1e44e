using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Compression;

/// <summary>
/// The blocks of an archive that were decoded last: rows are asked for a few at a time, and a block may be a whole frame of an EER movie.
/// </summary>
/// <remarks>Any thread; whoever asks for a block first decodes it, others wait for it alone.</remarks>
internal sealed class DecodedBlocks(IArchive archive, DecodeSlots slots)
{
    // 64 MiB: an EER frame of 8192 × 8192 bytes, or the rows of one read of every thread. Two blocks at least: neighbours.
    private const long KeptLengthBytes = 64L << 20;
    private const int FewestBlocks = 2;

    private readonly Lock _gate = new();
    private readonly Dictionary<long, Lazy<byte[]>> _blocks = []; // guarded by _gate
    private readonly Queue<(long Block, int LengthBytes)> _order = new(); // guarded by _gate; oldest first
    private long _lengthBytes; // guarded by _gate

    /// <summary>Samples of a block, as stored once decoded.</summary>
    /// <exception cref="ArchiveException">The disk fails or a piece is damaged.</exception>
    public ReadOnlySpan<byte> Get(long block, BlockExtent extent, int lengthBytes)
    {
        Lazy<byte[]> decoded;
        lock (_gate)
        {
            if (!_blocks.TryGetValue(block, out decoded!))
            {
                decoded = new Lazy<byte[]>(() => Decode(extent, lengthBytes));
                _blocks.Add(block, decoded);
                _order.Enqueue((block, lengthBytes));
                _lengthBytes += lengthBytes;
                while (_lengthBytes > KeptLengthBytes && _order.Count > FewestBlocks)
                {
                    var oldest = _order.Dequeue();
                    _blocks.Remove(oldest.Block);
                    _lengthBytes -= oldest.LengthBytes;
                }
            }
        }

        return decoded.Value;
    }

    private byte[] Decode(BlockExtent extent, int lengthBytes)
    {
        byte[] samples = GC.AllocateUninitializedArray<byte>(lengthBytes);
        archive.Decode(extent, samples, slots);
        return samples;
    }
}
