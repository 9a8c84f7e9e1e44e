using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Probing;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Probing;

public sealed class ProbeCacheTests
{
    private readonly FakeSourceTree _source = new();
    private readonly ManualTime _time = new();
    private readonly FakeFormats _formats;

    public ProbeCacheTests() => _formats = new FakeFormats(_source);

    private Task<Probed> Probe(ProbeCache cache, string path, bool needsDescription = false) =>
        cache.Probe(_source.VersionOf(path), "/s/" + path, needsDescription);

    [Fact]
    public async Task Probe_FromManyThreadsAtOnce_ProbesOnce()
    {
        _source.File("a.hdf", "stack");
        using var stall = new ManualResetEventSlim();
        _formats.BeforeProbe = _ => stall.Wait(TestContext.Current.CancellationToken);
        var cache = new ProbeCache(_formats, _time);
        var leader = Task.Run(() => Probe(cache, "a.hdf"), TestContext.Current.CancellationToken);
        SpinWait.SpinUntil(() => _formats.ProbeCount == 1);
        // The others are not held up: they get a task.
        Task<Probed>[] waiters = [.. Enumerable.Range(0, 31).Select(_ => Probe(cache, "a.hdf"))];
        Assert.All(waiters, waiter => Assert.False(waiter.IsCompleted));
        stall.Set();
        Assert.All(await Task.WhenAll([leader, .. waiters]), probed => Assert.Equal(ArchiveContent.Stack, probed.Content));
        Assert.Equal(1, _formats.ProbeCount);
    }

    [Theory]
    [InlineData("broken", ProbeOutcome.Broken)]
    [InlineData("none", ProbeOutcome.NoImages)]
    [InlineData("volume", ProbeOutcome.Archive)]
    public async Task Probe_SameVersionAgain_RemembersFailuresToo(string content, ProbeOutcome outcome)
    {
        _source.File("a.hdf", content);
        var cache = new ProbeCache(_formats, _time);
        Assert.Equal(outcome, (await Probe(cache, "a.hdf")).Outcome);
        Assert.Equal(outcome, (await Probe(cache, "a.hdf")).Outcome);
        Assert.Equal(1, _formats.ProbeCount);
        _source.File("a.hdf", content);
        await Probe(cache, "a.hdf");
        Assert.Equal(2, _formats.ProbeCount);
    }

    [Fact]
    public async Task Probe_FileBeingWritten_IsProbedAgain()
    {
        _source.File("a.hdf", "writing");
        var cache = new ProbeCache(_formats, _time);
        Assert.Equal(ProbeOutcome.BeingWritten, (await Probe(cache, "a.hdf")).Outcome);
        Assert.False(cache.TryPeek(_source.VersionOf("a.hdf"), out _));
        await Probe(cache, "a.hdf");
        Assert.Equal(2, _formats.ProbeCount);
    }

    /// <summary>A disk that failed for a moment must not break an archive until remount.</summary>
    [Fact]
    public async Task Probe_BrokenLongAgo_IsProbedAgain()
    {
        _source.File("a.hdf", "stack");
        _formats.BeforeProbe = _ => throw new IOException("the server does not answer");
        var cache = new ProbeCache(_formats, _time);
        var broken = await Probe(cache, "a.hdf");
        Assert.Equal(ProbeOutcome.Broken, broken.Outcome);
        Assert.Contains("the server does not answer", broken.Reason);
        _formats.BeforeProbe = null;
        Assert.Equal(ProbeOutcome.Broken, (await Probe(cache, "a.hdf")).Outcome);
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.False(cache.TryPeek(_source.VersionOf("a.hdf"), out _));
        Assert.Equal(ProbeOutcome.Archive, (await Probe(cache, "a.hdf")).Outcome);
    }

    /// <summary>The file is replaced between the stat and the probe: its description belongs to another version.</summary>
    [Fact]
    public async Task Probe_MeetsAnotherVersion_IsBeingWritten()
    {
        _source.File("a.hdf", "stack");
        var seen = _source.VersionOf("a.hdf");
        _source.File("a.hdf", "volume");
        var cache = new ProbeCache(_formats, _time);
        Assert.Equal(ProbeOutcome.BeingWritten, (await cache.Probe(seen, "/s/a.hdf", false)).Outcome);
        Assert.False(cache.TryPeek(seen, out _));
    }

    [Fact]
    public async Task Probe_ManyArchives_KeepsOutcomesLongerThanDescriptions()
    {
        var cache = new ProbeCache(_formats, _time, descriptionLimit: 10, summaryLimit: 50);
        for (int i = 0; i < 50; i++)
        {
            _source.File($"{i}.hdf", "volume");
            await Probe(cache, $"{i}.hdf");
        }

        Assert.Equal(50, _formats.ProbeCount);
        var oldest = await Probe(cache, "0.hdf");
        Assert.Null(oldest.Description);
        Assert.Equal(1024 + (8 * 4 * 5 * 4), oldest.LengthBytes);
        Assert.Equal(50, _formats.ProbeCount);
        Assert.NotNull((await Probe(cache, "0.hdf", needsDescription: true)).Description);
        Assert.NotNull((await Probe(cache, "49.hdf", needsDescription: true)).Description);
        Assert.Equal(51, _formats.ProbeCount);
        _source.File("more.hdf", "volume");
        await Probe(cache, "more.hdf");
        Assert.False(cache.TryPeek(_source.VersionOf("0.hdf"), out _));
    }
}
