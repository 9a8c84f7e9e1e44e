using System.Runtime.InteropServices;
using VirtualEmFs.Benchmarks.Compressing;
using VirtualEmFs.Benchmarks.Mounting;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Benchmarks.Writing;

/// <summary>What writing through the mount costs: against the staging folder's disk, and against <c>emfs compress</c>.</summary>
internal static class WriteBench
{
    private const int Repetitions = 5;

    // 64 MiB each.
    private const int Micrographs = 8, OldMicrographs = 4, Side = 4096;

    public static void Run()
    {
        var table = new ResultTable("Writing through the mount");
        Measure(table, Path.GetTempPath(), "disk", "at least 0.60");
        Measure(table, "/dev/shm", "memory", "");
        table.Print();
    }

    private static void Measure(ResultTable table, string place, string placeName, string wantedRatio)
    {
        string folder = Directory.CreateDirectory(Path.Combine(place, $"emfs-write-{Environment.ProcessId}")).FullName;
        string inputs = Directory.CreateDirectory($"/dev/shm/emfs-write-inputs-{Environment.ProcessId}").FullName;
        try
        {
            string[] micrographs = [.. Enumerable.Range(0, Micrographs).Select(i => Write(Path.Combine(inputs, $"m{i}.mrc"), i))];
            string source = Directory.CreateDirectory(Path.Combine(folder, "source")).FullName;
            string[] old = [.. micrographs.Take(OldMicrographs).Select((path, i) => Path.Combine(source, $"old{i}.mrc.hdf"))];
            for (int i = 0; i < OldMicrographs; i++)
            {
                Repository.Run(Repository.Emfs, "compress", "-o", old[i], micrographs[i]);
            }

            // A cache that holds none of the old ones: what is read is decoded.
            using var mount = new BenchMount(
                Path.Combine(folder, "mount"), "mount", source, "{}", "--staging", Path.Combine(folder, "staging"), "--write-delay", "1h", "--cache-size", "16MiB");
            Throughput(table, folder, mount, micrographs, placeName, wantedRatio);
            Archiving(table, folder, mount, micrographs, placeName);
        }
        finally
        {
            Directory.Delete(inputs, recursive: true);
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Ends with the micrographs staged.</summary>
    private static void Throughput(ResultTable table, string folder, BenchMount mount, string[] micrographs, string placeName, string wantedRatio)
    {
        string direct = Directory.CreateDirectory(Path.Combine(folder, "direct")).FullName;
        double[] ours = [.. micrographs.Select(_ => double.MaxValue)], theirs = [.. ours];
        for (int i = 0; i < Repetitions; i++)
        {
            KeepBest(theirs, Copy(micrographs, direct));
            Array.ForEach(Directory.GetFiles(direct), File.Delete);
            Array.ForEach(Written(mount, micrographs), File.Delete);
            KeepBest(ours, Copy(micrographs, mount.MountPoint));
        }

        table.AddSeconds($"8 micrographs of 64 MiB, dd bs=1M conv=fsync, {placeName}", ours.Sum(), "to the staging folder's disk", theirs.Sum(), wantedRatio);
    }

    private static void Archiving(ResultTable table, string folder, BenchMount mount, string[] micrographs, string placeName)
    {
        string[] old = [.. Enumerable.Range(0, OldMicrographs).Select(i => Path.Combine(mount.MountPoint, $"old{i}.mrc"))];
        double idle = Median([.. Enumerable.Range(0, Repetitions).Select(_ => ReadCold(old))]);

        string outputs = Directory.CreateDirectory(Path.Combine(folder, "compressed")).FullName;
        double peer = double.MaxValue, ours = double.MaxValue;
        for (int i = 0; i < Repetitions; i++)
        {
            peer = Math.Min(peer, Timing.Seconds(() => Repository.Run(Repository.Emfs, ["compress", "--force", "--outpath", outputs, .. micrographs])));
            ours = Math.Min(ours, Timing.Seconds(() => Repository.Run(Repository.Emfs, "flush", mount.MountPoint, "--wait")));
            Array.ForEach(Written(mount, micrographs), File.Delete);
            Copy(micrographs, mount.MountPoint);
        }

        table.AddSeconds($"archiving the 8 in the background, {placeName}", ours, "emfs compress", peer, "at least 0.77");

        Repository.Run(Repository.Emfs, "flush", mount.MountPoint);
        List<double> busy = [];
        while (mount.Figure("writing", "stagedFiles") > 0)
        {
            busy.Add(ReadCold(old));
        }

        table.AddSeconds($"reading {OldMicrographs} other archives meanwhile, {placeName}", Median(busy), "without", idle, "at least 0.50");
    }

    private static double Median(List<double> seconds) => seconds.Order().ElementAt(seconds.Count / 2);

    private static double ReadCold(string[] files)
    {
        FileReads.DropPages(files);
        return FileReads.Sequential(files);
    }

    private static string[] Written(BenchMount mount, string[] micrographs) =>
        [.. micrographs.Select(path => Path.Combine(mount.MountPoint, Path.GetFileName(path))).Where(File.Exists)];

    /// <summary>Seconds to write each of the files with one dd after the other.</summary>
    private static double[] Copy(string[] files, string folder) => [.. files.Select(path => Timing.Seconds(
        () => Repository.Run("dd", $"if={path}", $"of={Path.Combine(folder, Path.GetFileName(path))}", "bs=1M", "conv=fsync", "status=none")))];

    // Of each file: on a machine that does other things, too, one of eight is always late.
    private static void KeepBest(double[] best, double[] seconds)
    {
        for (int i = 0; i < best.Length; i++)
        {
            best[i] = Math.Min(best[i], seconds[i]);
        }
    }

    private static string Write(string path, int seed)
    {
        var header = new byte[MrcHeader.LengthBytes];
        new MrcHeader
        {
            Nx = Side, Ny = Side, Nz = 1, Mode = 2, SpaceGroup = 0, Sampling = (Side, Side, 1), CellLengths = new AngstromVector(Side, Side, 1),
        }.Write(header);
        using FileStream file = File.Create(path);
        file.Write(header);
        float[] noise = SyntheticImages.Noise(Side * Side);
        ReadOnlySpan<byte> samples = MemoryMarshal.AsBytes(noise.AsSpan());
        int turned = seed * 4_000_004 % samples.Length;
        file.Write(samples[turned..]);
        file.Write(samples[..turned]);
        return path;
    }
}
