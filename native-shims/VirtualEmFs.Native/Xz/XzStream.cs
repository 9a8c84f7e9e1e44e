namespace VirtualEmFs.Native.Xz;

/// <summary>liblzma's decoder of .xz streams: whole buffers in, whole buffers out.</summary>
/// <remarks>Any thread: the library keeps nothing between calls.</remarks>
public static class XzStream
{
    // The dictionary of the highest preset has 64 MiB; a stream that claims more is no strip of an image.
    private const ulong LargestMemoryBytes = 80 << 20;

    /// <summary>Decodes one stream; bytes after its end are ignored.</summary>
    /// <param name="destination">Undefined unless the result is true.</param>
    /// <param name="lengthBytes">Bytes that the stream decoded to: the destination's length or less.</param>
    /// <returns>False when the stream is damaged, holds more than the destination, or wants more than 80 MiB.</returns>
    /// <exception cref="DllNotFoundException">liblzma is not installed.</exception>
    public static unsafe bool TryDecompress(ReadOnlySpan<byte> stream, Span<byte> destination, out int lengthBytes)
    {
        ulong memoryLimitBytes = LargestMemoryBytes;
        nuint read = 0, written = 0;
        int result;

        // SAFETY: both buffers are pinned for the call, and the library is told their lengths; a null allocator means malloc.
        fixed (byte* source = stream, target = destination)
        {
            byte empty = 0;
            result = Liblzma.lzma_stream_buffer_decode(
                &memoryLimitBytes, 0, null, source is null ? &empty : source, &read, (nuint)stream.Length,
                target is null ? &empty : target, &written, (nuint)destination.Length);
        }

        lengthBytes = result == Liblzma.LZMA_OK ? (int)written : 0;
        return result == Liblzma.LZMA_OK;
    }
}
