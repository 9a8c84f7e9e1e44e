using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Deflate;

/// <summary>libdeflate's encoder of zlib streams at one level.</summary>
/// <remarks>One thread at a time; keep one per thread.</remarks>
public sealed class DeflateCompressor : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <param name="level">0 (stored) to 12 (slowest).</param>
    /// <exception cref="DllNotFoundException">libdeflate is not installed.</exception>
    /// <exception cref="InsufficientMemoryException">The library has no memory.</exception>
    public DeflateCompressor(int level)
        : base(ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, 12);
        SetHandle(Libdeflate.libdeflate_alloc_compressor(level));
        if (IsInvalid)
        {
            throw new InsufficientMemoryException("libdeflate could not allocate a compressor");
        }
    }

    /// <summary>Length that a compressed buffer never exceeds.</summary>
    public int BoundBytes(int lengthBytes) => checked((int)Libdeflate.libdeflate_zlib_compress_bound(this, (nuint)lengthBytes));

    /// <summary>Compresses a buffer to one zlib stream.</summary>
    /// <returns>The stream's length; 0 when it does not fit the destination.</returns>
    public unsafe int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        // SAFETY: both buffers are pinned for the call, and the library is told their lengths.
        fixed (byte* from = source, to = destination)
        {
            return (int)Libdeflate.libdeflate_zlib_compress(this, from, (nuint)source.Length, to, (nuint)destination.Length);
        }
    }

    protected override bool ReleaseHandle()
    {
        Libdeflate.libdeflate_free_compressor(handle);
        return true;
    }
}
