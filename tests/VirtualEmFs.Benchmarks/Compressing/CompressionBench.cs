using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using VirtualEmFs.Codecs.Deflating;
using VirtualEmFs.Frames;
using VirtualEmFs.Native.Deflate;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Benchmarks.Compressing;

/// <summary>Truncation and encoding in memory on one core, against zlib, libdeflate, and numpy with h5py.</summary>
internal static class CompressionBench
{
    private const int Repetitions = 5;

    // 64 KiB of samples a chunk, as the archives are written.
    private const int ChunkLengthBytes = 64 * 1024;

    public static void Run()
    {
        string folder = Directory.CreateDirectory($"/dev/shm/emfs-compression-{Environment.ProcessId}").FullName;
        try
        {
            var table = new ResultTable("Truncation and encoding, one core, in memory, seconds of processor time (MB are 10⁶ bytes of stored integers)");
            const int Side = 4096;
            float[] noise = SyntheticImages.Noise(Side * Side), counts = SyntheticImages.GainCorrectedCounts(Side * Side);
            Noise(table, folder, "4-bit normal noise", noise, 4, LimitRequest.None);
            Noise(table, folder, "5-bit normal noise", noise, 5, LimitRequest.None);
            Noise(table, folder, "5-bit counts over gain", counts, 5, LimitRequest.Sigma(4, 4));
            Noise(table, folder, "8-bit normal noise", noise, 8, LimitRequest.None);
            Pipeline(table, folder, "5-bit micrograph", noise, 5, Side);
            Volume(table, folder, "12-bit masked volume", SyntheticImages.Volume(256, 0, isMasked: true));
            Volume(table, folder, "12-bit masked smooth volume", SyntheticImages.Volume(256, 1.5, isMasked: true));
            Volume(table, folder, "12-bit filtered volume", SyntheticImages.Volume(256, 1.5, isMasked: false));
            table.Print();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Noise(ResultTable table, string folder, string name, float[] samples, int bits, LimitRequest limits)
    {
        byte[] stored = Truncate(samples, Treatment.Explicit(bits, limits), out _);
        (double seconds, long length) = Encode(stored, 1);
        double entropy = EntropyBytes(stored);
        table.Add($"{name}: encoding", $"{Rate(stored, seconds)} MB/s", "", "", bits == 4 ? "> 740 MB/s" : "");
        table.Add($"{name}: float32 over stored", $"{4.0 * stored.Length / length:F3}", $"{4.0 * stored.Length / entropy:F3} (entropy)", "", bits == 4 ? ">= 10.54" : "");
        table.Add($"{name}: size over entropy", $"{length / entropy:F4}", "", "", bits == 5 ? "<= 1.015" : "");
        Peers(table, folder, name, stored, 1, seconds, length, "", "<= 1");
    }

    private static void Volume(ResultTable table, string folder, string name, float[] samples)
    {
        byte[] stored = Truncate(samples, Treatment.Explicit(12, LimitRequest.None), out _);
        (double seconds, long length) = Encode(stored, 2);
        table.Add($"{name}: encoding", $"{Rate(stored, seconds)} MB/s", "", "", "");
        bool isMasked = name.Contains("masked", StringComparison.Ordinal);
        Peers(table, folder, name, stored, 2, seconds, length, isMasked ? "" : "faster >= 3, size <= 1.02", isMasked ? "<= 1" : "");
    }

    /// <summary>Speed and size of others on the same chunks, shuffled where ours are.</summary>
    private static void Peers(
        ResultTable table, string folder, string name, byte[] stored, int elementLengthBytes, double seconds, long length, string wantedOf1, string wantedOf6)
    {
        byte[] planes = Shuffle(stored, elementLengthBytes);
        string file = Path.Combine(folder, "chunks");
        File.WriteAllBytes(file, planes);
        foreach ((int level, string wanted) in ((int, string)[])[(1, wantedOf1), (6, wantedOf6)])
        {
            (double zlibSeconds, double zlibLength) = Figures(Repository.RunScript("deflate_chunks.py", file, $"{ChunkLengthBytes}", $"{level}", level == 1 ? "3" : "1"));
            Compare(table, $"{name}: zlib {level}", stored, seconds, length, zlibSeconds, zlibLength, wanted);
            (double theirSeconds, double theirLength) = Libdeflate(planes, level);
            Compare(table, $"{name}: libdeflate {level}", stored, seconds, length, theirSeconds, theirLength, "");
        }

        (double netSeconds, double netLength) = ZlibOfDotNet(planes);
        Compare(table, $"{name}: .NET's zlib, fastest", stored, seconds, length, netSeconds, netLength, "");
    }

    private static void Compare(
        ResultTable table, string what, byte[] stored, double seconds, long length, double peerSeconds, double peerLength, string wanted) =>
        table.Add(what, $"{Rate(stored, seconds)} MB/s", $"{Rate(stored, peerSeconds)} MB/s",
            $"faster {peerSeconds / seconds:F2}, size {length / peerLength:F4}", wanted.StartsWith('<') ? $"size {wanted}" : wanted);

    /// <summary>From float32 in memory to stored chunks, everything included.</summary>
    private static void Pipeline(ResultTable table, string folder, string name, float[] samples, int bits, int rowLength)
    {
        string file = Path.Combine(folder, "samples");
        File.WriteAllBytes(file, MemoryMarshal.AsBytes(samples.AsSpan()));
        (double peer, double peerLength) = Figures(Repository.RunScript("compress_with_h5py.py", file, $"{bits}", $"{rowLength}", "3"));
        var stored = new byte[ChunkLengthBytes];
        var destination = new byte[ChunkEncoder.BoundBytes(ChunkLengthBytes)];
        Treatment treatment = Treatment.Explicit(bits, LimitRequest.None);
        long length = 0;
        double seconds = Best(() =>
        {
            length = 0;
            TruncationPlan plan = PlanSearch.Decide(samples, treatment);
            for (int start = 0; start < samples.Length; start += ChunkLengthBytes)
            {
                int count = Math.Min(ChunkLengthBytes, samples.Length - start);
                Span<byte> chunk = stored.AsSpan(0, count);
                Quantizer.Quantize(samples.AsSpan(start, count), plan.Limits, chunk);
                length += ChunkEncoder.Encode(chunk, 1, ChunkEncoder.AutomaticLevel, destination);
            }
        });
        table.AddSeconds($"{name}: statistics, truncation, encoding", seconds, "numpy + h5py gzip 1", peer, ">= 5, aim 8");
        table.Add($"{name}: the same", $"{4.0 * samples.Length / seconds / 1e9:F2} GB/s of float32", $"{4.0 * samples.Length / peer / 1e9:F2} GB/s", $"size {length / peerLength:F3}", "");
        double analysis = Best(() => PlanSearch.Decide(samples, treatment));
        table.Add($"{name}: of which", $"statistics {analysis:F3} s", "", "", "");
    }

    private static byte[] Truncate(float[] samples, Treatment treatment, out Rescale limits)
    {
        limits = PlanSearch.Decide(samples, treatment).Limits;
        var stored = new byte[samples.Length * (limits.Bits <= 8 ? 1 : 2)];
        Quantizer.QuantizeBytes(samples, limits, stored);
        return stored;
    }

    private static (double Seconds, long Length) Encode(byte[] stored, int elementLengthBytes)
    {
        var destination = new byte[ChunkEncoder.BoundBytes(ChunkLengthBytes)];
        long length = 0;
        double seconds = Best(() =>
        {
            length = 0;
            for (int start = 0; start < stored.Length; start += ChunkLengthBytes)
            {
                length += ChunkEncoder.Encode(stored.AsSpan(start, ChunkLengthBytes), elementLengthBytes, ChunkEncoder.AutomaticLevel, destination);
            }
        });
        return (seconds, length);
    }

    private static (double Seconds, double Length) Libdeflate(byte[] planes, int level)
    {
        using var compressor = new DeflateCompressor(level);
        var destination = new byte[compressor.BoundBytes(ChunkLengthBytes)];
        long length = 0;
        double seconds = Best(() =>
        {
            length = 0;
            for (int start = 0; start < planes.Length; start += ChunkLengthBytes)
            {
                length += compressor.Compress(planes.AsSpan(start, ChunkLengthBytes), destination);
            }
        }, 2);
        return (seconds, length);
    }

    private static (double Seconds, double Length) ZlibOfDotNet(byte[] planes)
    {
        long length = 0;
        double seconds = Best(() =>
        {
            length = 0;
            var stored = new MemoryStream(2 * ChunkLengthBytes);
            for (int start = 0; start < planes.Length; start += ChunkLengthBytes)
            {
                stored.SetLength(0);
                using (var zlib = new ZLibStream(stored, CompressionLevel.Fastest, leaveOpen: true))
                {
                    zlib.Write(planes.AsSpan(start, ChunkLengthBytes));
                }

                length += stored.Length;
            }
        }, 2);
        return (seconds, length);
    }

    private static byte[] Shuffle(byte[] stored, int elementLengthBytes)
    {
        var planes = new byte[stored.Length];
        for (int start = 0; start < stored.Length; start += ChunkLengthBytes)
        {
            for (int i = 0; i < ChunkLengthBytes; i++)
            {
                planes[start + (i % elementLengthBytes * (ChunkLengthBytes / elementLengthBytes)) + (i / elementLengthBytes)] = stored[start + i];
            }
        }

        return planes;
    }

    internal static double EntropyBytes(byte[] bytes)
    {
        var counts = new long[256];
        foreach (byte value in bytes)
        {
            counts[value]++;
        }

        return counts.Where(count => count > 0).Sum(count => -count * Math.Log2((double)count / bytes.Length)) / 8;
    }

    /// <summary>The best of a few, after one that warms up.</summary>
    private static double Best(Action action, int repetitions = Repetitions)
    {
        action();
        return Enumerable.Range(0, repetitions).Min(_ => Timing.CpuSeconds(action));
    }

    private static string Rate(byte[] stored, double seconds) => $"{stored.Length / seconds / 1e6:F0}";

    private static (double Seconds, double Length) Figures(string output)
    {
        string[] words = output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return (double.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture));
    }
}
