using VirtualEmFs.Benchmarks.Mounting;

namespace VirtualEmFs.Benchmarks.Movies;

/// <summary>A movie of a K2 read through the mount from beginning to end, against libtiff's program that unpacks it to memory.</summary>
/// <remarks>
/// Ours hands out float32, four times the peer's bytes. By the clock, two cores count if both are free; the processor time of mount and reader,
/// halved, is what the clock comes to on two cores without other work. Both take turns.
/// </remarks>
internal static class MovieMountBench
{
    private const int Rounds = 5;
    private const int Cores = 2;

    /// <param name="folder">Memory-backed, so that no disk is measured.</param>
    public static void Run(string folder)
    {
        const int FrameCount = 40;
        var results = new ResultTable("Movies: cold read through the mount (best of each)");
        string plain = Path.Combine(folder, "plain.tif");
        MovieFiles.WriteCounts(plain, 3838, 3710, FrameCount, mean: 0.96);
        foreach ((string name, string rows) in new[] { ("one strip", "3710"), ("strips of 2 rows", "2") })
        {
            string source = Directory.CreateDirectory(Path.Combine(folder, "source" + rows)).FullName;
            string packed = Path.Combine(source, "movie.tif");
            Repository.Run("tiffcp", "-c", "lzw", "-r", rows, plain, packed);

            // A cache that holds less than half of the movie: what a pass leaves there has gone before the next one comes to it.
            using var mount = new BenchMount(Path.Combine(folder, "mount" + rows), "mount", source, "{}", "--cache-size", "192MiB", "--threads", $"{Cores}");
            string movie = Directory.GetFiles(mount.MountPoint, "movie.mrc*").Single();
            Round[] rounds = [.. Enumerable.Range(0, Rounds).Select(_ => Measure(mount, movie, packed, Path.Combine(folder, "out.tif")))];

            string title = $"LZW, 3838 x 3710 x {FrameCount}, u8, {name}";
            results.AddSeconds($"{title}, clock", rounds.Min(round => round.Ours), "tiffcp -c none", rounds.Min(round => round.Peer), "1.43");
            results.AddSeconds(
                $"{title}, processor time on {Cores} cores", rounds.Min(round => round.OursCpu) / Cores, "tiffcp -c none", rounds.Min(round => round.PeerCpu),
                "1.43");
        }

        results.Print();
    }

    private static Round Measure(BenchMount mount, string movie, string packed, string target)
    {
        FileReads.DropPages([movie]);
        double before = mount.CpuSeconds, ours = 0;
        double reading = Timing.CpuSeconds(() => ours = FileReads.Sequential([movie]));
        double oursCpu = reading + mount.CpuSeconds - before, peerCpu = 0;
        File.Delete(target);
        double peer = Timing.Seconds(() => peerCpu = TiffBench.CpuSecondsOf("tiffcp", "-c", "none", packed, target));
        return new Round(ours, oursCpu, peer, peerCpu);
    }

    private readonly record struct Round(double Ours, double OursCpu, double Peer, double PeerCpu);
}
