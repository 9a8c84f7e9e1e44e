using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Lz4;

/// <summary>lz4.h: nothing but declarations.</summary>
internal static unsafe partial class Liblz4
{
    private const string Library = "lz4";

    [LibraryImport(Library)]
    internal static partial int LZ4_decompress_safe(byte* src, byte* dst, int compressedSize, int dstCapacity);
}
