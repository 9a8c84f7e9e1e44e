using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Zstd;

/// <summary>libzstd's decoder of whole frames.</summary>
/// <remarks>One thread at a time; keep one per thread. Never writes outside the destination, whatever the frame says.</remarks>
public sealed class ZstdDecompressor : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <exception cref="DllNotFoundException">libzstd is not installed.</exception>
    /// <exception cref="InsufficientMemoryException">The library has no memory.</exception>
    public ZstdDecompressor()
        : base(ownsHandle: true)
    {
        SetHandle(Libzstd.ZSTD_createDCtx());
        if (IsInvalid)
        {
            throw new InsufficientMemoryException("libzstd could not allocate a decompressor");
        }
    }

    /// <summary>Decodes the frames of a buffer, which must hold nothing else.</summary>
    /// <param name="destination">Undefined unless the result is true.</param>
    /// <param name="lengthBytes">Bytes that the frames decoded to: the destination's length or less.</param>
    /// <returns>False when the frames are damaged or hold more than the destination.</returns>
    public unsafe bool TryDecompress(ReadOnlySpan<byte> frames, Span<byte> destination, out int lengthBytes)
    {
        nuint result;

        // SAFETY: both buffers are pinned for the call, and the library is told their lengths.
        fixed (byte* source = frames, target = destination)
        {
            result = Libzstd.ZSTD_decompressDCtx(this, target, (nuint)destination.Length, source, (nuint)frames.Length);
        }

        bool isSound = Libzstd.ZSTD_isError(result) == 0;
        lengthBytes = isSound ? (int)result : 0;
        return isSound;
    }

    protected override bool ReleaseHandle() => Libzstd.ZSTD_isError(Libzstd.ZSTD_freeDCtx(handle)) == 0;
}
