using Xunit;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>One file holds what was written to it, however it was written, and wherever it lay in between.</summary>
public sealed class FileExerciserTests
{
    // 4 MRC files and 2 that are none: two files at a time keep write-back, restoring and the kernel's pages busy.
    private const int MrcFiles = 4, OtherFiles = 2;

    [Fact]
    public void RandomOperations_OnOneFile_ReadBackWhatMemoryHolds() => Run(100_000, seed: 1);

    [Fact]
    [Trait("Category", "soak")]
    public void ManyRandomOperations_OnOneFile_ReadBackWhatMemoryHolds() => Run(1_000_000, seed: 100);

    private static void Run(int stepCount, int seed)
    {
        using var source = new WrittenSource();
        int archivedCount = 0;
        Parallel.For(0, MrcFiles + OtherFiles, new ParallelOptions { MaxDegreeOfParallelism = 3 }, number =>
        {
            string folder = source.Mount.PathOf($"f{number}");
            Directory.CreateDirectory(folder);
            using var exerciser = new FileExerciser(folder, seed + number, staysMrc: number < MrcFiles);
            exerciser.Run(stepCount / (MrcFiles + OtherFiles));
            Interlocked.Add(ref archivedCount, exerciser.ArchivedCount);
        });
        Assert.DoesNotContain(" fail: ", source.Mount.Log);
        Assert.True(archivedCount > stepCount / 2000, $"the files were archived only {archivedCount} times");
    }
}
