using Xunit;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>
/// Several programs at once, each in a folder of its own, on a mount that is killed (SIGKILL) in the midst of it, and mounted again, round after round:
/// each finds what it was told is written, and nothing else.
/// </summary>
public sealed class ManyProgramsTests(ITestOutputHelper output)
{
    private const int Seed = 20_261_120;
    private const int Programs = 4;
    private const int StepsOfAProgram = 60;

    // Of the mount's calls to its disks: in most rounds before the programs end.
    private const int LastCall = 500;

    private static readonly TimeSpan s_flushDeadline = TimeSpan.FromMinutes(2);

    [Fact]
    public void Kill_InSeededRounds_LosesNothing() => RunAll(siteCount: 4, roundCount: 4);

    [Fact]
    [Trait("Category", "soak")]
    public void Kill_InManyRounds_LosesNothing() => RunAll(siteCount: 60, roundCount: 8);

    private void RunAll(int siteCount, int roundCount)
    {
        long calls = 0;
        IReadOnlyList<string> violations = SiteRuns.All(
            [.. Enumerable.Range(0, siteCount).Select(site => new Rounds(Seed + site, roundCount))], (site, rounds) => Run(site, rounds, ref calls));
        output.WriteLine($"{siteCount} times {roundCount} rounds of {Programs} programs, {calls} calls answered, seed {Seed}: {violations.Count} violations");
        Assert.True(violations.Count == 0, string.Join("\n\n", violations));
        Assert.InRange(calls, siteCount * roundCount * Programs, long.MaxValue);
    }

    private static Task<ProgramRun> Start(string folder, WrittenFiles before, int seed) => Task.Factory.StartNew(
        () => ProgramRun.Make(RandomProgram.Create(before, StepsOfAProgram, seed), folder, before: before),
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <param name="Seed">Decides what the programs do, and when the mounts die.</param>
    private sealed record Rounds(int Seed, int Count);

    private static string? Run(KilledSite site, Rounds rounds, ref long calls)
    {
        var random = new Random(rounds.Seed);
        string[] folders = [.. Enumerable.Range(0, Programs).Select(program => Path.Combine(site.MountPoint, $"program-{program}"))];
        WrittenFiles[] files = [.. folders.Select(static _ => new WrittenFiles())];
        MountedProcess mount = site.Mount("", "--write-delay", "1h");
        Array.ForEach(folders, static folder => Directory.CreateDirectory(folder));
        for (int round = 1; round <= rounds.Count; round++)
        {
            KilledSite.Kill(mount);
            if (site.TryMount($"kill:{random.Next(1, LastCall)}", "--write-delay", "0") is { } dying)
            {
                Task<ProgramRun>[] programs = [.. files.Select((before, program) => Start(folders[program], before, random.Next()))];
                ProgramRun[] runs = [.. programs.Select(static program => program.GetAwaiter().GetResult())];
                KilledSite.Kill(dying);
                Interlocked.Add(ref calls, runs.Sum(static run => run.AnsweredCalls));
                mount = site.Mount("", "--write-delay", "0");
                for (int program = 0; program < Programs; program++)
                {
                    var shown = MountedFiles.In(folders[program]);
                    if ((runs[program].Violation ?? runs[program].Answered.DifferenceFrom(shown, runs[program].Next)) is { } violation)
                    {
                        return $"round {round}, program {program}: {violation}\ncalls: {runs[program].Log}\nlog: {mount.Log}";
                    }

                    files[program] = WrittenFiles.Of(shown);
                }
            }
            else
            {
                mount = site.Mount("", "--write-delay", "0");
            }
        }

        if (MountControl.FlushClosed(site.MountPoint, s_flushDeadline) != 0)
        {
            return $"the flush was not answered:\n{mount.Log}";
        }

        for (int program = 0; program < Programs; program++)
        {
            if (files[program].DifferenceFrom(MountedFiles.In(folders[program]), files[program]) is { } violation)
            {
                return $"after the flush, program {program}: {violation}\nlog: {mount.Log}";
            }
        }

        return site.Leftover(MountedFiles.In(site.MountPoint));
    }
}
