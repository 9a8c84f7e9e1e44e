using System.Runtime.InteropServices;
using VirtualEmFs.Codecs.Deflating;
using VirtualEmFs.Codecs.Inflating;
using VirtualEmFs.Native.Deflate;

namespace VirtualEmFs.Benchmarks.Inflating;

/// <summary>Inflating chunks of noise, as bit-truncated micrographs hold them: our lanes, libdeflate and zlib, on one core.</summary>
internal static class InflateBench
{
    private const int ChunkLengthBytes = 8 * 4096;
    private const int ChunkCount = 32;
    private const int Rounds = 60;

    public static void Run()
    {
        var table = new ResultTable("Inflating 32 chunks of 32 KiB, microseconds of processor time per chunk (ours: two lanes; peer: libdeflate, zlib)");
        foreach (int bits in (int[])[4, 5, 6, 8, 12])
        {
            byte[][] chunks = [.. Enumerable.Range(0, ChunkCount).Select(seed => Noise(bits, seed))];
            Measure(table, $"{bits} bits, zlib level 1", chunks, chunk => Libz.Compress(chunk, 1));
            Measure(table, $"{bits} bits, zlib level 6", chunks, chunk => Libz.Compress(chunk, 6));
            Measure(table, $"{bits} bits, our encoder", chunks, Encode);
        }

        table.Print();
    }

    private static void Measure(ResultTable table, string what, byte[][] chunks, Func<byte[], byte[]> compress)
    {
        byte[][] streams = [.. chunks.Select(compress).Select(Pinned)];
        byte[] destination = GC.AllocateArray<byte>(ChunkCount * ChunkLengthBytes, pinned: true);
        using var lanes = new PairInflater();
        using var libdeflate = new DeflateDecompressor();
        double ours = Best(() =>
        {
            var queue = new Queue(streams, destination);
            lanes.Run(ref queue);
            return queue.Refused;
        }, out int refused);
        for (int i = 0; i < chunks.Length; i++)
        {
            if (refused == 0 && !destination.AsSpan(i * ChunkLengthBytes, ChunkLengthBytes).SequenceEqual(chunks[i]))
            {
                throw new InvalidOperationException($"{what}: chunk {i} differs");
            }
        }

        double peer = Best(() =>
        {
            for (int i = 0; i < streams.Length; i++)
            {
                libdeflate.Inflate(streams[i], destination.AsSpan(i * ChunkLengthBytes, ChunkLengthBytes), out _);
            }

            return 0;
        }, out _);
        double zlib = Best(() =>
        {
            for (int i = 0; i < streams.Length; i++)
            {
                Libz.Uncompress(streams[i], destination.AsSpan(i * ChunkLengthBytes, ChunkLengthBytes));
            }

            return 0;
        }, out _);
        double scale = 1e6 / ChunkCount;
        table.Add(
            $"{what} ({streams.Sum(stream => (double)stream.Length) / destination.Length:P0})",
            refused == 0 ? $"{ours * scale:F1}" : $"{ours * scale:F1}, {refused} refused",
            $"{peer * scale:F1}, {zlib * scale:F1}", $"{peer / ours:F2}, {zlib / ours:F2}", "");
    }

    private static byte[] Encode(byte[] chunk)
    {
        byte[] target = new byte[ChunkEncoder.BoundBytes(chunk.Length)];
        return target[..ChunkEncoder.Encode(chunk, 1, ChunkEncoder.AutomaticLevel, target)];
    }

    private static byte[] Pinned(byte[] bytes)
    {
        byte[] pinned = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(pinned, 0);
        return pinned;
    }

    private static double Best(Func<int> action, out int result)
    {
        double best = double.MaxValue;
        int last = 0;
        for (int i = 0; i < Rounds; i++)
        {
            double begin = Libc.ThreadSeconds();
            last = action();
            best = Math.Min(best, Libc.ThreadSeconds() - begin);
        }

        result = last;
        return best;
    }

    // Normal noise whose limits lie at four sigma, as after clamping. More than 8 bits: the two bytes of each sample in planes.
    private static byte[] Noise(int bits, int seed)
    {
        var random = new Random(seed);
        int highest = (1 << bits) - 1;
        int planes = bits > 8 ? 2 : 1;
        byte[] chunk = new byte[ChunkLengthBytes];
        int count = ChunkLengthBytes / planes;
        for (int i = 0; i < count; i++)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            int value = (int)Math.Clamp(Math.Round((highest / 2.0) + (normal * highest / 8)), 0, highest);
            chunk[i] = (byte)(value & 0xFF);
            if (planes > 1)
            {
                chunk[count + i] = (byte)(value >> 8);
            }
        }

        return chunk;
    }

    private unsafe struct Queue(byte[][] streams, byte[] destination) : IInflateQueue
    {
        private int _next;

        public int Refused { get; private set; }

        public bool TryNext(out int index, out byte* source, out int sourceLengthBytes, out byte* target, out int targetLengthBytes)
        {
            index = _next++;
            (sourceLengthBytes, targetLengthBytes) = (0, ChunkLengthBytes);
            source = target = null;
            if (index >= streams.Length)
            {
                return false;
            }

            // SAFETY: all of these arrays were allocated pinned.
            source = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(streams[index], 0);
            target = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(destination, index * ChunkLengthBytes);
            sourceLengthBytes = streams[index].Length;
            return true;
        }

        public void Complete(int index, int lengthBytes) => Refused += lengthBytes == ChunkLengthBytes ? 0 : 1;
    }
}
