namespace VirtualEmFs.Benchmarks.Mounting;

/// <summary>What the mount costs: against h5py and numpy, and against files of zeros through the same host.</summary>
internal static class MountBench
{
    private const int Repetitions = 3;

    public static void Run()
    {
        // Memory-backed, so that no disk is measured.
        string folder = Directory.CreateDirectory($"/dev/shm/emfs-bench-{Environment.ProcessId}").FullName;
        try
        {
            string source = Directory.CreateDirectory(Path.Combine(folder, "source")).FullName;
            Console.Error.WriteLine("writing archives with h5py");
            Repository.RunScript("make_archives.py", source, "micrographs", "volume", "particles", "headers", "small");
            var table = new ResultTable("Reading through the mount");
            Throughput(table, folder, source);
            Extraction(table, folder, source);
            Latency(table, folder, source);
            Folders(table, folder, source);
            Memory(table, folder, source);
            table.Print();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Throughput(ResultTable table, string folder, string source)
    {
        string[] micrographs = Archives(source, "micrographs");
        double peer = Repository.SecondsOfScript("read_with_h5py.py", [$"{Repetitions}", .. micrographs]);
        double zeros;
        using (var mount = new BenchMount(Path.Combine(folder, "zeros"), "null", "{}", "--size", $"{1024 + (4 * 4096 * 4096)}", "--files", "8"))
        {
            zeros = Best(Directory.GetFiles(mount.MountPoint));
        }

        // A cache that holds half of the eight: what a pass leaves there has gone before the next one comes to it.
        using (var mount = new BenchMount(Path.Combine(folder, "cold"), "mount", source, "{}", "--cache-size", "64MiB"))
        {
            double cold = Best(Virtual(mount, micrographs));
            table.AddSeconds("8 micrographs 4096², cold", cold, "h5py + numpy, one core", peer, "at least 1.8");
            table.AddSeconds("8 micrographs 4096², cold", cold, "zeros", zeros, "at least 0.50");
        }

        // And one that holds half of the volume.
        using (var mount = new BenchMount(Path.Combine(folder, "small"), "mount", source, "{}", "--cache-size", "16MiB"))
        {
            foreach ((string name, string title) in new[] { ("volume", "volume 256³, 12 bits, cold"), ("particles", "10,000 particles 128², cold") })
            {
                string archive = Path.Combine(source, name + ".hdf");
                double ours = Best([Path.Combine(mount.MountPoint, name + (name == "volume" ? ".mrc" : ".mrcs"))]);
                table.AddSeconds(title, ours, "h5py + numpy, one core", Repository.SecondsOfScript("read_with_h5py.py", $"{Repetitions}", archive), "");
            }
        }

        using (var mount = new BenchMount(Path.Combine(folder, "warm"), "mount", source, "{}", "--cache-size", "1GiB"))
        {
            string[] files = Virtual(mount, micrographs);
            FileReads.Sequential(files);
            table.AddSeconds("8 micrographs 4096², decoded, not in page cache", Best(files), "zeros", zeros, "at least 0.75");
        }
    }

    private static void Extraction(ResultTable table, string folder, string source)
    {
        string[] micrographs = Archives(source, "micrographs");
        string target = Directory.CreateDirectory(Path.Combine(folder, "extracted")).FullName;
        double peer = Best(() => Repository.RunScript("read_with_h5py.py", ["1", "--write", target, .. micrographs]));
        double ours = Best(() => Repository.Run(Repository.Emfs, ["extract", "--force", "-o", target, .. micrographs]));
        table.AddSeconds("extract of 8 micrographs, whole process", ours, "h5py + numpy, one core, writing, whole process", peer, "at least 2.5");
        Directory.Delete(target, recursive: true);
    }

    private static void Latency(ResultTable table, string folder, string source)
    {
        using var mount = new BenchMount(Path.Combine(folder, "latency"), "mount", source, "{}");
        string[] micrographs = Virtual(mount, Archives(source, "micrographs"));
        double[] last = [.. micrographs.Select(path => FileReads.FirstBytes(path, 4, fromEnd: true))];
        table.Add("last row of a micrograph, first access of each", $"{1000 * last[1..].Max():F2} ms at most", "", "", "10 ms");

        string[] headers = Directory.GetFiles(Path.Combine(mount.MountPoint, "headers"));
        long before = mount.Figure("tree", "decodes");
        double[] seconds = [.. headers.Select(path => FileReads.FirstBytes(path, 1024, fromEnd: false))];
        table.Add("header of each of 1,000 archives, once listed", $"{1000 * seconds.Average():F2} ms each, {1000 * seconds.Max():F1} at most", "", "", "2 ms");
        double decodes = (double)(mount.Figure("tree", "decodes") - before) / headers.Length;
        table.Add("blocks decoded for a header", $"{decodes:F2} each", "", "", "at most 1");
    }

    private static void Folders(ResultTable table, string folder, string source)
    {
        using var mount = new BenchMount(Path.Combine(folder, "folders"), "mount", source, "{}");
        string small = Path.Combine(mount.MountPoint, "small");
        double cold = Timing.Seconds(() => Repository.Run("ls", "-l", small));
        double again = Timing.Seconds(() => Repository.Run("ls", "-l", small));
        double find = Timing.Seconds(() => Repository.Run("find", small, "-size", "+1M"));
        table.Add("ls -l of 10,000 archives, cold", $"{cold:F2} s", "", "", "10 s");
        table.Add("ls -l of 10,000 archives, again", $"{again:F2} s", "", "", "1 s");
        table.Add("find -size over 10,000 archives", $"{find:F2} s", "", "", "0.1 s");
    }

    /// <summary>16 readers stream 10 GB in all.</summary>
    private static void Memory(ResultTable table, string folder, string source)
    {
        using var mount = new BenchMount(
            Path.Combine(folder, "memory"), "mount", source, "{}", "--cache-size", "128MiB", "--decode-memory", "64MiB");
        string[] micrographs = Virtual(mount, Archives(source, "micrographs"));
        Parallel.For(0, 16, new ParallelOptions { MaxDegreeOfParallelism = 16 }, reader =>
        {
            for (int round = 0; round < 10; round++)
            {
                string path = micrographs[(reader + round) % micrographs.Length];
                FileReads.DropPages([path]);
                FileReads.Sequential([path], 128 * 1024);
            }
        });
        table.Add("peak resident memory, 16 readers, 10 GB, cache 128 + decode 64 MiB", $"{mount.PeakResidentBytes >> 20} MiB", "", "", "at most 392 MiB");
    }

    /// <summary>The fastest of some passes over files that the kernel has forgotten.</summary>
    private static double Best(string[] files) => Enumerable.Range(0, Repetitions).Min(_ =>
    {
        FileReads.DropPages(files);
        return FileReads.Sequential(files);
    });

    private static double Best(Action action) => Enumerable.Range(0, Repetitions).Min(_ => Timing.Seconds(action));

    private static string[] Archives(string source, string folder) => [.. Directory.GetFiles(Path.Combine(source, folder)).Order(StringComparer.Ordinal)];

    private static string[] Virtual(BenchMount mount, string[] archives) =>
        [.. archives.Select(path => Path.Combine(mount.MountPoint, "micrographs", Path.GetFileNameWithoutExtension(path) + ".mrc"))];
}
