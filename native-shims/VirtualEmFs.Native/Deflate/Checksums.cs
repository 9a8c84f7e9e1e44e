namespace VirtualEmFs.Native.Deflate;

/// <summary>libdeflate's checksums.</summary>
public static class Checksums
{
    /// <summary>Adler-32 of no bytes.</summary>
    public const uint Adler32OfNothing = 1;

    /// <summary>Adler-32 of a buffer, as a zlib stream ends with it.</summary>
    /// <param name="before">Adler-32 of what lies before the buffer.</param>
    public static unsafe uint Adler32(ReadOnlySpan<byte> buffer, uint before = Adler32OfNothing)
    {
        // SAFETY: the buffer is pinned for the call. A null pointer would ask the library for its initial value.
        fixed (byte* bytes = buffer)
        {
            return buffer.IsEmpty ? before : Libdeflate.libdeflate_adler32(before, bytes, (nuint)buffer.Length);
        }
    }
}
