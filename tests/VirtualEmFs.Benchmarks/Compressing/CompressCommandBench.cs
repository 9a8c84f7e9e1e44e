using System.Globalization;
using System.Runtime.InteropServices;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Benchmarks.Compressing;

/// <summary><c>emfs compress</c> as whole processes, start and verification included, against a script of numpy and h5py that verifies nothing.</summary>
internal static class CompressCommandBench
{
    private const int Repetitions = 3;

    // 64 MiB each: eight of them outlast the start of a process.
    private const int Micrographs = 8, Side = 4096;

    private const int Particles = 10_000, ParticleSide = 128;

    public static void Run()
    {
        // Memory-backed, so that no disk is measured.
        string folder = Directory.CreateDirectory($"/dev/shm/emfs-compress-{Environment.ProcessId}").FullName;
        try
        {
            var table = new ResultTable("emfs compress, whole processes");
            Files(table, folder);
            ParticleSizes(table, folder);
            Tomogram(table, folder);
            table.Print();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Files(ResultTable table, string folder)
    {
        float[] noise = SyntheticImages.Noise(Side * Side);
        string[] inputs = [.. Enumerable.Range(0, Micrographs).Select(i => Write(Path.Combine(folder, $"m{i}.mrc"), Side, 1, noise))];
        string ours = Directory.CreateDirectory(Path.Combine(folder, "ours")).FullName, theirs = Directory.CreateDirectory(Path.Combine(folder, "theirs")).FullName;
        string[] arguments = ["compress", "--bits", "5", "--force", "--outpath", ours, .. inputs];
        string python = Path.Combine(Repository.Root, "tests/python/compress_files_with_h5py.py");
        Measured script = Best("0", "/usr/bin/python3", [python, theirs, "5", .. inputs]);
        Measured careful = Best("0", "/usr/bin/python3", [python, "--careful", theirs, "5", .. inputs]);
        Measured one = Best("0", Repository.Emfs, arguments);
        Measured unhashed = Best("0", Repository.Emfs, [.. arguments, "--no-sha256"]);
        Measured two = Best("0,1", Repository.Emfs, arguments);
        string what = $"{Micrographs} micrographs {Side}², 5 bits";
        table.AddSeconds($"{what}, one core, processor time", one.ProcessorSeconds, "numpy + h5py gzip 1, unverified", script.ProcessorSeconds, "at least 2.5");
        table.AddSeconds($"{what}, the same", one.ProcessorSeconds, "numpy + h5py gzip 1, hashed and read back as ours", careful.ProcessorSeconds, "");
        table.AddSeconds($"{what}, the same with --no-sha256", unhashed.ProcessorSeconds, "numpy + h5py gzip 1, unverified", script.ProcessorSeconds, "");
        table.AddSeconds($"{what}, two cores, time passed", two.Seconds, "emfs on one core", one.Seconds, "at least 1.7");
        long original = inputs.Sum(path => new FileInfo(path).Length), stored = LengthOf(ours);
        table.Add($"{what}, size", $"{100.0 * stored / original:F1} %", $"{100.0 * LengthOf(theirs) / original:F1} % (numpy + h5py)", "", "");
        foreach (string bits in (string[])["0", "4", "8"])
        {
            Repository.Run(Repository.Emfs, "compress", "--bits", bits, "--force", "--outpath", ours, inputs[0]);
            long length = new FileInfo(Path.Combine(ours, "m0.hdf")).Length;
            table.Add($"micrograph {Side}², {(bits == "0" ? "lossless" : bits + " bits")}, size", $"{100.0 * length / (original / Micrographs):F1} %", "", "", "");
        }

        Directory.Delete(theirs, recursive: true);
        Array.ForEach(inputs, File.Delete);
    }

    private static void ParticleSizes(ResultTable table, string folder)
    {
        const int Length = ParticleSide * ParticleSide;
        float[] noise = SyntheticImages.Noise(Particles * Length);
        string input = Write(Path.Combine(folder, "particles.mrcs"), ParticleSide, Particles, noise), output = Path.Combine(folder, "particles.hdf");
        var stored = new byte[Length];
        double allowed = 0;
        for (int i = 0; i < Particles; i++)
        {
            ReadOnlySpan<float> particle = noise.AsSpan(i * Length, Length);
            Rescale limits = PlanSearch.Decide(particle, Treatment.Explicit(5, LimitRequest.None)).Limits;
            Quantizer.QuantizeBytes(particle, limits, stored);
            allowed += CompressionBench.EntropyBytes(stored) + 3072;
        }

        Measured run = Best("0,1", Repository.Emfs, ["compress", "--bits", "5", "--force", "--outpath", folder, input]);
        table.Add($"{Particles} particles {ParticleSide}², 5 bits, size over entropies + 3 KiB each", $"{new FileInfo(output).Length / allowed:F4}", "", "", "<= 1.06");
        table.Add($"{Particles} particles {ParticleSide}², 5 bits, two cores, time passed", $"{run.Seconds:F2} s", "", "", "");
        File.Delete(input);
        File.Delete(output);
    }

    private static void Tomogram(ResultTable table, string folder)
    {
        const int N = 1024, Sections = 512;
        string input = Write(Path.Combine(folder, "tomogram.rec"), N, Sections, SyntheticImages.Noise(N * N), repeats: Sections), output = Path.Combine(folder, "tomogram.hdf");
        foreach (string bits in (string[])["4", "5"])
        {
            Measured run = Best("0,1", Repository.Emfs, ["compress", "--bits", bits, "--force", "--outpath", folder, input], repetitions: 1);
            table.Add($"tomogram {N} × {N} × {Sections}, {bits} bits, two cores, time passed", $"{run.Seconds:F1} s", "", "", "");
            table.Add($"tomogram {N} × {N} × {Sections}, {bits} bits, size", $"{new FileInfo(output).Length / 1e6:F0} MB of {new FileInfo(input).Length / 1e6:F0}", "", "", "");
            table.Add($"tomogram {N} × {N} × {Sections}, {bits} bits, peak resident memory", $"{run.PeakKib >> 10} MiB", "", "", "< 600 MiB");
        }
    }

    /// <summary>Writes float32: sections of the samples, or the same section again and again.</summary>
    private static string Write(string path, int side, int sections, float[] samples, int repeats = 1)
    {
        bool isVolume = path.EndsWith(".rec", StringComparison.Ordinal);
        int mz = isVolume ? sections : 1;
        var header = new byte[MrcHeader.LengthBytes];
        new MrcHeader
        {
            Nx = side, Ny = side, Nz = sections, Mode = 2, SpaceGroup = isVolume ? 1 : 0, Sampling = (side, side, mz), CellLengths = new AngstromVector(side, side, mz),
        }.Write(header);
        using FileStream file = File.Create(path);
        file.Write(header);
        for (int i = 0; i < repeats; i++)
        {
            // Sections of a repeated one differ in where they begin, so that no encoder finds them again.
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(samples.AsSpan());
            int turned = (int)(i * 40_009L * sizeof(float) % bytes.Length);
            file.Write(bytes[turned..]);
            file.Write(bytes[..turned]);
        }

        return path;
    }

    private static long LengthOf(string folder) => Directory.GetFiles(folder).Sum(path => new FileInfo(path).Length);

    /// <summary>The least of each figure over a few runs on some cores.</summary>
    private static Measured Best(string cores, string program, string[] arguments, int repetitions = Repetitions)
    {
        Measured[] runs =
        [
            .. Enumerable.Range(0, repetitions).Select(_ =>
            {
                string[] words = Repository.Run(
                    "taskset", ["-c", cores, "/usr/bin/python3", Path.Combine(Repository.Root, "tests/python/run_measured.py"), program, .. arguments]).Split();
                return new Measured(
                    double.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture), long.Parse(words[2], CultureInfo.InvariantCulture));
            }),
        ];
        return new Measured(runs.Min(run => run.Seconds), runs.Min(run => run.ProcessorSeconds), runs.Max(run => run.PeakKib));
    }

    private readonly record struct Measured(double Seconds, double ProcessorSeconds, long PeakKib);
}
