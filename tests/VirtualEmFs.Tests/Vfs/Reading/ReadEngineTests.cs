using VirtualEmFs.Frames;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Reading;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Reading;

/// <summary>The read engine over a fake archive: right bytes from any thread, each block decoded once, memory given back.</summary>
public sealed class ReadEngineTests
{
    private static readonly FrameShape s_shape = new(nx: 100, ny: 50, frameCount: 7);
    private static readonly BlockGrid s_grid = new(s_shape, slabFrames: 1, firstRows: 5, rows: 20);

    private static byte[] ReadAll(IFrameFile file, byte[] prefix, long payloadOffset, int lengthBytes)
    {
        var reply = new CapturedRead();
        file.Read(prefix, payloadOffset, lengthBytes, reply);
        (VfsStatus status, byte[] bytes) = reply.Result;
        Assert.Equal(VfsStatus.Ok, status);
        return bytes;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Read_AnyRange_ReturnsPrefixAndExactBytes(int slabFrames)
    {
        var grid = new BlockGrid(s_shape, slabFrames, firstRows: 5, rows: 20);
        ArchiveDescription description = FakeArchive.Describe(s_shape, grid);
        byte[] payload = FakeArchive.Payload(description);
        using var engine = new ReadEngine(new FakeFormats(), new ReadEngineOptions());
        using IFrameFile file = engine.Open(description);

        var random = new Random(11);
        byte[] prefix = [1, 2, 3];
        for (int i = 0; i < 300; i++)
        {
            int offset = random.Next(payload.Length);
            int length = random.Next(Math.Min(60_000, payload.Length - offset) + 1);
            byte[] expected = [.. prefix, .. payload.AsSpan(offset, length)];
            Assert.Equal(expected, ReadAll(file, prefix, offset, length));
        }
    }

    [Fact]
    public void Read_OnlyPrefix_DecodesNothing()
    {
        var formats = new FakeFormats();
        using var engine = new ReadEngine(formats, new ReadEngineOptions());
        using IFrameFile file = engine.Open(FakeArchive.Describe(s_shape, s_grid));
        Assert.Equal(new byte[] { 9, 8 }, ReadAll(file, [9, 8], 0, 0));
        Assert.Equal(0, engine.Statistics.Decodes);
    }

    [Fact]
    public void Read_HeaderSized_DecodesTheFirstBlockOnly()
    {
        using var engine = new ReadEngine(new FakeFormats(), new ReadEngineOptions());
        using IFrameFile file = engine.Open(FakeArchive.Describe(s_shape, s_grid));
        ReadAll(file, new byte[1024], 0, 2000);
        Assert.Equal(1, engine.Statistics.Decodes);
    }

    /// <summary>Thirty-two readers of a block that is being decoded must share the one decode.</summary>
    [Fact]
    public void Read_ManyReadersOfOneBlock_DecodesOnce()
    {
        var formats = new FakeFormats();
        ArchiveDescription description = FakeArchive.Describe(s_shape, s_grid);
        byte[] payload = FakeArchive.Payload(description);
        using var engine = new ReadEngine(formats, new ReadEngineOptions());
        using IFrameFile file = engine.Open(description);
        FakeArchive archive = formats.Archives.Values.Single();
        archive.Gate.Reset();
        CapturedRead[] replies = [.. Enumerable.Range(0, 32).Select(_ => new CapturedRead())];
        foreach (CapturedRead reply in replies)
        {
            file.Read(default, 4000, 1000, reply);
        }

        Assert.All(replies, reply => Assert.False(reply.IsDone));
        archive.Gate.Set();
        Assert.All(replies, reply => Assert.Equal(payload.AsSpan(4000, 1000).ToArray(), reply.Result.Bytes));
        Assert.Equal(1, engine.Statistics.Decodes);
    }

    /// <summary>A stream ten times the budget, in kernel-sized reads: eviction must never hit a block that is not yet read.</summary>
    [Fact]
    public void Read_StreamOfTenTimesTheCache_DecodesEachBlockOnce()
    {
        var shape = new FrameShape(nx: 1024, ny: 1024, frameCount: 10);
        var grid = new BlockGrid(shape, 1, 16, 64);
        var formats = new FakeFormats();
        using var engine = new ReadEngine(formats, new ReadEngineOptions(CacheLengthBytes: 1 << 20));
        ArchiveDescription description = FakeArchive.Describe(shape, grid);
        using (IFrameFile file = engine.Open(description))
        {
            byte[] payload = FakeArchive.Payload(description);
            for (int offset = 0; offset < payload.Length; offset += 128 << 10)
            {
                Assert.True(payload.AsSpan(offset, 128 << 10).SequenceEqual(ReadAll(file, [], offset, 128 << 10)), $"wrong bytes at {offset}");
            }
        }

        FakeArchive archive = formats.Archives.Values.Single();
        Assert.Equal(grid.BlockCount, archive.Decodes.Count);
        Assert.All(archive.Decodes, decode => Assert.Equal(1, decode.Value));
        Assert.True(engine.Statistics.ReadAheads > 0, "a sequential reader was not read ahead of");
        Assert.True(engine.Statistics.CacheUsedBytes <= 1 << 20);
    }

    /// <summary>A cache that holds one block, or none, must serve concurrent random readers: slower, never wrong, never stuck.</summary>
    [Theory]
    [InlineData(2_000)]
    [InlineData(0)]
    public void Read_ConcurrentRandomReadersWithTinyCache_ReturnsRightBytesAndAllLeases(int cacheLengthBytes)
    {
        ArchiveDescription description = FakeArchive.Describe(s_shape, s_grid);
        byte[] payload = FakeArchive.Payload(description);
        using var engine = new ReadEngine(new FakeFormats(), new ReadEngineOptions(CacheLengthBytes: cacheLengthBytes, DecodeLengthBytes: 4_096));
        using (IFrameFile file = engine.Open(description))
        {
            Parallel.For(0, 32, new ParallelOptions { MaxDegreeOfParallelism = 32 }, reader =>
            {
                var random = new Random(reader);
                for (int i = 0; i < 50; i++)
                {
                    int offset = random.Next(payload.Length - 1);
                    int length = random.Next(1, Math.Min(20_000, payload.Length - offset));
                    Assert.True(payload.AsSpan(offset, length).SequenceEqual(ReadAll(file, [], offset, length)), $"reader {reader}, offset {offset}");
                }
            });
        }

        Assert.True(SpinWait.SpinUntil(() => engine.LeasesInUse == 0, TimeSpan.FromSeconds(60)), $"{engine.LeasesInUse} leases were not returned");
    }

    [Fact]
    public void Read_DamagedFrame_FailsEveryReadThatTouchesItAndNoOther()
    {
        var formats = new FakeFormats();
        ArchiveDescription description = FakeArchive.Describe(s_shape, s_grid);
        byte[] payload = FakeArchive.Payload(description);
        int frameLength = 100 * 50 * 4;
        using var engine = new ReadEngine(formats, new ReadEngineOptions());
        using IFrameFile file = engine.Open(description);
        formats.Archives.Values.Single().Fault = extent =>
            extent is { FirstFrame: 3, FirstRow: 20 } ? new ArchiveException("fake.hdf", "bad chunk", 3) : null;

        Assert.Equal(VfsStatus.Corrupt, Status(file, (3 * frameLength) + 10_000, 100));
        Assert.Equal(new ArchiveDamage(3, "bad chunk"), file.FirstDamage);
        Assert.Equal(VfsStatus.Corrupt, Status(file, 3 * frameLength, 4));
        Assert.Equal(VfsStatus.Corrupt, Status(file, (3 * frameLength) - 4, 8));
        Assert.Equal(payload.AsSpan((3 * frameLength) - 8, 8).ToArray(), ReadAll(file, [], (3 * frameLength) - 8, 8));
        Assert.Equal(payload.AsSpan(4 * frameLength, 8).ToArray(), ReadAll(file, [], 4 * frameLength, 8));
    }

    [Fact]
    public void Read_DamagedFrameWhenServing_EndsAtItsFirstByte()
    {
        var formats = new FakeFormats();
        ArchiveDescription description = FakeArchive.Describe(s_shape, s_grid);
        byte[] payload = FakeArchive.Payload(description);
        int frameLength = 100 * 50 * 4;
        using var engine = new ReadEngine(formats, new ReadEngineOptions(ServeDamaged: true));
        using IFrameFile file = engine.Open(description);
        formats.Archives.Values.Single().Fault = extent => extent.FirstFrame == 3 ? new ArchiveException("fake.hdf", "missing", 3) : null;

        for (int repeat = 0; repeat < 2; repeat++)
        {
            Assert.Equal(payload.AsSpan((3 * frameLength) - 500, 500).ToArray(), ReadAll(file, [], (3 * frameLength) - 500, 2_000));
            Assert.Equal(VfsStatus.Corrupt, Status(file, 3 * frameLength, 2_000));
            Assert.Equal(payload.AsSpan(4 * frameLength, 2_000).ToArray(), ReadAll(file, [], 4 * frameLength, 2_000));
        }
    }

    [Fact]
    public void Read_ChangedArchive_IsStaleAndNotDamage()
    {
        var formats = new FakeFormats();
        using var engine = new ReadEngine(formats, new ReadEngineOptions());
        using IFrameFile file = engine.Open(FakeArchive.Describe(s_shape, s_grid));
        formats.Archives.Values.Single().Fault = _ => new ArchiveChangedException("fake.hdf");
        Assert.Equal(VfsStatus.Stale, Status(file, 0, 100));
        Assert.Null(file.FirstDamage);
    }

    [Fact]
    public void Open_SameVersionTwice_OpensOnceAndKeepsBlocks()
    {
        var formats = new FakeFormats();
        ArchiveDescription description = FakeArchive.Describe(s_shape, s_grid);
        using var engine = new ReadEngine(formats, new ReadEngineOptions());
        for (int i = 0; i < 5; i++)
        {
            using IFrameFile file = engine.Open(description);
            ReadAll(file, [], 0, 100);
        }

        Assert.Equal(1, formats.OpenCount);
        Assert.Equal(1, engine.Statistics.Decodes);
        Assert.Equal(4, engine.Statistics.Hits);
    }

    [Fact]
    public void Open_ManyArchives_ClosesThoseLongIdle()
    {
        var formats = new FakeFormats();
        using var engine = new ReadEngine(formats, new ReadEngineOptions());
        for (ulong inode = 1; inode <= 40; inode++)
        {
            engine.Open(FakeArchive.Describe(s_shape, s_grid, inode)).Dispose();
        }

        Assert.Equal(32, engine.Statistics.OpenArchives);
        Assert.Equal(8, formats.Archives.Values.Count(archive => archive.IsDisposed));
    }

    private static VfsStatus Status(IFrameFile file, long payloadOffset, int lengthBytes)
    {
        var reply = new CapturedRead();
        file.Read(default, payloadOffset, lengthBytes, reply);
        return reply.Result.Status;
    }
}
