using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>Disks that fail at any call: the operation says so, nothing that was promised is lost, and once the disk is in order everything goes on.</summary>
public sealed class StagingFaultTests(ITestOutputHelper output)
{
    private static readonly DiskCall[] s_takingRoom =
        [DiskCall.Open, DiskCall.MakeFolder, DiskCall.Write, DiskCall.SetLength, DiskCall.Allocate, DiskCall.Rename, DiskCall.MakeHardLink];

    private static readonly DiskCall[] s_any = [.. Enum.GetValues<DiskCall>().Except([DiskCall.CommitStep])];

    [Theory]
    [InlineData(VfsStatus.Corrupt, false)]
    [InlineData(VfsStatus.Corrupt, true)]
    [InlineData(VfsStatus.NoSpace, false)]
    [InlineData(VfsStatus.NoSpace, true)]
    [InlineData(VfsStatus.TooManyOpenFiles, false)]
    [InlineData(VfsStatus.TooManyOpenFiles, true)]
    public void WholeLife_WithAFaultAtEveryCall_ReportsItAndLosesNothing(VfsStatus status, bool isForEver)
    {
        DiskCall[] kinds = status switch
        {
            VfsStatus.NoSpace => s_takingRoom,
            VfsStatus.TooManyOpenFiles => [DiskCall.Open],
            _ => s_any,
        };
        Try((faults, ordinal) => faults.Fail(kinds, ordinal, status, isForEver));
    }

    [Fact]
    public void WholeLife_WithEveryWriteShortOnce_ReportsItAndLosesNothing() =>
        Try((faults, ordinal) => faults.Fail(DiskCall.Write, ordinal, VfsStatus.NoSpace, isShort: true));

    /// <summary>A staging disk that is full takes nothing more, and what is there can be read, archived and removed; then there is room again.</summary>
    [Fact]
    public void FullStagingDisk_RefusesWrites_AndGivesRoomBackOnceFilesAreArchived()
    {
        var disk = StagingMachine.NewDisk();
        var volume = disk.AddVolume(StagingMachine.Staging, capacityBytes: 2 << 20);
        using (var machine = new StagingMachine(disk))
        {
            Assert.Equal(VfsStatus.Ok, machine.Create("a.mrc"));
            Assert.Equal(VfsStatus.NoSpace, machine.Write("a.mrc", 0, new byte[3 << 20]));
            Assert.Equal(volume.CapacityBytes, volume.UsedBytes);
            Assert.Equal(VfsStatus.Ok, machine.Sync("a.mrc"));
            Assert.Equal(VfsStatus.Ok, machine.Rename("a.mrc", "b.mrc")); // the journal has room of its own
            Assert.Equal(VfsStatus.Ok, machine.Create("empty.mrc"));
            Assert.Equal(VfsStatus.NoSpace, machine.Write("empty.mrc", 0, [1]));
            Assert.Equal(VfsStatus.Ok, machine.Remove("empty.mrc"));
            Assert.Equal(JobEnd.Done, machine.Archive("b.mrc").End);
            Assert.Equal(VfsStatus.Ok, machine.Area.FreeDiscards());
            Assert.InRange(volume.UsedBytes, 0, 1 << 20 | 8192);
            Assert.Equal(VfsStatus.Ok, machine.Create("a.mrc"));
            Assert.Equal(VfsStatus.Ok, machine.Write("a.mrc", 0, new byte[100_000]));
        }

        using var next = new StagingMachine(disk.Crash(0, CrashMode.ProcessDeath));
        Assert.Equal(["a.mrc", "b.mrc"], next.Visible().Keys.Order(StringComparer.Ordinal));
    }

    /// <summary>A source that is full leaves files staged, whole and writable, until there is room.</summary>
    [Fact]
    public void FullSource_KeepsTheRawFile_AndTakesTheArchiveOnceThereIsRoom()
    {
        var disk = StagingMachine.NewDisk();
        var volume = disk.AddVolume(StagingMachine.Source, capacityBytes: 8192);
        using var machine = new StagingMachine(disk);
        Assert.Equal(VfsStatus.Ok, machine.Create("a.mrc"));
        Assert.Equal(VfsStatus.Ok, machine.Write("a.mrc", 0, [.. Enumerable.Repeat((byte)3, 20_000)]));
        var outcome = machine.Archive("a.mrc");
        Assert.Equal((JobEnd.Failed, true), (outcome.End, outcome.IsForEver));
        Assert.Empty(disk.NamesIn("/s/.emfs/tmp"));
        Assert.Equal(0, volume.UsedBytes);
        Assert.Equal(VfsStatus.Ok, machine.Write("a.mrc", 0, [4]));
        volume.CapacityBytes = 1 << 20;
        Assert.Equal(JobEnd.Done, machine.Archive("a.mrc").End);
        Assert.Equal([4, 3, 3], machine.Visible()["a.mrc"].Take(3));
    }

    private void Try(Action<SimulatedFaults, long> provoke)
    {
        var scenario = StagingCrashTests.WholeLife();
        var violations = new List<string>();
        int faults = 0, refusals = 0;
        for (long n = 1; ; n++)
        {
            var disk = StagingMachine.NewDisk();
            provoke(disk.Faults, n);
            using var machine = Open(disk, ref refusals);
            var model = new NameModel();
            string text = "open";
            try
            {
                scenario.Run(machine, disk, model, step => text = step, (step, answer) =>
                {
                    refusals++;
                    Assert.True(disk.Faults.Failures > 0, $"{step}: {answer} without a fault");
                    Look($"fault {n}, {step}: {answer}", disk, machine, model, violations);
                    disk.Faults.Clear();
                });
            }
            catch (InvalidOperationException e)
            {
                violations.Add($"fault {n}, {text}: {e.Message}");
            }

            disk.Faults.Clear();
            Look($"fault {n}, at the end", disk, machine, model, violations);
            if (disk.Faults.Failures == 0)
            {
                break;
            }

            faults++;
        }

        output.WriteLine($"{faults} faults, {refusals} refused operations, {violations.Count} violations");
        Assert.True(violations.Count == 0, $"{violations.Count} violations: " + string.Join("\n", violations.Take(15)));
        Assert.InRange(faults, 50, int.MaxValue);
        Assert.InRange(refusals, 25, int.MaxValue);
    }

    private static StagingMachine Open(SimulatedDisk disk, ref int refusals)
    {
        try
        {
            return new StagingMachine(disk);
        }
        catch (IOException)
        {
            refusals++;
            disk.Faults.Clear();
            return new StagingMachine(disk);
        }
    }

    /// <summary>Programs see what they were told, and so does whoever comes after a crash at this moment.</summary>
    private static void Look(string place, SimulatedDisk disk, StagingMachine machine, NameModel model, List<string> violations)
    {
        Note(place, model.FindFault(machine.Visible(), isPowerCut: false, mayBeTorn: true));
        foreach (var mode in Enum.GetValues<CrashMode>())
        {
            using var next = new StagingMachine(disk.Crash(7, mode));
            Note($"{place}, then {mode}", model.FindFault(next.Visible(), mode != CrashMode.ProcessDeath, mayBeTorn: true));
        }

        void Note(string at, string? fault)
        {
            if (fault is not null)
            {
                violations.Add($"{at}: {fault}");
            }
        }
    }
}
