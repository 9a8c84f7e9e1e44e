using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>Whatever programs do, the mount shows them what a plain folder would, while it archives behind their backs.</summary>
public sealed class ModelTests
{
    private const int O_RDWR = LinuxFile.O_RDWR;

    // What one step of the exhaustive sequences does; slot 0 is the writer's, slot 1 appends.
    private static readonly (string Name, Step[] Steps)[] s_operations =
    [
        ("create", [new Step(StepKind.WriteWhole, "a.mrc", Seed: 20), new Step(StepKind.Open, "a.mrc", Flags: O_RDWR | LinuxFile.O_CREAT)]),
        ("append", [
            new Step(StepKind.Open, "a.mrc", Slot: 1, Flags: O_RDWR | Libc.O_APPEND), new Step(StepKind.Write, Slot: 1, LengthBytes: 1152, Seed: 3)]),
        ("pwrite", [new Step(StepKind.Write, Offset: 1100, LengthBytes: 64, Seed: 4)]),
        ("truncate", [new Step(StepKind.Truncate, "a.mrc", LengthBytes: 1024 + 576)]),
        ("rename", [new Step(StepKind.Rename, "a.mrc", "TS.rec")]),
        ("rename-over", [new Step(StepKind.Rename, "b.mrcs", "a.mrc")]),
        ("unlink", [new Step(StepKind.Unlink, "a.mrc")]),
        ("store", [new Step(StepKind.Store, Offset: 1200, LengthBytes: 100, Seed: 5)]),
        ("fsync", [new Step(StepKind.Sync, Seed: 1)]),
        ("close", [new Step(StepKind.Close), new Step(StepKind.Close, Slot: 1)]),
    ];

    [Fact]
    public void EverySequenceOfThreeOperations_OnNewFiles_IsThatOfAPlainFolder() => Check(Exhaustive([]), archiveCount: 100);

    /// <summary>The files are archived before, and one of them is open.</summary>
    [Fact]
    public void EverySequenceOfThreeOperations_OnArchives_IsThatOfAPlainFolder() => Check(Exhaustive(
    [
        new Step(StepKind.WriteWhole, "a.mrc", Seed: 4), new Step(StepKind.WriteWhole, "b.mrcs", Seed: 12), new Step(StepKind.Rest),
        new Step(StepKind.Open, "a.mrc", Flags: O_RDWR),
    ]), archiveCount: 1000);

    [Fact]
    public void RandomSequences_AreThoseOfAPlainFolder() => Check(Random(1, 2000), archiveCount: 500);

    [Fact]
    [Trait("Category", "soak")]
    public void ManyRandomSequences_AreThoseOfAPlainFolder()
    {
        for (int batch = 0; batch < 10; batch++)
        {
            Check(Random(10_000 + (2000 * batch), 2000), archiveCount: 500);
        }
    }

    /// <param name="archiveCount">Archives that come into being at least: else nothing was tried.</param>
    private static void Check(IEnumerable<(string Name, IReadOnlyList<Step> Steps)> sequences, int archiveCount)
    {
        using var source = new WrittenSource();
        var run = new ModelRun(() => source.Mount.MountPoint, source.PlainPath);
        run.Run(sequences);
        Assert.True(run.Differences.IsEmpty, string.Join("\n\n", run.Differences) + source.Mount.Log);
        source.Flush();
        Assert.Null(run.CompareAll());
        Assert.DoesNotContain(" fail: ", source.Mount.Log);
        Assert.True(source.CountArchives() >= archiveCount, $"only {source.CountArchives()} files were archived");
        source.Remount();
        Assert.Null(run.CompareAll());
    }

    private static IEnumerable<(string Name, IReadOnlyList<Step> Steps)> Random(int firstSeed, int count) =>
        Enumerable.Range(firstSeed, count).Select(seed => ($"seed {seed}", (IReadOnlyList<Step>)RandomSteps.Make(seed)));

    private static IEnumerable<(string Name, IReadOnlyList<Step> Steps)> Exhaustive(Step[] before)
    {
        IEnumerable<(string Name, Step[] Steps)> longest = [("", before)];
        for (int length = 1; length <= 3; length++)
        {
            longest = [.. longest.SelectMany(start => s_operations.Select(next => ($"{start.Name} {next.Name}", (Step[])[.. start.Steps, .. next.Steps])))];
            foreach (var (name, steps) in longest)
            {
                yield return (name, steps);
            }
        }
    }
}
