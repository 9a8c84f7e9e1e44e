using System.Collections.Concurrent;
using System.Collections.Immutable;
using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Reading;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Reading;

/// <summary>Whose block is decoded next, and by how many threads.</summary>
public sealed class DecodeQueueTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public void Add_ToAFolderWhoseDiskHangs_TakesItsThreadsAndNoOthers()
    {
        using var disk = new ManualResetEventSlim();
        using var done = new BlockingCollection<(string Folder, long Block)>();
        int hanging = 0, mostHanging = 0;
        using var queue = new DecodeQueue(threadLimit: 4, folderLimit: 2, readAheadLimit: 1, block =>
        {
            if (block.Archive.FolderPath == "/slow")
            {
                lock (disk)
                {
                    mostHanging = Math.Max(mostHanging, ++hanging);
                }

                disk.Wait();
                lock (disk)
                {
                    hanging--;
                }
            }

            done.Add((block.Archive.FolderPath, block.Key.Block));
        });
        try
        {
            for (int i = 0; i < 10; i++)
            {
                queue.Add(BlockOf("/slow", i), isWanted: true);
            }

            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref mostHanging) == 2, s_deadline), "the folder does not take its threads");
            for (int i = 0; i < 10; i++)
            {
                queue.Add(BlockOf("/fast", i), isWanted: false);
            }

            Assert.Equal(Enumerable.Range(0, 10).Select(i => ("/fast", (long)i)), Take(done, 10).Order());
            Assert.Equal(8, queue.Count);
        }
        finally
        {
            disk.Set();
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => ("/slow", (long)i)), Take(done, 10).Order());
        Assert.Equal(2, mostHanging);
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Add_WantedAndAhead_TakesTheWantedOnesFirstAndEachOnce()
    {
        using var started = new SemaphoreSlim(0);
        using var disk = new ManualResetEventSlim();
        using var done = new BlockingCollection<(string Folder, long Block)>();
        using var queue = new DecodeQueue(threadLimit: 1, folderLimit: 1, readAheadLimit: 1, block =>
        {
            started.Release();
            disk.Wait();
            done.Add((block.Archive.FolderPath, block.Key.Block));
        });
        queue.Add(BlockOf("/a", 0), isWanted: true);
        Assert.True(started.Wait(s_deadline, TestContext.Current.CancellationToken));
        ActiveBlock ahead = BlockOf("/a", 1);
        queue.Add(ahead, isWanted: false);
        queue.Add(BlockOf("/a", 2), isWanted: false);
        queue.Add(BlockOf("/b", 3), isWanted: false);
        queue.Add(BlockOf("/b", 4), isWanted: true);
        queue.Add(ahead, isWanted: true); // somebody waits for it by now
        disk.Set();

        Assert.Equal([("/a", 0), ("/a", 1), ("/b", 4)], Take(done, 3));
        Assert.Equal([("/a", 2), ("/b", 3)], Take(done, 2).Order());
        Assert.Empty(done);
    }

    private static (string Folder, long Block)[] Take(BlockingCollection<(string Folder, long Block)> done, int count) =>
    [
        .. Enumerable.Range(0, count).Select(_ => done.TryTake(out var each, s_deadline) ? each : throw new TimeoutException("no block is decoded")),
    ];

    private static ActiveBlock BlockOf(string folder, long block)
    {
        var shape = new FrameShape(10, 10, 100);
        ArchiveDescription description =
            FakeArchive.Describe(shape, new BlockGrid(shape, 1, 10, 10)) with { Files = ImmutableArray.Create($"{folder}/x.hdf") };
        var archive = new OpenArchive(1, new OpenArchiveKey(description.Version, null), new FakeArchive(description));
        return new ActiveBlock(new BlockKey(1, block), archive, isReadAhead: false);
    }
}
