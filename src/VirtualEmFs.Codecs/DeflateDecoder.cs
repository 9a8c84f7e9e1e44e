using VirtualEmFs.Native.Deflate;

namespace VirtualEmFs.Codecs;

/// <summary>zlib streams (RFC 1950), as HDF5's deflate filter and TIFF's compression 8 hold them. No parameters.</summary>
internal static class DeflateDecoder
{
    [ThreadStatic]
    private static DeflateDecompressor? t_decompressor;

    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        // libdeflate's context is not thread-safe: one per thread, freed by its finalizer.
        var decompressor = t_decompressor ??= new DeflateDecompressor();
        return decompressor.Inflate(source, destination, out int lengthBytes) switch
        {
            InflateResult.Success => DecodeOutcome.Done(lengthBytes),
            InflateResult.InsufficientSpace => DecodeOutcome.Damaged("the deflate stream holds more than one piece"),
            _ => DecodeOutcome.Damaged("the deflate stream is damaged"),
        };
    }
}
