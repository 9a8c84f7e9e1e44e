using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Deflate;

/// <summary>libdeflate's decoder of zlib streams: whole buffers in, whole buffers out.</summary>
/// <remarks>One thread at a time; keep one per thread. Never writes outside the destination, whatever the stream says.</remarks>
public sealed class DeflateDecompressor : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <exception cref="DllNotFoundException">libdeflate is not installed.</exception>
    /// <exception cref="InsufficientMemoryException">The library has no memory.</exception>
    public DeflateDecompressor()
        : base(ownsHandle: true)
    {
        SetHandle(Libdeflate.libdeflate_alloc_decompressor());
        if (IsInvalid)
        {
            throw new InsufficientMemoryException("libdeflate could not allocate a decompressor");
        }
    }

    /// <summary>Decodes one zlib stream; bytes after its end are ignored.</summary>
    /// <param name="destination">Undefined unless the result is <see cref="InflateResult.Success"/>.</param>
    /// <param name="lengthBytes">Bytes that the stream decoded to: the destination's length or less.</param>
    public unsafe InflateResult Inflate(ReadOnlySpan<byte> stream, Span<byte> destination, out int lengthBytes)
    {
        nuint actualLengthBytes = 0;
        InflateResult result;

        // SAFETY: both buffers are pinned for the call, and the library is told their lengths.
        fixed (byte* source = stream, target = destination)
        {
            byte empty = 0;
            result = Libdeflate.libdeflate_zlib_decompress(
                this, source, (nuint)stream.Length, target is null ? &empty : target, (nuint)destination.Length, &actualLengthBytes);
        }

        lengthBytes = result == InflateResult.Success ? (int)actualLengthBytes : 0;
        return result;
    }

    protected override bool ReleaseHandle()
    {
        Libdeflate.libdeflate_free_decompressor(handle);
        return true;
    }
}
