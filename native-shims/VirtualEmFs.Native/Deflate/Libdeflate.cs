using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Deflate;

/// <summary>libdeflate.h: nothing but declarations.</summary>
internal static unsafe partial class Libdeflate
{
    private const string Library = "deflate";

    [LibraryImport(Library)]
    internal static partial nint libdeflate_alloc_compressor(int compression_level);

    [LibraryImport(Library)]
    internal static partial void libdeflate_free_compressor(nint compressor);

    [LibraryImport(Library)]
    internal static partial nuint libdeflate_zlib_compress(
        DeflateCompressor compressor, byte* @in, nuint in_nbytes, byte* @out, nuint out_nbytes_avail);

    [LibraryImport(Library)]
    internal static partial nuint libdeflate_zlib_compress_bound(DeflateCompressor compressor, nuint in_nbytes);

    [LibraryImport(Library)]
    internal static partial nint libdeflate_alloc_decompressor();

    [LibraryImport(Library)]
    internal static partial void libdeflate_free_decompressor(nint decompressor);

    [LibraryImport(Library)]
    internal static partial InflateResult libdeflate_zlib_decompress(
        DeflateDecompressor decompressor, byte* @in, nuint in_nbytes, byte* @out, nuint out_nbytes_avail,
        nuint* actual_out_nbytes_ret);

    [LibraryImport(Library)]
    internal static partial uint libdeflate_adler32(uint adler, byte* buffer, nuint len);
}
