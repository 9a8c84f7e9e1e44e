using System.Runtime.InteropServices;

namespace VirtualEmFs.Benchmarks.Inflating;

/// <summary>zlib.h: what wrote EMAN2's archives, and what h5py reads them with.</summary>
internal static unsafe partial class Libz
{
    private const string Library = "libz.so.1";

    [LibraryImport(Library)]
    private static partial int compress2(byte* dest, CULong* destLen, byte* source, CULong sourceLen, int level);

    [LibraryImport(Library)]
    private static partial int uncompress(byte* dest, CULong* destLen, byte* source, CULong sourceLen);

    public static byte[] Compress(ReadOnlySpan<byte> data, int level)
    {
        byte[] target = new byte[data.Length + (data.Length / 100) + 1024];
        var lengthBytes = new CULong((uint)target.Length);
        fixed (byte* to = target, from = data)
        {
            if (compress2(to, &lengthBytes, from, new CULong((uint)data.Length), level) != 0)
            {
                throw new InvalidOperationException("zlib failed to compress");
            }
        }

        return target[..(int)lengthBytes.Value];
    }

    public static void Uncompress(ReadOnlySpan<byte> stream, Span<byte> destination)
    {
        var lengthBytes = new CULong((uint)destination.Length);
        fixed (byte* to = destination, from = stream)
        {
            if (uncompress(to, &lengthBytes, from, new CULong((uint)stream.Length)) != 0)
            {
                throw new InvalidOperationException("zlib failed to decompress");
            }
        }
    }
}
