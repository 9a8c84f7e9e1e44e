namespace VirtualEmFs.Native.Deflate;

/// <summary>libdeflate's checksums.</summary>
public static class Checksums
{
    /// <summary>Adler-32 of a buffer, as a zlib stream ends with it.</summary>
    public static unsafe uint Adler32(ReadOnlySpan<byte> buffer)
    {
        // SAFETY: the buffer is pinned for the call. A null pointer asks the library for its initial value, which is that of no bytes.
        fixed (byte* bytes = buffer)
        {
            return Libdeflate.libdeflate_adler32(1, bytes, (nuint)buffer.Length);
        }
    }
}
