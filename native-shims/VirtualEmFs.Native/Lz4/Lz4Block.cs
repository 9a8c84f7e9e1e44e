namespace VirtualEmFs.Native.Lz4;

/// <summary>liblz4's decoder of blocks: whole buffers in, whole buffers out.</summary>
/// <remarks>Any thread: the library keeps nothing between calls. Never writes outside the destination, whatever the block says.</remarks>
public static class Lz4Block
{
    /// <summary>Decodes one block, which must fill its buffer.</summary>
    /// <param name="destination">Undefined unless the result is true.</param>
    /// <param name="lengthBytes">Bytes that the block decoded to: the destination's length or less.</param>
    /// <returns>False when the block is damaged or holds more than the destination.</returns>
    /// <exception cref="DllNotFoundException">liblz4 is not installed.</exception>
    public static unsafe bool TryDecompress(ReadOnlySpan<byte> block, Span<byte> destination, out int lengthBytes)
    {
        int result;

        // SAFETY: both buffers are pinned for the call, and the library is told their lengths; neither pointer is null.
        fixed (byte* source = block, target = destination)
        {
            byte empty = 0;
            result = Liblz4.LZ4_decompress_safe(
                source is null ? &empty : source, target is null ? &empty : target, block.Length, destination.Length);
        }

        lengthBytes = Math.Max(0, result);
        return result >= 0;
    }
}
