using Xunit;

namespace VirtualEmFs.MountTests.Robustness;

/// <summary>Many readers with a cache of one block: every block is evicted while someone else waits for it.</summary>
public sealed class ConcurrentReadersTests
{
    [Fact]
    public void RandomReads_OfManyProcessesWithACacheOfOneBlock_GiveTheExtractedBytesAndReturnAllLeases()
    {
        using var folder = new TemporaryFolder();
        string source = folder.PathOf("source"), extracted = folder.PathOf("extracted"), tables = folder.PathOf("tables");
        foreach (string each in (string[])[source, extracted, tables])
        {
            Directory.CreateDirectory(each);
        }

        Programs.Check(Programs.Python, Path.Combine(GoldenData.RepositoryRoot, "tests/python/make_project.py"), source, tables);
        string[] archives = Directory.GetFiles(source, "*", SearchOption.AllDirectories);
        Programs.Check(Programs.Emfs, ["extract", "-o", extracted, .. archives]);
        using MountedProcess mount = MountedProcess.Start(source, "--cache-size", "256KiB", "--decode-memory", "16MiB");
        string[] pairs = [.. Directory.GetFiles(mount.MountPoint, "*.mrc*", SearchOption.AllDirectories)
            .SelectMany(path => new[] { path, Path.Combine(extracted, Path.GetFileName(path)) })];
        Assert.Equal(2 * archives.Length, pairs.Length);

        // O_DIRECT passes the kernel's cache by: each read is a request of its own.
        Assert.Equal("ok", Programs.Check(Programs.Python, ["-c", """
            import os, random, sys
            from concurrent.futures import ProcessPoolExecutor

            def read(seed):
                choose = random.Random(seed)
                files = list(zip(sys.argv[1::2], sys.argv[2::2]))
                handles = [(os.open(mounted, os.O_RDONLY | os.O_DIRECT), open(extracted, 'rb').read()) for mounted, extracted in files]
                for _ in range(60):
                    handle, expected = choose.choice(handles)
                    begin = choose.randrange(len(expected))
                    length = choose.choice((1, 100, 4096, 70000, 300000))
                    found = os.pread(handle, length, begin)
                    if found != expected[begin:begin + length]:
                        return f'seed {seed}: {length} bytes at {begin} of {files} differ'
                return 'ok'

            with ProcessPoolExecutor(32) as readers:
                print(*set(readers.map(read, range(32))))
            """, .. pairs]).Trim());

        Assert.Equal(0, mount.WaitForRest().GetProperty("failedDecodes").GetInt64());
    }
}
