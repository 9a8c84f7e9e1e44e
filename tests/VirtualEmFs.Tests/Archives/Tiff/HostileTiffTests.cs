using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Eer;
using VirtualEmFs.Archives.Tiff;
using VirtualEmFs.Frames;
using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Tiff;

/// <summary>
/// Broken files: a probe or a read ends in an answer or an <see cref="ArchiveException"/>, soon, and with memory for what is there,
/// whatever the file claims. Anything else would take the whole mount down.
/// </summary>
public sealed class HostileTiffTests
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(5);

    private static readonly TiffFormat s_format = new(new EerFormat(new FormatOptions { EerGrouping = 2 }));

    [Fact]
    public void Read_FilesThatCrashedLibtiff_AnswersOrFails()
    {
        foreach (string path in Directory.GetFiles(GoldenData.PathOf("hostile-tiff")))
        {
            ReadAll(path, path);
        }
    }

    [Theory]
    [InlineData("tiff/u16_rps7.tif", 1)]
    [InlineData("tiff/u16_bigtiff.tif", 2)]
    [InlineData("tiff/u16_lzw2_be.tif", 3)]
    [InlineData("tiff/u16_lzma.tif", 4)]
    [InlineData("tiff/f32_zip3_be.tif", 5)]
    [InlineData("tiff/u8_packbits.tif", 6)]
    [InlineData("tiff/u16_zstd2.tif", 7)]
    [InlineData("tiff/u16_imagej_truncated.tif", 8)]
    [InlineData("tiff/u16_odd_61x47.tif", 9)]
    [InlineData("tiff/f32_odd_tiled.tif", 10)]
    public void Read_MutatedTiff_AnswersOrFails(string name, int seed) => Mutate(GoldenData.PathOf("relion", name), seed, rounds: 1000);

    /// <summary>The sensor's 16 MiB are drawn for every mutation that leaves the file readable: fewer rounds.</summary>
    [Theory]
    [InlineData("eer/f4_65001_badframe/f4_65001_badframe.eer", 11)]
    [InlineData("eer/f4i_65002_2k/f4i_65002_2k.eer", 12)]
    public void Read_MutatedEer_AnswersOrFails(string name, int seed) => Mutate(GoldenData.PathOf("relion", name), seed, rounds: 200);

    private static void Mutate(string original, int seed, int rounds)
    {
        var random = new Random(seed);
        byte[] sound = File.ReadAllBytes(original);
        int[] structures = StructureBytes(original);
        string path = Path.Combine(Path.GetTempPath(), $"vemfs-mutation-{Environment.ProcessId}-{seed}.tif");
        int soundCount = 0;
        try
        {
            for (int round = 0; round < rounds; round++)
            {
                byte[] broken = [.. sound];
                for (int change = random.Next(1, 4); change > 0; change--)
                {
                    // Two changes of three hit header, directories and arrays, where counts and offsets are.
                    int place = random.Next(3) == 0 ? random.Next(broken.Length) : structures[random.Next(structures.Length)];
                    broken[place] = random.Next(3) switch
                    {
                        0 => (byte)(broken[place] ^ (1 << random.Next(8))),
                        1 => (byte)random.Next(256),
                        _ => (byte)(random.Next(2) * 255),
                    };
                }

                int lengthBytes = random.Next(8) == 0 ? random.Next(broken.Length) : broken.Length;
                File.WriteAllBytes(path, broken.AsSpan(0, lengthBytes));
                soundCount += ReadAll(path, $"{original} seed {seed} round {round}") ? 1 : 0;
            }
        }
        finally
        {
            File.Delete(path);
        }

        // Mutations that leave every file readable, or none, would test little.
        Assert.InRange(soundCount, rounds / 20, rounds * 19 / 20);
    }

    /// <summary>True when the file reads to its end.</summary>
    private static bool ReadAll(string path, string what, bool isAgain = false)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan started = ThreadClock.ProcessorTime; // says nothing about how busy the machine is
        bool isRead = false;
        try
        {
            var result = ArchiveFrames.Probe(s_format, path);
            long probed = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(probed < 64 << 20, $"{what}: the probe allocated {probed} bytes");
            Assert.Equal(result.Outcome == ProbeOutcome.Archive, result.Description is not null);
            if (result.Description is not ArchiveDescription description || description.Shape.LengthSamples > 64 << 20)
            {
                return false;
            }

            ArchiveFrames.Read(s_format, path, (_, _) => { });
            isRead = true;
        }
        catch (ArchiveException exception)
        {
            Assert.NotEmpty(exception.Reason);
        }
        catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{what}: {exception}");
        }

        TimeSpan taken = ThreadClock.ProcessorTime - started;
        if (taken >= s_longest && !isAgain)
        {
            return ReadAll(path, what, isAgain: true); // where a machine is a guest, its host's pauses count; what is slow is slow again
        }

        Assert.True(taken < s_longest, $"{what} took {taken}");
        return isRead;
    }

    // Places of the header, and of each directory with what it points at.
    private static int[] StructureBytes(string path)
    {
        using var file = SourceFile.Open(path);
        var reader = TiffReader.TryOpen(file)!;
        var places = new List<int>(Enumerable.Range(0, 16));
        for (long at = reader.FirstDirectory; at != 0; at = reader.ReadDirectory(at).NextDirectory)
        {
            places.AddRange(Enumerable.Range((int)at, (int)Math.Min(320, file.LengthBytes - at)));
        }

        return [.. places];
    }
}
