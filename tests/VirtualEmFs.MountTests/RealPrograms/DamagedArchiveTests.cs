using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>Archives of the mount in which bits flip: what came out of them does not go back as if nothing were wrong.</summary>
public sealed class DamagedArchiveTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(1);

    [Fact]
    public void HeaderRewritten_InAFileWithDamagedLimits_StaysStaged()
    {
        using var folders = new WrittenTwice("0s");
        string shown = Path.Combine(folders.Mounted, "mic.mrcs"), archive = Path.Combine(folders.Source, "mic.mrcs.hdf");
        Programs.Check(Programs.Python, "-c", """
            import mrcfile, numpy, sys
            mrcfile.write(sys.argv[1], numpy.random.default_rng(1).standard_normal((2, 40, 50)).astype('f4'))
            """, shown);
        folders.Flush();
        byte[] damaged = File.ReadAllBytes(archive);
        damaged[damaged.AsSpan().IndexOf("EMAN.stored_rendermax"u8) + 72 + 2] ^= 0x80;
        File.WriteAllBytes(archive, damaged);

        using (FileStream file = File.OpenWrite(shown))
        {
            file.Position = 224;
            file.Write("rewritten"u8);
        }

        byte[] written = File.ReadAllBytes(shown);
        Assert.Contains(
            "image 0 is not what emfs wrote there, since its type or limits differ: it is damaged, or another program changed it",
            ReasonOf(folders), StringComparison.Ordinal);
        Assert.Equal(written, File.ReadAllBytes(shown));
        Assert.Equal(damaged, File.ReadAllBytes(archive));
    }

    /// <summary>Waits until the one file could not be archived.</summary>
    private static string ReasonOf(WrittenTwice folders)
    {
        var waiting = Stopwatch.StartNew();
        while (true)
        {
            JsonElement writing = folders.Writing;
            foreach (JsonElement file in writing.GetProperty("failing").EnumerateArray().Concat(writing.GetProperty("parked").EnumerateArray()))
            {
                return file.GetProperty("reason").GetString()!;
            }

            Assert.True(waiting.Elapsed < s_deadline, $"it neither fails nor is it parked: {writing}");
            Thread.Sleep(50);
        }
    }
}
