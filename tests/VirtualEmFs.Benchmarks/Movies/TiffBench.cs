using System.Globalization;
using VirtualEmFs.Archives;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Benchmarks.Movies;

/// <summary>Decoding of movies in TIFF and EER, from memory-backed storage, against the libraries and programs that do it now.</summary>
/// <remarks>
/// Times are processor time of one thread, or of the peer's process, so that other work on the machine counts little: the best of some rounds, in
/// which ours and the peer take turns, so that what slows the machine for a while slows both.
/// </remarks>
internal static class TiffBench
{
    private const int Rounds = 5;

    public static void Run()
    {
        string folder = Path.Combine("/dev/shm", $"vemfs-movies-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            var results = new ResultTable("Movies: decoding (processor time)");
            Lzw(results, folder);
            Deflate(results, folder);
            Eer(results, folder);
            results.Print();
            MovieMountBench.Run(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Lzw(ResultTable results, string folder)
    {
        const int FrameCount = 10;
        string plain = Path.Combine(folder, "plain.tif");
        MovieFiles.WriteCounts(plain, 3838, 3710, FrameCount, mean: 0.96);
        foreach (var (name, rows) in new[] { ("one strip", "3710"), ("strips of 2 rows", "2") })
        {
            string packed = Path.Combine(folder, "lzw.tif");
            Repository.Run("tiffcp", "-c", "lzw", "-r", rows, plain, packed);
            (double ours, double peer) = BestOfBoth(
                () => Timing.CpuSeconds(() => DecodeAll(new ArchiveFormats(), packed, long.MaxValue)),
                () => CpuSecondsOf("tiffcp", "-c", "none", packed, Path.Combine(folder, "out.tif")));
            results.AddSeconds($"LZW, 3838 x 3710 x {FrameCount}, u8, {name}", ours, "tiffcp -c none", peer, "1.5");
        }
    }

    private static void Deflate(ResultTable results, string folder)
    {
        string plain = Path.Combine(folder, "plain.tif"), packed = Path.Combine(folder, "deflate.tif");
        MovieFiles.WriteIntegrated(plain, 4096, 10);
        Repository.Run("tiffcp", "-c", "zip:p6", "-r", "4096", plain, packed);
        (double ours, double peer) = BestOfBoth(
            () => Timing.CpuSeconds(() => DecodeAll(new ArchiveFormats(), packed, long.MaxValue)), () => Repository.SecondsOfScript("zlib_tiff.py", packed));
        results.AddSeconds("deflate, 4096 x 4096 x 10, u16, one strip", ours, "zlib", peer, "2");

        // By the clock: on a busy machine the second thread finds no core.
        (double two, double one) = BestOfBoth(
            () => Timing.Seconds(() => DecodeOnThreads(packed, 2)), () => Timing.Seconds(() => DecodeOnThreads(packed, 1)));
        results.AddSeconds("deflate, the same on two threads (wall)", two, "one thread", one, "1.7");
    }

    private static void Eer(ResultTable results, string folder)
    {
        string movie = Path.Combine(folder, "movie.eer");
        const int GroupCount = 2;
        MovieFiles.WriteEer(movie, (GroupCount * 40) + 1, occupancy: 0.01);
        double peer = BestOf(() => CpuSecondsOf("relion_convert_to_tiff", "--i", movie, "--o", folder + "/", "--compression", "none"));
        double doubledPeer = BestOf(() => CpuSecondsOf(
            "relion_convert_to_tiff", "--i", movie, "--o", folder + "/", "--compression", "none", "--eer_upsampling", "2"));
        foreach (int upsampling in new[] { 1, 2 })
        {
            var formats = new ArchiveFormats(new FormatOptions { EerUpsampling = upsampling });
            double ours = BestOf(() => Timing.CpuSeconds(() => DecodeAll(formats, movie, long.MaxValue)));
            double group = BestOf(() => Timing.CpuSeconds(() => DecodeAll(formats, movie, 1)));
            results.AddSeconds(
                $"EER, {GroupCount} groups of 40, 1 %, upsampling {upsampling}", ours, "relion_convert_to_tiff", upsampling == 1 ? peer : doubledPeer, "3");
            results.Add($"EER, one group, upsampling {upsampling}", $"{group * 1000:F0} ms", "", "", upsampling == 1 ? "40 ms" : "");
        }
    }

    private static (double Ours, double Peer) BestOfBoth(Func<double> ours, Func<double> peer)
    {
        (double Ours, double Peer)[] rounds = [.. Enumerable.Range(0, Rounds).Select(_ => (ours(), peer()))];
        return (rounds.Min(round => round.Ours), rounds.Min(round => round.Peer));
    }

    private static double BestOf(Func<double> seconds) => Enumerable.Range(0, Rounds).Min(_ => seconds());

    private static void DecodeAll(ArchiveFormats formats, string path, long mostBlocks)
    {
        var description = formats.Probe(path).Description ?? throw new InvalidOperationException($"{path} cannot be read");
        using var archive = formats.Open(description);
        using var slots = new DecodeSlots(1);
        byte[] block = [];
        for (long i = 0; i < Math.Min(mostBlocks, description.Grid.BlockCount); i++)
        {
            var extent = description.Grid.ExtentOf(i);
            int lengthBytes = archive.FormatOf(extent).LengthBytes;
            if (block.Length < lengthBytes)
            {
                block = new byte[lengthBytes];
            }

            archive.Decode(extent, block.AsSpan(0, lengthBytes), slots);
        }
    }

    private static void DecodeOnThreads(string path, int threads)
    {
        var formats = new ArchiveFormats();
        var description = formats.Probe(path).Description ?? throw new InvalidOperationException($"{path} cannot be read");
        using var archive = formats.Open(description);
        using var slots = new DecodeSlots(threads);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(first => new Thread(() =>
        {
            byte[] block = [];
            for (long i = first; i < description.Grid.BlockCount; i += threads)
            {
                var extent = description.Grid.ExtentOf(i);
                int lengthBytes = archive.FormatOf(extent).LengthBytes;
                block = block.Length < lengthBytes ? new byte[lengthBytes] : block;
                archive.Decode(extent, block.AsSpan(0, lengthBytes), slots);
            }
        }))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
    }

    // The shell's own time keeping: user and system seconds of the program.
    public static double CpuSecondsOf(string program, params string[] arguments) =>
        Repository.Run("bash", ["-c", "TIMEFORMAT='%U %S'; { time \"$@\" > /dev/null 2>&1; } 2>&1", "bash", program, .. arguments])
            .Split(' ').Sum(seconds => double.Parse(seconds, CultureInfo.InvariantCulture));
}
