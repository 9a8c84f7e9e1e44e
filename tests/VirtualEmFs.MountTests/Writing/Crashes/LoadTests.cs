using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace VirtualEmFs.MountTests.Writing.Crashes;

[CollectionDefinition(DisableParallelization = true)]
public sealed class LoadCollection;

/// <summary>Four programs that write micrographs as fast as they can, beside four that read: everybody is served, memory stays in bounds, and in the
/// end everything is archived as <c>emfs compress</c> would have done.</summary>
[Collection(typeof(LoadCollection))]
public sealed partial class LoadTests(ITestOutputHelper output)
{
    private const int Side = 4096; // 64 MiB of float32
    private const int MebibyteBytes = 1 << 20;
    private const int WriterCount = 4;
    private const int ReaderCount = 4;
    private const int PosixFadvDontneed = 4;
    private const int CacheMebibytes = 128;
    private const int DecodeMebibytes = 64;

    // The runtime and the code, 64 requests of 1 MiB, and the frame that is being archived with its codes.
    private const int FixedMebibytes = 250;

    // 0.2 s on two cores that twenty other programs wanted, too. Beyond what the machine and its disk take for a plain write at their worst moment.
    private static readonly TimeSpan s_oldestRequest = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(10);

    private readonly byte[] _micrograph = MrcContent.Noise(Side, Side, seed: 1);

    [Fact]
    public void Load_ForTenSeconds_IsServed() => Run(TimeSpan.FromSeconds(10), filesOfAWriter: 2);

    [Fact]
    [Trait("Category", "soak")]
    public void Load_ForAMinute_IsServedWithinFiveSeconds() =>
        Run(TimeSpan.FromMinutes(1), filesOfAWriter: 8);

    private void Run(TimeSpan duration, int filesOfAWriter)
    {
        using var site = new KilledSite();
        string[] archived = Archive(site);
        MountedProcess mount = site.Mount("", "--write-delay", "0", "--cache-size", $"{CacheMebibytes}MiB", "--decode-memory", $"{DecodeMebibytes}MiB");
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var written = new int[WriterCount];
        long readBytes = 0;
        Task[] programs =
        [
            .. Enumerable.Range(0, WriterCount).Select(writer => Start(() => written[writer] = Write(site, writer, filesOfAWriter, end))),
            .. Enumerable.Range(0, ReaderCount).Select(reader => Start(() => Interlocked.Add(ref readBytes, Read(site, archived, reader, end)))),
        ];
        double oldestSeconds = 0, slowestSeconds = 0;
        long mostStaged = 0;
        using var ended = new CancellationTokenSource();
        Task plain = Start(() =>
        {
            while (!ended.IsCancellationRequested)
            {
                slowestSeconds = Math.Max(slowestSeconds, WritePlain(site));
            }
        });
        try
        {
            while (!Task.WaitAll(programs, s_pollInterval))
            {
                JsonElement status = MountControl.Status(site.MountPoint, s_deadline);
                oldestSeconds = Math.Max(oldestSeconds, status.GetProperty("oldestRequestSeconds").GetDouble());
                mostStaged = Math.Max(mostStaged, status.GetProperty("writing").GetProperty("stagedFiles").GetInt64());
            }
        }
        finally
        {
            ended.Cancel();
            plain.GetAwaiter().GetResult();
        }

        long flushing = Stopwatch.GetTimestamp();
        Assert.Equal(0, MountControl.FlushClosed(site.MountPoint, s_deadline));
        output.WriteLine(
            $"{written.Sum()} micrographs written in {duration.TotalSeconds} s, {readBytes >> 30} GiB read, at most {mostStaged} staged, all archived {Stopwatch.GetElapsedTime(flushing).TotalSeconds:F1} s later; "
            + $"oldest request {oldestSeconds:F2} s, slowest plain write {slowestSeconds:F2} s, peak resident {mount.PeakResidentBytes >> 20} MiB");
        Assert.True(written.All(static count => count > 0) && readBytes > 0);
        Assert.InRange(oldestSeconds, 0, s_oldestRequest.TotalSeconds + slowestSeconds);
        Assert.InRange(mount.PeakResidentBytes >> 20, 0, CacheMebibytes + DecodeMebibytes + FixedMebibytes);
        Assert.Null(site.Leftover(MountedFiles.In(site.MountPoint, reads: false)));
        CompareSizes(site, written, filesOfAWriter);
    }

