using System.CommandLine;
using System.Diagnostics;
using Spectre.Console;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Demo;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs demo</c>: a sample project from MRC files to archives, and back through a mount.</summary>
internal static class DemoCommand
{
    private const int ReadLengthBytes = 1 << 20;

    public static Command Create(IArchiveFormats formats)
    {
        var command = new Command(
            "demo", "Makes a small sample project, compresses it, mounts it, reads it back and compares. Example: emfs demo");
        command.SetAction(_ => Run(formats));
        return command;
    }

    private static int Run(IArchiveFormats formats)
    {
        string folder = Directory.CreateTempSubdirectory("emfs-demo-").FullName;
        try
        {
            string originals = Subfolder(folder, "originals"), archives = Subfolder(folder, "archives"), mountPoint = Subfolder(folder, "mounted");
            Console.WriteLine($"A sample project in {folder}:");
            Compress(formats, originals, archives);
            Console.WriteLine();
            using var mount = new SecondProcessMount(archives, mountPoint);
            Console.WriteLine($"Mounted on {mountPoint}, where programs see:");
            foreach (FileInfo file in new DirectoryInfo(mountPoint).EnumerateFiles().OrderBy(file => file.Name, StringComparer.Ordinal))
            {
                Console.WriteLine($"  {file.Length,12:N0} bytes  {file.Name}");
            }

            Console.WriteLine();
            ReadBack(formats, originals, archives, mountPoint);
            mount.Unmount();
            Console.WriteLine("Unmounted; the sample project is deleted.");
            return (int)ExitCode.Success;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Compress(IArchiveFormats formats, string originals, string archives)
    {
        Table table = NewTable("file", "content", "bits", "before", "after", "saved", "compressed at");
        long before = 0, after = 0;
        foreach (SampleFile file in SampleProject.Files)
        {
            string path = Path.Combine(originals, file.Name);
            SampleProject.Write(file, path);
            var options = new CompressionOptions { Treatment = Treatment.Explicit(file.Bits, LimitRequest.None) };
            long begin = Stopwatch.GetTimestamp();
            CompressionReport report = new Compressor(formats).Compress(path, ArchiveOf(archives, file), options);
            double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            before += report.InputLengthBytes;
            after += report.OutputLengthBytes;
            table.AddRow(
                file.Name, file.Title, $"{file.Bits}", CommandOutput.Length(report.InputLengthBytes), CommandOutput.Length(report.OutputLengthBytes),
                Saved(report.InputLengthBytes, report.OutputLengthBytes), Rate(report.InputLengthBytes, seconds));
        }

        table.AddRow("together", "", "", CommandOutput.Length(before), CommandOutput.Length(after), Saved(before, after), "");
        CommandOutput.Write(table);
    }

    private static void ReadBack(IArchiveFormats formats, string originals, string archives, string mountPoint)
    {
        Table table = NewTable("file", "first read", "read again", "largest error");
        foreach (SampleFile file in SampleProject.Files)
        {
            string mounted = Path.Combine(mountPoint, file.Name);
            long lengthBytes = new FileInfo(mounted).Length;
            double first = SecondsToRead(mounted), again = SecondsToRead(mounted);
            ProbeResult probe = formats.Probe(ArchiveOf(archives, file));
            using IArchive archive = formats.Open(probe.Description ?? throw new CommandException(ExitCode.Failure, $"{file.Name}: {probe.Reason}"));
            double error = MountedComparison.LargestErrorInSteps(archive, Path.Combine(originals, file.Name), mounted);
            table.AddRow(file.Name, Rate(lengthBytes, first), Rate(lengthBytes, again), $"{error:F3} of a step");
        }

        Console.WriteLine("Read back through the mount, and every sample compared with its original:");
        CommandOutput.Write(table);
    }

    private static double SecondsToRead(string path)
    {
        byte[] buffer = new byte[ReadLengthBytes];
        long begin = Stopwatch.GetTimestamp();
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        while (file.Read(buffer) > 0)
        {
        }

        return Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    private static string ArchiveOf(string archives, SampleFile file) => Path.Combine(archives, Path.ChangeExtension(file.Name, ".hdf"));

    private static string Subfolder(string folder, string name) => Directory.CreateDirectory(Path.Combine(folder, name)).FullName;

    private static string Saved(long before, long after) => $"{100 * (1 - ((double)after / before)):F0} %";

    private static string Rate(long lengthBytes, double seconds) => $"{CommandOutput.Length((long)(lengthBytes / seconds))}/s";

    private static Table NewTable(params string[] columns)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns([.. columns.Select(name => new TableColumn(name).NoWrap())]);
        return table;
    }
}
