using Xunit;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>Whatever a program was told holds after a crash at any moment, and after crashes of the recovery from it.</summary>
public sealed class StagingCrashTests(ITestOutputHelper output)
{
    [Fact]
    public void WholeLife_StoppedAtEveryCall_KeepsEveryPromise() => Try(WholeLife(), recoveryStride: 11, leastCrashes: 2_000);

    [Fact]
    [Trait("Category", "soak")]
    public void WholeLife_StoppedAtEveryCallAndEveryCallOfRecovery_KeepsEveryPromise() => Try(WholeLife(), recoveryStride: 1, leastCrashes: 2_000);

    [Fact]
    public void RandomLives_StoppedAtEveryCall_KeepEveryPromise() => TryRandom(firstSeed: 1, count: 3, stepCount: 25, recoveryStride: 23);

    [Fact]
    [Trait("Category", "soak")]
    public void ManyRandomLives_StoppedAtEveryCall_KeepEveryPromise() => TryRandom(firstSeed: 100, count: 20, stepCount: 40, recoveryStride: 17);

    /// <summary>A disk whose clock stands still tells versions of a file apart by their inodes and lengths alone.</summary>
    [Fact]
    [Trait("Category", "soak")]
    public void WholeLife_WithAClockThatStandsStill_KeepsEveryPromise() => Try(WholeLife(), recoveryStride: 11, leastCrashes: 2_000, tickNs: 0);

    internal static StagingScenario WholeLife() => new StagingScenario()
        .MakeFolder("p")
        .Create("p/a.mrc").Write("p/a.mrc", 0, 5000).Sync("p/a.mrc")
        .Create("b.mrc").Write("b.mrc", 0, 300).Write("b.mrc", 300, 100)
        .Create("c.mrc").Write("c.mrc", 0, 900).Sync("c.mrc")
        .Archive("p/a.mrc")
        .Rename("b.mrc", "b2.mrc")
        .Write("c.mrc", 100, 200).SetLength("c.mrc", 700)
        .Archive("c.mrc")
        .Write("p/a.mrc", 10, 20).Sync("p/a.mrc")
        .Rename("p/a.mrc", "a3.mrc")
        .Archive("a3.mrc")
        .Create("d.mrc").Write("d.mrc", 0, 400).Rename("d.mrc", "c.mrc")
        .Create("d2.mrc").Write("d2.mrc", 0, 45).Archive("d2.mrc")
        .Create("e.mrc").Write("e.mrc", 0, 50).Sync("e.mrc").Rename("e.mrc", "b2.mrc")
        .Create("f.txt").Write("f.txt", 0, 60).Sync("f.txt").SyncFolder("")
        .Rename("f.txt", "f.mrc").Write("f.mrc", 30, 60).Sync("f.mrc").Archive("f.mrc")
        .Rename("f.mrc", "g.mrc", isPlain: true)
        .Create("f.mrc").Write("f.mrc", 0, 70)
        .Empty("g.mrc").Write("g.mrc", 0, 80).Sync("g.mrc").Archive("g.mrc")
        .Remove("a3.mrc", isPlain: true).SyncFolder("")
        .Write("g.mrc", 5, 10).Remove("g.mrc").SyncFolder("")
        .Create("p/h.mrc").Write("p/h.mrc", 0, 90).Sync("p/h.mrc").MoveFolder("p", "q").Sync("q/h.mrc")
        .Create("k.mrc").Write("k.mrc", 0, [SimulatedArchiver.KeptRaw, 2, 3]).Archive("k.mrc")
        .Write("k.mrc", 1, 5).Sync("k.mrc").Rename("k.mrc", "f.mrc").Archive("f.mrc")
        .Create("v.mrc").Write("v.mrc", 0, 40).Sync("v.mrc").Rename("v.mrc", "w.mrc").Rename("d2.mrc", "v.mrc", isPlain: true)
        .Remove("c.mrc").Create("c.mrc").Write("c.mrc", 0, 33).Sync("c.mrc")
        .Archive("b2.mrc").Rename("b2.mrc", "c.mrc").Archive("q/h.mrc");

    private void TryRandom(int firstSeed, int count, int stepCount, int recoveryStride)
    {
        for (int seed = firstSeed; seed < firstSeed + count; seed++)
        {
            output.WriteLine($"scenario of seed {seed}");
            Try(RandomScenario.Of(seed, stepCount), recoveryStride, leastCrashes: 700);
        }
    }

    private void Try(StagingScenario scenario, int recoveryStride, int leastCrashes, long tickNs = 1_000_000)
    {
        var trial = new CrashTrial(scenario, tickNs).Run(recoveryStride);
        output.WriteLine($"{trial.Crashes} crashes, {trial.RecoveryCrashes} crashes of recoveries, {trial.Violations.Count} violations");
        Assert.True(
            trial.Violations.Count == 0,
            $"{trial.Violations.Count} violations: {string.Join("\n", trial.Violations.Take(20))}\nof: {string.Join(", ", scenario.Steps)}");
        Assert.InRange(trial.Crashes, leastCrashes, int.MaxValue);
    }
}
