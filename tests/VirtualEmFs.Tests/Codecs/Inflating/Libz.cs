using System.Runtime.InteropServices;
using Xunit;

namespace VirtualEmFs.Tests.Codecs.Inflating;

/// <summary>
/// The zlib that EMAN2 writes its archives with (the framework's own is another implementation, which makes other streams). Every Debian
/// has it: the package manager needs it.
/// </summary>
internal static unsafe partial class Libz
{
    [LibraryImport("libz.so.1")]
    private static partial int compress2(byte* dest, CULong* destLen, byte* source, CULong sourceLen, int level);

    public static byte[] Compress(ReadOnlySpan<byte> data, int level)
    {
        byte[] target = new byte[data.Length + (data.Length / 100) + 1024];
        var lengthBytes = new CULong((uint)target.Length);
        fixed (byte* to = target, from = data)
        {
            byte empty = 0;
            Assert.Equal(0, compress2(to, &lengthBytes, from is null ? &empty : from, new CULong((uint)data.Length), level));
        }

        return target[..(int)lengthBytes.Value];
    }
}
