using System.Runtime.InteropServices;
using System.Text.Json;

namespace VirtualEmFs.MountTests.Commands;

/// <summary>A source, a staging folder and a mount point of one test's own, and MRC files to write. Mounts are the test's to end.</summary>
internal sealed class WritingProject : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    public WritingProject()
    {
        foreach (string name in new[] { "s", "m" })
        {
            Directory.CreateDirectory(_folder.PathOf(name));
        }
    }

    public string Source => PathOf("s");

    public string Staging => PathOf("d");

    public string MountPoint => PathOf("m");

    /// <summary>Names in the source, but for the mount's own folder.</summary>
    public string[] SourceNames => [.. Directory.GetFileSystemEntries(Source).Select(path => Path.GetFileName(path)!).Where(name => name != ".emfs").Order(StringComparer.Ordinal)];

    public string PathOf(params string[] parts) => _folder.PathOf(parts);

    /// <summary>Mounts for writing; nothing is archived by itself unless the options say so.</summary>
    public MountedProcess Mount(params string[] options) => MountedProcess.StartOn(MountPoint, Source, ["--staging", Staging, "--write-delay", "1h", .. options]);

    /// <summary>Mounts for writing with failures of the disk: <c>EMFS_TEST_DISK</c>.</summary>
    public MountedProcess MountFailing(string faults, params string[] options) =>
        MountedProcess.StartIn(("EMFS_TEST_DISK", faults), Source, ["--staging", Staging, "--write-delay", "1h", .. options]);

    /// <summary>Mounts another time, on a folder of its own.</summary>
    public MountedProcess MountElsewhere(params string[] options) => MountedProcess.Start(Source, options);

    public static ProgramResult Emfs(params string[] arguments) => Programs.Run(s_deadline, Programs.Emfs, arguments);

    /// <summary>What a mount says about its writing.</summary>
    public static JsonElement Writing(MountedProcess mount) => mount.Writing();

    /// <summary><c>emfs flush --wait</c> of everything, once nothing is open.</summary>
    public static ProgramResult Flush(MountedProcess mount)
    {
        mount.WaitForClosing();
        return Emfs("flush", mount.MountPoint, "--wait");
    }

    /// <summary><c>emfs unmount</c>, once nothing is open.</summary>
    public static ProgramResult Unmount(MountedProcess mount, params string[] options)
    {
        mount.WaitForClosing();
        return Emfs(["unmount", mount.MountPoint, .. options]);
    }

    /// <summary>An MRC file of noise: one image of 96 × 80 float32.</summary>
    public static byte[] Mrc(int seed)
    {
        const int nx = 96, ny = 80;
        var bytes = new byte[1024 + (nx * ny * 4)];
        Span<int> words = MemoryMarshal.Cast<byte, int>(bytes.AsSpan(0, 1024));
        (words[0], words[1], words[2], words[3]) = (nx, ny, 1, 2);
        (words[7], words[8], words[9]) = (nx, ny, 1);
        (words[16], words[17], words[18]) = (1, 2, 3);
        (words[52], words[53]) = (0x2050414D, 0x00004444); // "MAP ", little-endian
        Span<float> cell = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(40, 12));
        (cell[0], cell[1], cell[2]) = (nx, ny, 1);
        var random = new Random(seed);
        foreach (ref float sample in MemoryMarshal.Cast<byte, float>(bytes.AsSpan(1024)))
        {
            sample = (random.NextSingle() + random.NextSingle() - 1) * 7;
        }

        return bytes;
    }

    public void Dispose() => _folder.Dispose();
}
