using VirtualEmFs.Native.Zstd;

namespace VirtualEmFs.Codecs;

/// <summary>Zstandard frames (RFC 8878), as TIFF's compression 50000 and HDF5's filter 32015 hold them. No parameters.</summary>
internal static class ZstdDecoder
{
    [ThreadStatic]
    private static ZstdDecompressor? t_decompressor;

    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        // libzstd's context is not thread-safe: one per thread, freed by its finalizer.
        var decompressor = t_decompressor ??= new ZstdDecompressor();
        return decompressor.TryDecompress(source, destination, out int lengthBytes)
            ? DecodeOutcome.Done(lengthBytes)
            : DecodeOutcome.Damaged("the Zstandard data are damaged or hold more than one piece");
    }
}
