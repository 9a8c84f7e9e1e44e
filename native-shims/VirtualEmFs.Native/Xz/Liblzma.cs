using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Xz;

/// <summary>lzma.h: nothing but declarations.</summary>
internal static unsafe partial class Liblzma
{
    internal const int LZMA_OK = 0;

    private const string Library = "lzma";

    [LibraryImport(Library)]
    internal static partial int lzma_stream_buffer_decode(
        ulong* memlimit, uint flags, void* allocator, byte* @in, nuint* in_pos, nuint in_size, byte* @out, nuint* out_pos, nuint out_size);
}
