using VirtualEmFs.Benchmarks.Inflating;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Benchmarks.Kernels;

/// <summary>Rescaling stored samples to float32 and undoing shuffles, in bytes of output per second of processor time, from the second-level cache.</summary>
internal static class KernelBench
{
    // Samples and floats of one block together stay within a second-level cache of 1 MiB.
    private const int SampleCount = 128 * 1024;
    private const int Rounds = 400;

    public static void Run()
    {
        var table = new ResultTable("Sample kernels, GB of output per second (ours: the path that is chosen; peer: the scalar twin)");
        var floats = new float[SampleCount];
        foreach (var type in Enum.GetValues<SampleType>())
        {
            byte[] stored = Noise(SampleCount * type.LengthBytes(), type);
            var rescale = new Rescale(-3.5f, 4.25f, 8);
            Add(table, $"rescale {type}", floats.Length * sizeof(float), path => RescaleKernels.ToFloat32(stored, type, rescale, floats, path));
        }

        foreach (int elementLengthBytes in (int[])[2, 4, 8])
        {
            byte[] planes = Noise(256 * 1024, SampleType.UInt8);
            byte[] target = new byte[planes.Length];
            Add(table, $"unshuffle {elementLengthBytes} bytes", target.Length, path => ShuffleKernels.Unshuffle(planes, elementLengthBytes, target, path));
        }

        table.Print();
    }

    private static void Add(ResultTable table, string what, int lengthBytes, Action<KernelPath> kernel)
    {
        double ours = lengthBytes / Best(() => kernel(KernelPaths.Chosen)) / 1e9;
        double scalar = lengthBytes / Best(() => kernel(KernelPath.Scalar)) / 1e9;
        table.Add(what, $"{ours:F1}", $"{scalar:F1}", $"{ours / scalar:F1}", "");
    }

    private static double Best(Action action)
    {
        double best = double.MaxValue;
        for (int i = 0; i < Rounds; i++)
        {
            double begin = Libc.ThreadSeconds();
            action();
            best = Math.Min(best, Libc.ThreadSeconds() - begin);
        }

        return best;
    }

    private static byte[] Noise(int lengthBytes, SampleType type)
    {
        byte[] noise = new byte[lengthBytes];
        new Random(1).NextBytes(noise);
        if (type.IsInteger())
        {
            return noise;
        }

        // One and a bit: arithmetic on subnormal numbers would be measured otherwise.
        int sampleLengthBytes = type.LengthBytes();
        for (int last = sampleLengthBytes - 1; last < noise.Length; last += sampleLengthBytes)
        {
            (noise[last], noise[last - 1]) = type switch
            {
                SampleType.Float16 => ((byte)0x3C, noise[last - 1]),
                SampleType.Float32 => ((byte)0x3F, (byte)0x80),
                _ => ((byte)0x3F, (byte)0xF0),
            };
        }

        return noise;
    }
}
