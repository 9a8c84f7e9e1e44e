using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Zstd;

/// <summary>zstd.h: nothing but declarations.</summary>
internal static unsafe partial class Libzstd
{
    private const string Library = "zstd";

    [LibraryImport(Library)]
    internal static partial nint ZSTD_createDCtx();

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_freeDCtx(nint dctx);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_decompressDCtx(
        ZstdDecompressor dctx, byte* dst, nuint dstCapacity, byte* src, nuint srcSize);

    [LibraryImport(Library)]
    internal static partial uint ZSTD_isError(nuint code);
}
