using System.Text.Json;
using VirtualEmFs.Archives;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.MountTests.Robustness;

/// <summary>What long streams cost, counted by the mount itself: decodes, hits, garbage collections, memory that is given back.</summary>
/// <remarks>Micrographs, a stack and a volume; together 40 MiB of samples as they are kept.</remarks>
public sealed class StreamingTests : IDisposable
{
    private const long SampleLengthBytes = 40 << 20;

    /// <summary>The smallest generation 0 that the runtime accepts, so that it is collected often.</summary>
    private static readonly (string, string) s_smallGeneration0 = ("DOTNET_GCgen0size", "0x10000");

    private readonly TemporaryFolder _folder = new();
    private readonly string[] _archives;

    public StreamingTests()
    {
        Programs.CheckIn(Path.Combine(GoldenData.RepositoryRoot, "tests/python"), Programs.Python, "-c", """
            import sys, numpy, eman2_archive
            noise = numpy.random.default_rng(3).standard_normal
            for index in range(4):
                eman2_archive.write(f'{sys.argv[1]}/mic{index}.hdf', [noise((2048, 2048), 'f4')], 5)
            eman2_archive.write(f'{sys.argv[1]}/stack.hdf', noise((128, 256, 256), 'f4'), 5)
            eman2_archive.write(f'{sys.argv[1]}/volume.hdf', [noise((128, 256, 256), 'f4')], 12)
            """, _folder.Path);
        _archives = Directory.GetFiles(_folder.Path);
        Assert.Equal(SampleLengthBytes, _archives.Sum(path => Describe(path).Shape.LengthSamples * Describe(path).SampleType.LengthBytes()));
    }

    private long BlockCount => _archives.Sum(path => Describe(path).Grid.BlockCount);

    public void Dispose() => _folder.Dispose();

    /// <summary>A block that is evicted before its reader has come, or kept nowhere, would be decoded up to eight times.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("direct")] // each read is a request of its own, past the kernel's cache
    public void Stream_OfTenTimesTheCacheIn128KiB_DecodesEachBlockOnce(string flag)
    {
        using MountedProcess mount = MountedProcess.Start(_folder.Path, "--cache-size", $"{SampleLengthBytes / 10}");
        Stream(mount, "128K", flag, Directory.GetFiles(mount.MountPoint));

        JsonElement tree = mount.WaitForRest();
        Assert.Equal(BlockCount, tree.GetProperty("decodes").GetInt64());
        Assert.Equal(0, tree.GetProperty("failedDecodes").GetInt64());
        Assert.True(tree.GetProperty("readAheads").GetInt64() > 0, "nothing was read ahead");
        Assert.True(tree.GetProperty("cacheBytes").GetInt64() <= SampleLengthBytes / 10);
        Assert.Equal(0, tree.GetProperty("leasesInUse").GetInt64());
    }

    /// <summary>Blocks live in native memory, and replies in buffers that are used again: as managed memory they would be 160 MiB and more.</summary>
    [Theory]
    [InlineData("1GiB", "4K", false)]
    [InlineData("4MiB", "128K", true)]
    public void Stream_AfterTheFirst_AllocatesLittleAndLeavesNothing(string cacheSize, string blockSize, bool decodes)
    {
        using MountedProcess mount = MountedProcess.StartIn(s_smallGeneration0, _folder.Path, "--cache-size", cacheSize);
        string[] files = Directory.GetFiles(mount.MountPoint);
        Stream(mount, blockSize, "direct", files);
        mount.WaitForRest();
        JsonElement before = mount.Status();
        for (int round = 0; round < 4; round++)
        {
            Stream(mount, blockSize, "direct", files);
        }

        JsonElement decoded = mount.WaitForRest(), after = mount.Status();
        Assert.Equal(4 * files.Sum(path => new FileInfo(path).Length), Count(after, "bytesRead") - Count(before, "bytesRead"));
        long reads = Count(after.GetProperty("requests"), "read") - Count(before.GetProperty("requests"), "read");
        long decodeCount = Count(decoded, "decodes") - Count(before.GetProperty("tree"), "decodes");
        Assert.Equal(decodes ? 4 * BlockCount : 0, decodeCount);

        // Measured: 402 bytes for each read of a cached block. The rest is for reports, of which a slow machine asks for more.
        Assert.InRange(Count(after, "allocatedBytes") - Count(before, "allocatedBytes"), 0, (1024 * (reads + decodeCount)) + (16 << 20));
        if (!decodes)
        {
            // The smallest object has 24 bytes: one that outlived each read would show three times as much.
            Assert.True(reads > 100_000, $"{reads} reads tell little");
            Assert.NotEqual(Count(before, "garbageCollections0"), Count(after, "garbageCollections0"));
            Assert.InRange(Count(after, "survivingBytes") - Count(before, "survivingBytes"), long.MinValue, 8 * reads);
        }
    }

    /// <summary>Memory is bounded by the options, however many read: nothing grows with the bytes that pass.</summary>
    [Fact]
    public void Stream_BySixteenReaders_StaysWithinTheMemoryThatIsAllowed()
    {
        const int Readers = 16;
        using MountedProcess mount = MountedProcess.Start(_folder.Path, "--cache-size", "16MiB", "--decode-memory", "16MiB");
        string[] files = Directory.GetFiles(mount.MountPoint);
        Programs.CheckIn(mount.MountPoint, "bash", "-c", $$"""
            for i in {1..{{Readers}}}; do for file in *; do dd if=$file of=/dev/null bs=1M iflag=direct status=none || exit 1; done & done
            for job in $(jobs -p); do wait $job || exit 1; done
            """);

        mount.WaitForRest();
        Assert.True(Count(mount.Status(), "bytesRead") >= Readers * files.Sum(path => new FileInfo(path).Length));
        Assert.InRange(mount.PeakResidentBytes, 1, (16 + 16 + 200) << 20);
    }

    private static void Stream(MountedProcess mount, string blockSize, string flag, string[] files)
    {
        foreach (string path in files)
        {
            Programs.CheckIn(mount.MountPoint, "dd", [$"if={path}", "of=/dev/null", $"bs={blockSize}", "status=none", .. flag == "" ? (string[])[] : [$"iflag={flag}"]]);
        }
    }

    private static long Count(JsonElement report, string name) => report.GetProperty(name).GetInt64();

    private static ArchiveDescription Describe(string path) => new ArchiveFormats().Probe(path).Description!;
}