    /// <summary>Two archives that are there before the mount.</summary>
    private string[] Archive(KilledSite site)
    {
        string[] names = ["old-1.mrc", "old-2.mrc"];
        foreach (string name in names)
        {
            File.WriteAllBytes(Path.Combine(site.Source, name), _micrograph);
        }

        Programs.Check(Programs.Emfs, "compress", "-r", "--delete-originals", site.Source);
        return names;
    }

    private static Task Start(Action program) =>
        Task.Factory.StartNew(program, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>What a request of a program costs without the mount: a mebibyte written beside the staging folder, and flushed, after a short sleep.</summary>
    /// <returns>Seconds, without the sleep.</returns>
    private double WritePlain(KilledSite site)
    {
        long started = Stopwatch.GetTimestamp();
        Thread.Sleep(s_pollInterval);
        using SafeFileHandle file = File.OpenHandle(site.PathOf("plain"), FileMode.Create, FileAccess.Write);
        RandomAccess.Write(file, _micrograph.AsSpan(0, MebibyteBytes), 0);
        RandomAccess.FlushToDisk(file);
        return (Stopwatch.GetElapsedTime(started) - s_pollInterval).TotalSeconds;
    }

    /// <summary>Writes one micrograph after the other, over old ones in the end.</summary>
    private int Write(KilledSite site, int writer, int files, long end)
    {
        int count = 0;
        for (; count == 0 || Stopwatch.GetTimestamp() < end; count++)
        {
            using SafeFileHandle file = File.OpenHandle(
                Path.Combine(site.MountPoint, NameOf(writer, count % files)), FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
            WriteTo(file, writer, count % files);
            RandomAccess.FlushToDisk(file);
        }

        return count;
    }

    /// <summary>The same noise for each, yet turned: no two files are the same.</summary>
    private void WriteTo(SafeFileHandle file, int writer, int number)
    {
        RandomAccess.Write(file, _micrograph.AsSpan(0, MrcContent.HeaderLengthBytes), 0);
        ReadOnlySpan<byte> samples = _micrograph.AsSpan(MrcContent.HeaderLengthBytes);
        for (int block = 0; block < samples.Length / MebibyteBytes; block++)
        {
            int turned = (block + (7 * writer) + (3 * number)) % (samples.Length / MebibyteBytes);
            RandomAccess.Write(file, samples.Slice(turned * MebibyteBytes, MebibyteBytes), MrcContent.HeaderLengthBytes + ((long)block * MebibyteBytes));
        }
    }

    private static string NameOf(int writer, int number) => $"w{writer}-{number}.mrc";

    /// <summary>Reads old archives, and what is being written.</summary>
    private static long Read(KilledSite site, string[] archived, int reader, long end)
    {
        long readBytes = 0;
        var buffer = new byte[MebibyteBytes];
        for (int round = 0; readBytes == 0 || Stopwatch.GetTimestamp() < end; round++)
        {
            string path = Path.Combine(site.MountPoint, round % 4 == 3 ? NameOf(reader, 0) : archived[(reader + round) % archived.Length]);
            if (!File.Exists(path))
            {
                continue; // not written yet
            }

            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            _ = posix_fadvise(file, 0, 0, PosixFadvDontneed);
            long fileOffset = 0;
            for (int lengthBytes; (lengthBytes = RandomAccess.Read(file, buffer, fileOffset)) > 0;)
            {
                fileOffset += lengthBytes;
                if (Stopwatch.GetTimestamp() >= end)
                {
                    break;
                }
            }

            readBytes += fileOffset;
        }

        return readBytes;
    }

    /// <summary>Archives are of the size that the command gives the same files.</summary>
    private void CompareSizes(KilledSite site, int[] written, int filesOfAWriter)
    {
        string folder = Directory.CreateDirectory(site.PathOf("compared")).FullName;
        string[] names =
        [
            .. Enumerable.Range(0, WriterCount).SelectMany(writer => Enumerable.Range(0, Math.Min(filesOfAWriter, written[writer])).Select(number =>
            {
                using SafeFileHandle file = File.OpenHandle(Path.Combine(folder, NameOf(writer, number)), FileMode.CreateNew, FileAccess.Write);
                WriteTo(file, writer, number);
                return NameOf(writer, number) + ".hdf";
            })),
        ];
        Programs.Check(Programs.Emfs, "compress", "-r", "--delete-originals", folder);
        foreach (string name in names)
        {
            long expected = new FileInfo(Path.Combine(folder, name)).Length;
            Assert.InRange(new FileInfo(Path.Combine(site.Source, name)).Length, expected * 0.99, expected * 1.01);
        }
    }

    [LibraryImport("libc")]
    private static partial int posix_fadvise(SafeFileHandle file, long offset, long length, int advice);
}
