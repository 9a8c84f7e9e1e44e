using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>Disks that fail below a writable mount: programs are told so or notice nothing, and lose nothing that they were told is done.</summary>
public sealed class DiskFailureTests(ITestOutputHelper output)
{
    private const int Seed = 20_240_812;
    private const int LastShortWrite = 40;

    // Failures of disks, the calls that have them, and how many of these a whole scenario makes in the staging folder (d) and in the source (s).
    private static readonly (string Name, string Kind, string Place, int Calls)[] s_kinds =
    [
        ("EIO", "any", "d", 190), ("EIO", "any", "s", 360), ("EIO", "sync", "d", 42), ("EIO", "syncfolder", "s", 65), ("EIO", "commitstep", "s", 110),
        ("ENOSPC", "write", "d", 54), ("ENOSPC", "write", "s", 5), ("ENOSPC", "allocate", "d", 2), ("ENOSPC", "open", "d", 16), ("ENOSPC", "open", "s", 19),
        ("ENOSPC", "makefolder", "s", 9), ("ENOSPC", "rename", "s", 17), ("ENOSPC", "commitstep", "s", 110), ("EMFILE", "open", "d", 16),
        ("EMFILE", "open", "s", 19), ("EINTR", "any", "d", 190), ("EINTR", "any", "s", 360),
    ];

    [Fact]
    public void Scenario_WithSeededFailures_LosesNothing()
    {
        var random = new Random(Seed);
        List<Failure> failures = [];
        foreach ((string name, string kind, string place, int calls) in s_kinds)
        {
            failures.Add(new Failure(name, kind, place, 1 + random.Next(calls), IsForEver: false));
            failures.Add(new Failure(name, kind, place, 1 + random.Next(calls), IsForEver: name != "EINTR"));
        }

        failures.AddRange(Enumerable.Range(0, 4).Select(_ => new Failure("short", "write", "", 1 + random.Next(LastShortWrite), IsForEver: false)));
        RunAll(failures);
    }

    [Fact]
    [Trait("Category", "soak")]
    public void Scenario_WithEveryFailure_LosesNothing()
    {
        List<Failure> failures = [];
        foreach ((string name, string kind, string place, int calls) in s_kinds)
        {
            // Every call once; what lasts, and what programs never see, at fewer of them.
            bool isInterruption = name == "EINTR";
            int spacing = isInterruption ? 4 : kind == "any" ? 2 : 1;
            failures.AddRange(Enumerable.Range(1, calls).Where(call => !isInterruption || call % spacing == 0).Select(call => new Failure(name, kind, place, call, IsForEver: false)));
            failures.AddRange(Enumerable.Range(1, calls).Where(call => !isInterruption && call % spacing == 0).Select(call => new Failure(name, kind, place, call, IsForEver: true)));
        }

        failures.AddRange(Enumerable.Range(1, LastShortWrite).Select(write => new Failure("short", "write", "", write, IsForEver: false)));
        RunAll(failures);
    }

    /// <param name="Name">Of the error number; or "short" for a write that takes half of its bytes.</param>
    /// <param name="Kind">Of the calls that fail; any for all of them.</param>
    /// <param name="Place">d for the staging folder, s for the source.</param>
    /// <param name="Call">The call there that fails.</param>
    /// <param name="IsForEver">All later calls fail, too.</param>
    private sealed record Failure(string Name, string Kind, string Place, int Call, bool IsForEver)
    {
        public int Errno => (int)typeof(Errno).GetField(Name)!.GetRawConstantValue()!;

        public string WishOn(KilledSite site) =>
            Name == "short" ? $"short:write:{Call}" : $"fail:{Name}:{Kind}:{Call}:{(IsForEver ? "always" : "once")}:{site.PathOf(Place)}";
    }

    private void RunAll(IReadOnlyList<Failure> failures)
    {
        int told = 0;
        IReadOnlyList<string> violations = SiteRuns.All(failures, (site, failure) => Run(site, failure, ref told));
        output.WriteLine($"{failures.Count} failures tried, seed {Seed}, {told} of them told to the program: {violations.Count} violations");
        Assert.True(violations.Count == 0, string.Join("\n\n", violations));
        Assert.NotEqual(0, told);
    }

    private static string? Run(KilledSite site, Failure failure, ref int told)
    {
        // What fails for ever is never archived.
        MountedProcess? mount = site.TryMount(failure.WishOn(site), "--write-delay", "0");
        var run = ProgramRun.Make(
            mount is null ? [] : ArchivingScenario.Create(flushes: !failure.IsForEver), site.MountPoint,
            failure.Name is "short" or "EINTR" ? null : new ExpectedFailure(failure.Errno, failure.IsForEver));
        Interlocked.Add(ref told, Math.Min(run.Failures, 1));
        if (run.Violation is { } violation)
        {
            return $"{violation}\ncalls: {run.Log}\nlog: {mount!.Log}";
        }

        if (mount is not null)
        {
            ReadAll(site.MountPoint);
            if (mount.End() is var exitCode and not 0)
            {
                return $"it ended with {exitCode}:\n{mount.Log}";
            }
        }

        return (UnexpectedTrace(mount) ?? site.Verify(run)) is { } wrong ? $"{wrong}\ncalls: {run.Log}\nlog: {mount?.Log}" : null;
    }

    /// <summary>Every file answers, be it with an error.</summary>
    private static void ReadAll(string folder)
    {
        try
        {
            foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            {
                try
                {
                    File.ReadAllBytes(path);
                }
                catch (IOException)
                {
                }
            }
        }
        catch (IOException)
        {
        }
    }

    private static string? UnexpectedTrace(MountedProcess? mount) =>
        mount?.Log.Contains("\n   at ", StringComparison.Ordinal) == true ? "the log has an exception's trace" : null;
}
