using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>Sequences of steps, each chosen by its seed alone.</summary>
internal static class RandomSteps
{
    private const int O_RDONLY = LinuxFile.O_RDONLY, O_WRONLY = LinuxFile.O_WRONLY, O_RDWR = LinuxFile.O_RDWR;
    private const int O_CREAT = LinuxFile.O_CREAT, O_EXCL = LinuxFile.O_EXCL, O_TRUNC = LinuxFile.O_TRUNC;

    private static readonly string[] s_names = ["a.mrc", "a.mrc", "b.mrcs", "TS.rec", "TS.st", "TS.rec~", "x.tmp", "n.star"];
    private static readonly string[] s_folders = ["", "", "", "", "", "d/", "d/", "d/e/", "g/"];
    private static readonly string[] s_folderNames = ["d", "d", "d/e", "g"];

    private static readonly int[] s_openings =
    [
        O_RDONLY, O_RDWR, O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_WRONLY | O_CREAT | O_TRUNC,
        O_RDWR | O_TRUNC, O_RDWR | Libc.O_APPEND, O_WRONLY | O_CREAT | Libc.O_APPEND,
    ];

    private static readonly int[] s_allocations =
        [0, Libc.FALLOC_FL_KEEP_SIZE, Libc.FALLOC_FL_KEEP_SIZE | Libc.FALLOC_FL_PUNCH_HOLE, Libc.FALLOC_FL_ZERO_RANGE];

    private static readonly int[] s_permissions = [0x1A4, 0x180, 0x1ED, 0x124]; // 0644 0600 0755 0444

    // How often each kind comes, of 100.
    private static readonly (StepKind Kind, int Weight)[] s_weights =
    [
        (StepKind.WriteWhole, 12), (StepKind.AddSection, 5), (StepKind.Open, 13), (StepKind.Close, 6), (StepKind.Read, 3), (StepKind.Write, 9),
        (StepKind.SetLength, 3), (StepKind.Allocate, 3), (StepKind.Store, 5), (StepKind.Sync, 2), (StepKind.SyncFolder, 1), (StepKind.Truncate, 3),
        (StepKind.Rename, 10), (StepKind.RenameNew, 2), (StepKind.Exchange, 1), (StepKind.Unlink, 4), (StepKind.MakeFolder, 2),
        (StepKind.RemoveFolder, 1), (StepKind.MakeSymbolicLink, 1), (StepKind.MakeHardLink, 2), (StepKind.SetPermissions, 2),
        (StepKind.SetTimes, 2), (StepKind.SetExtendedAttribute, 2), (StepKind.RemoveExtendedAttribute, 1), (StepKind.Rest, 5),
    ];

    private static readonly StepKind[] s_kinds = [.. s_weights.SelectMany(one => Enumerable.Repeat(one.Kind, one.Weight))];

    /// <summary>4 to 16 steps, which begin with a folder and a file.</summary>
    public static List<Step> Make(int seed)
    {
        var random = new Random(seed);
        var steps = new List<Step>();
        if (random.Next(2) == 0)
        {
            steps.Add(new Step(StepKind.MakeFolder, "d"));
        }

        steps.Add(new Step(StepKind.WriteWhole, File(random), Seed: random.Next(1 << 20)));
        for (int count = random.Next(3, 15); count > 0; count--)
        {
            steps.Add(One(random, s_kinds[random.Next(s_kinds.Length)]));
        }

        return steps;
    }

    private static Step One(Random random, StepKind kind)
    {
        int slot = random.Next(WorldFolder.SlotCount), seed = random.Next(1, 1 << 20);
        long offset = 4 * random.Next(random.Next(3) == 0 ? 256 : 4000);
        int lengthBytes = 4 * random.Next(1, random.Next(4) == 0 ? 4000 : 64);
        return kind switch
        {
            StepKind.WriteWhole or StepKind.AddSection => new Step(kind, File(random), Seed: seed),
            StepKind.Open => new Step(kind, File(random), Slot: slot, Flags: s_openings[random.Next(s_openings.Length)]),
            StepKind.Close or StepKind.Sync => new Step(kind, Slot: slot, Seed: random.Next(1, 3)),
            StepKind.Read or StepKind.Write or StepKind.Store => new Step(kind, Slot: slot, Offset: offset, LengthBytes: lengthBytes, Seed: seed),
            StepKind.SetLength => new Step(kind, Slot: slot, LengthBytes: random.Next(4) == 0 ? 0 : (int)offset),
            StepKind.Truncate => new Step(kind, File(random), LengthBytes: random.Next(4) == 0 ? 0 : (int)offset),
            StepKind.Allocate => new Step(
                kind, Slot: slot, Flags: s_allocations[random.Next(s_allocations.Length)], Offset: offset, LengthBytes: lengthBytes),
            StepKind.SyncFolder or StepKind.MakeFolder or StepKind.RemoveFolder => new Step(kind, s_folderNames[random.Next(s_folderNames.Length)]),
            StepKind.Rename or StepKind.RenameNew or StepKind.Exchange => random.Next(5) == 0
                ? new Step(kind, s_folderNames[random.Next(s_folderNames.Length)], s_folderNames[random.Next(s_folderNames.Length)])
                : new Step(kind, File(random), File(random)),
            StepKind.MakeHardLink => new Step(kind, File(random), File(random)),
            StepKind.MakeSymbolicLink => new Step(kind, File(random), s_names[random.Next(s_names.Length)]),
            StepKind.SetPermissions => new Step(kind, File(random), Seed: s_permissions[random.Next(s_permissions.Length)]),
            StepKind.Rest => new Step(kind),
            _ => new Step(kind, File(random), Seed: seed),
        };
    }

    private static string File(Random random) => s_folders[random.Next(s_folders.Length)] + s_names[random.Next(s_names.Length)];
}
