using Xunit;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>A mount that is killed (SIGKILL) before any one of its calls to the disk: nothing that a program was told is lost, nothing comes back,
/// and nothing stays behind.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Seed = 20_240_811;
    private const int SeededKills = 60;
    private const int SeededRecoveryKills = 12;

    private static readonly TimeSpan s_flushDeadline = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_recoveryLifetime = TimeSpan.FromMilliseconds(500);

    [Fact]
    public void Kill_AtSeededCalls_LosesNothing()
    {
        int calls = CountCalls(), recoveryCalls = CountRecoveryCalls(calls / 2);
        var random = new Random(Seed);
        List<Kill> kills = [.. Enumerable.Range(0, SeededKills).Select(i => new Kill(1 + random.Next(calls), null, IsPatient: i % 3 == 0))];
        kills.AddRange(Enumerable.Range(0, SeededRecoveryKills).Select(_ => new Kill(1 + random.Next(calls), 1 + random.Next(recoveryCalls), IsPatient: true)));
        RunAll(kills, calls);
    }

    [Fact]
    [Trait("Category", "soak")]
    public void Kill_AtEveryCall_LosesNothing()
    {
        int calls = CountCalls();
        RunAll([.. Enumerable.Range(1, calls).Select(call => new Kill(call, null, IsPatient: call % 3 == 0))], calls);
    }

    [Fact]
    [Trait("Category", "soak")]
    public void Kill_AtEveryCallOfRecovery_LosesNothing()
    {
        int calls = CountCalls();
        List<Kill> kills = [];
        for (int call = calls / 6; call < calls; call += calls / 6)
        {
            int first = call;
            kills.AddRange(Enumerable.Range(1, CountRecoveryCalls(first)).Select(second => new Kill(first, second, IsPatient: true)));
        }

        RunAll(kills, calls);
    }

    /// <param name="Call">The call before which the mount is killed.</param>
    /// <param name="RecoveryCall">The call of the next mount before which that is killed, too; null lets it live.</param>
    /// <param name="IsPatient">Files are archived only when the program asks for it, and not as soon as they are closed.</param>
    private sealed record Kill(int Call, int? RecoveryCall, bool IsPatient);

    private static string[] OptionsOf(bool isPatient) => ["--write-delay", isPatient ? "1h" : "0"];

    private void RunAll(IReadOnlyList<Kill> kills, int calls)
    {
        IReadOnlyList<string> violations = SiteRuns.All(kills, Run);
        output.WriteLine($"{kills.Count} kills tried, in a scenario of {calls} calls, seed {Seed}: {violations.Count} violations");
        Assert.True(violations.Count == 0, string.Join("\n\n", violations));
    }

    private static string? Run(KilledSite site, Kill kill)
    {
        MountedProcess? mount = site.TryMount($"kill:{kill.Call}", OptionsOf(kill.IsPatient));
        var run = ProgramRun.Make(mount is null ? [] : ArchivingScenario.Create(flushes: true), site.MountPoint);
        KillIfAlive(mount, TimeSpan.Zero);
        if (kill.RecoveryCall is { } call)
        {
            KillIfAlive(site.TryMount($"kill:{call}", OptionsOf(isPatient: false)), s_recoveryLifetime);
        }

        return (run.Violation ?? site.Verify(run)) is { } violation ? $"{violation}\ncalls: {run.Log}" : null;
    }

    private static void KillIfAlive(MountedProcess? mount, TimeSpan lifetime)
    {
        if (mount is not null)
        {
            KilledSite.Kill(mount, lifetime);
        }
    }

    /// <summary>Calls of a mount that nobody kills.</summary>
    private static int CountCalls()
    {
        using var site = new KilledSite();
        using (MountedProcess mount = site.Mount($"count:{site.PathOf("calls")}", OptionsOf(isPatient: false)))
        {
            var run = ProgramRun.Make(ArchivingScenario.Create(flushes: true), site.MountPoint);
            Assert.Null(run.Violation);
            Assert.Null(run.Answered.DifferenceFrom(MountedFiles.In(site.MountPoint), run.Answered));
        }

        return int.Parse(File.ReadAllText(site.PathOf("calls")));
    }

    /// <summary>Calls of a mount that follows one that was killed, until it has archived what was left.</summary>
    private static int CountRecoveryCalls(int killedAtCall)
    {
        using var site = new KilledSite();
        MountedProcess killed = site.Mount($"kill:{killedAtCall}", OptionsOf(isPatient: true));
        ProgramRun.Make(ArchivingScenario.Create(flushes: true), site.MountPoint);
        KilledSite.Kill(killed);
        using (MountedProcess mount = site.Mount($"count:{site.PathOf("calls")}", OptionsOf(isPatient: true)))
        {
            Assert.Equal(0, MountControl.FlushClosed(site.MountPoint, s_flushDeadline));
        }

        return int.Parse(File.ReadAllText(site.PathOf("calls")));
    }
}
