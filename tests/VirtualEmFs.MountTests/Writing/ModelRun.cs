using System.Collections.Concurrent;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>Many sequences on one mount, several at a time, each in a folder of its own.</summary>
/// <param name="mounted">Folder of the mount.</param>
/// <param name="plain">Plain folder.</param>
internal sealed class ModelRun(Func<string> mounted, string plain)
{
    // Two more than cores: some wait while others archive.
    private const int Threads = 4;

    // A difference may need the moment; and each attempt costs a folder.
    private const int AttemptsPerCut = 5;

    private int _lastFolder;

    /// <summary>What to read to follow a difference.</summary>
    public ConcurrentQueue<string> Differences { get; } = new();

    /// <summary>Does all sequences, until some have shown differences.</summary>
    /// <param name="prepared">Done to each folder first.</param>
    public void Run(IEnumerable<(string Name, IReadOnlyList<Step> Steps)> sequences)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Threads };
        Parallel.ForEach(sequences, options, (sequence, loop) =>
        {
            if (Differs(sequence.Steps) is { } difference)
            {
                Differences.Enqueue(Describe(sequence.Name, sequence.Steps, difference));
                if (Differences.Count >= 3)
                {
                    loop.Stop();
                }
            }
        });
    }

    /// <summary>Compares all folders again, as after a flush or a remount.</summary>
    public string? CompareAll() => SideBySide.Difference(FolderPicture.Take(plain, withContents: true), FolderPicture.Take(mounted(), withContents: true));

    private string? Differs(IReadOnlyList<Step> steps) => Differs(steps, out _);

    private string? Differs(IReadOnlyList<Step> steps, out int failed)
    {
        string name = $"s{Interlocked.Increment(ref _lastFolder)}";
        string mountedFolder = Path.Combine(mounted(), name), plainFolder = Path.Combine(plain, name);
        Directory.CreateDirectory(mountedFolder);
        Directory.CreateDirectory(plainFolder);
        using var both = new SideBySide(mountedFolder, plainFolder);

        // A quarter is left alone until the end: looking into a file keeps it from being archived.
        bool looksInside = steps.Count < 4 || steps.Sum(step => step.Seed) % 4 != 0;
        for (failed = 0; failed < steps.Count; failed++)
        {
            if (both.Do(steps[failed], looksInside) is { } difference)
            {
                return $"{name}: after step {failed + 1} {difference}";
            }
        }

        both.CloseAll();
        return both.Compare(looksInside: true) is { } last ? $"{name}: after all was closed {last}" : null;
    }

    /// <summary>Cuts what a difference does not need, and prints the rest.</summary>
    private string Describe(string name, IReadOnlyList<Step> steps, string difference)
    {
        var least = steps.ToList();
        string shown = difference;
        for (int i = least.Count - 1; i >= 0; i--)
        {
            var fewer = least.Where((_, place) => place != i).ToList();
            for (int attempt = 0; attempt < AttemptsPerCut; attempt++)
            {
                if (Differs(fewer) is { } again)
                {
                    (least, shown) = (fewer, again);
                    break;
                }
            }
        }

        return $"""
            {name}: {difference}
              {string.Join("\n  ", steps)}
            The shortest sequence found that differs: {shown}
              {string.Join("\n  ", least)}
            """;
    }
}
