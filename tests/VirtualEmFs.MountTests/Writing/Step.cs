namespace VirtualEmFs.MountTests.Writing;

/// <summary>What a program may do to a folder.</summary>
internal enum StepKind
{
    /// <summary>Writes a whole file anew: <see cref="Step.Seed"/> chooses its content (<see cref="FileContents"/>).</summary>
    WriteWhole,

    /// <summary>Adds a section to an MRC file, then says so in its header: open, append, write at the start, close.</summary>
    AddSection,

    /// <summary>Opens <see cref="Step.Path"/> as <see cref="Step.Flags"/> say into a slot, whose file is closed first.</summary>
    Open,
    Close,
    Read,

    /// <summary>Writes at an offset; at the end where the slot was opened so.</summary>
    Write,
    SetLength,
    Allocate,

    /// <summary>Stores through a shared mapping of the slot's file.</summary>
    Store,
    Sync,
    SyncFolder,
    Truncate,
    Rename,
    RenameNew,
    Exchange,
    Unlink,
    MakeFolder,
    RemoveFolder,
    MakeSymbolicLink,
    MakeHardLink,
    SetPermissions,
    SetTimes,
    SetExtendedAttribute,
    RemoveExtendedAttribute,

    /// <summary>Gives the mount time to archive what is closed.</summary>
    Rest,
}

/// <summary>One step of a sequence; prints itself so that a failure can be followed by hand.</summary>
/// <param name="Slot">Number of an open file.</param>
/// <param name="Flags">Of open(2), or fallocate(2)'s mode.</param>
/// <param name="Seed">Of the bytes that are written; permissions; the second of a time.</param>
internal sealed record Step(
    StepKind Kind, string Path = "", string NewPath = "", int Slot = 0, int Flags = 0, long Offset = 0, int LengthBytes = 0, int Seed = 0)
{
    public override string ToString()
    {
        string text = Kind.ToString();
        text += Path.Length > 0 ? $" {Path}" : "";
        text += NewPath.Length > 0 ? $" -> {NewPath}" : "";
        text += Kind is StepKind.Open or StepKind.Close or StepKind.Read or StepKind.Write or StepKind.SetLength or StepKind.Allocate or StepKind.Store or StepKind.Sync
            ? $" slot {Slot}" : "";
        text += Kind is StepKind.Open or StepKind.Allocate ? $" flags 0x{Flags:x}" : "";
        text += Kind is StepKind.Read or StepKind.Write or StepKind.Allocate or StepKind.Store ? $" at {Offset}" : "";
        text += LengthBytes > 0 || Kind is StepKind.SetLength or StepKind.Truncate ? $" length {LengthBytes}" : "";
        return Seed != 0 ? $"{text} seed {Seed}" : text;
    }
}
