using VirtualEmFs.Native.Xz;

namespace VirtualEmFs.Codecs;

/// <summary>.xz streams, as TIFF's compression 34925 holds them. No parameters.</summary>
internal static class XzDecoder
{
    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, Span<byte> destination) =>
        XzStream.TryDecompress(source, destination, out int lengthBytes)
            ? DecodeOutcome.Done(lengthBytes)
            : DecodeOutcome.Damaged("the LZMA data are damaged or hold more than one piece");
}
