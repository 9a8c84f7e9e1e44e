using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>Stops a scenario before each of its calls to the disk, and each recovery from that likewise, and looks at what is left.</summary>
/// <param name="tickNs">How far the disk's clock goes with each change.</param>
internal sealed class CrashTrial(StagingScenario scenario, long tickNs = 1_000_000)
{
    private static readonly (CrashMode Mode, int SeedCount)[] s_modes =
    [
        (CrashMode.ProcessDeath, 1), (CrashMode.PowerCutLosesAll, 1), (CrashMode.PowerCutLosesSome, 3), (CrashMode.PowerCutScrambles, 2),
    ];

    private readonly List<string> _violations = [];

    /// <summary>Crashes of the scenario.</summary>
    public int Crashes { get; private set; }

    /// <summary>Crashes of recoveries.</summary>
    public int RecoveryCrashes { get; private set; }

    public IReadOnlyList<string> Violations => _violations;

    /// <param name="recoveryStride">Of the calls of a recovery, one in so many is where it is stopped; 0 for none.</param>
    public CrashTrial Run(int recoveryStride)
    {
        for (int i = 1; ; i++)
        {
            var disk = StagingMachine.NewDisk();
            (disk.TickNs, disk.Faults.StopBeforeCall) = (tickNs, i);
            var model = new NameModel();
            string? underWay = scenario.Run(disk, model, out var machine);
            machine?.Dispose();
            foreach (var (mode, seedCount) in s_modes)
            {
                for (int seed = 0; seed < seedCount; seed++)
                {
                    Crashes++;
                    string place = $"call {i} ({underWay ?? "the end"}), {mode} {seed}";
                    var crashed = disk.Crash((i * 100) + seed, mode);
                    long calls = Check(crashed.Crash(0, CrashMode.ProcessDeath), crashed, model, mode != CrashMode.ProcessDeath, mode, place);
                    for (long j = recoveryStride == 0 ? calls + 1 : 1 + ((i + seed) % recoveryStride); j <= calls; j += recoveryStride)
                    {
                        CrashAgain(crashed, model, mode, i, j, place);
                    }
                }
            }

            if (underWay is null)
            {
                return this;
            }
        }
    }

    private void CrashAgain(SimulatedDisk crashed, NameModel model, CrashMode mode, int i, long j, string place)
    {
        RecoveryCrashes++;
        var recovering = crashed.Crash(0, CrashMode.ProcessDeath);
        recovering.Faults.StopBeforeCall = j;
        try
        {
            new StagingMachine(recovering).Dispose();
        }
        catch (ProcessStoppedException)
        {
        }

        var second = s_modes[(i + (int)j) % s_modes.Length].Mode;
        var again = recovering.Crash((int)((i * 1000) + j), second);
        bool isPowerCut = mode != CrashMode.ProcessDeath || second != CrashMode.ProcessDeath;
        Check(again.Crash(0, CrashMode.ProcessDeath), again, model, isPowerCut, mode > second ? mode : second, $"{place}, then call {j} of recovery, {second}");
    }

    /// <summary>Recovers, looks, works on, archives everything, and looks again.</summary>
    /// <returns>Calls that recovery made.</returns>
    private long Check(SimulatedDisk disk, SimulatedDisk before, NameModel model, bool isPowerCut, CrashMode worst, string place)
    {
        try
        {
            using var machine = new StagingMachine(disk);
            long calls = disk.Faults.Calls;
            var visible = machine.Visible();
            Note(place, model.FindFault(visible, isPowerCut));
            Note(place, FindLeftover(machine, disk, worst));
            Note(place, WorkOn(machine, disk, before));
            var after = machine.Visible();
            Note(place, after.Remove("new.mrc") ? null : "what was created after recovery is gone");
            foreach (string name in visible.Keys.Concat(after.Keys).Distinct())
            {
                bool isSame = visible.TryGetValue(name, out var old) && after.TryGetValue(name, out var now) && old.AsSpan().SequenceEqual(now);
                Note(place, isSame ? null : $"{name} is not the same after everything was archived");
            }

            return calls;
        }
        catch (IOException e)
        {
            Note(place, e.Message);
            return 0;
        }
    }

    private static string? FindLeftover(StagingMachine machine, SimulatedDisk disk, CrashMode worst)
    {
        var staged = machine.Area.Index.All().Where(file => !file.Entry.IsInPlace).Select(file => $"{file.Id}").Order(StringComparer.Ordinal);
        string[] raw = disk.NamesIn("/d/files"), temporary = disk.NamesIn("/s/.emfs/tmp"), orphans = disk.NamesIn("/d/orphans");
        return !raw.Order(StringComparer.Ordinal).SequenceEqual(staged) ? $"raw files {string.Join(" ", raw)} for entries {string.Join(" ", staged)}"
            : temporary.Length > 0 ? $"{temporary[0]} is left among the temporary files"
            : orphans.Length > 0 && worst < CrashMode.PowerCutLosesSome ? "there are orphans, and no journal was torn"
            : disk.NamesIn("/d").Except(["files", "journal", "orphans"]).FirstOrDefault();
    }

    /// <summary>Creates a file, and archives everything.</summary>
    private static string? WorkOn(StagingMachine machine, SimulatedDisk disk, SimulatedDisk before)
    {
        if (machine.Create("new.mrc") != VfsStatus.Ok || machine.Write("new.mrc", 0, [250]) != VfsStatus.Ok || machine.Sync("new.mrc") != VfsStatus.Ok)
        {
            return "nothing can be staged after recovery";
        }

        long id = machine.Area.Index.Find("new.mrc")!.Id;
        if (before.NamesIn("/d/files").Concat(before.NamesIn("/d/orphans")).Any(name => long.Parse(name) >= id))
        {
            return $"id {id} is used again";
        }

        foreach (var file in machine.Area.Index.All())
        {
            string name = file.Entry.Path;
            var outcome = machine.Archive(name);
            if (outcome.End != JobEnd.Done)
            {
                return $"{name} cannot be archived after recovery: {outcome.End} {outcome.Reason}";
            }
        }

        return machine.Area.FreeDiscards() != VfsStatus.Ok ? "names cannot be flushed after recovery"
            : disk.NamesIn("/d/files").Length > 0 ? "raw files are left after everything was archived"
            : disk.NamesIn("/s/.emfs/tmp").Length > 0 ? "temporary files are left after everything was archived" : null;
    }

    private void Note(string place, string? violation)
    {
        if (violation is not null)
        {
            _violations.Add($"{place}: {violation}");
        }
    }
}
