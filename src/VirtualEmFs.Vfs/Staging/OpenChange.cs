namespace VirtualEmFs.Vfs.Staging;

/// <summary>How a change with actions ended, when the journal does not know it yet.</summary>
internal enum ChangeEnd
{
    None,
    Done,
    TakenBack,
}

/// <summary>A change of names with actions in the source, until the journal knows its end.</summary>
/// <remarks>The counts belong to whoever does the actions, the rest to the lock under which the journal is written.</remarks>
internal sealed class OpenChange(JournalRecord record, StagedFile[] drops)
{
    public JournalRecord Record => record;

    /// <summary>The files that it drops.</summary>
    public StagedFile[] Drops => drops;

    /// <summary>Actions done.</summary>
    public int ExecutedCount { get; set; }

    /// <summary>Actions done and durable; one fewer than those done, when flushing the last one failed.</summary>
    public int DurableCount { get; set; }

    /// <summary>Its entries have changed: programs see it done.</summary>
    public bool IsHeld { get; set; }

    public ChangeEnd End { get; set; }

    /// <summary>Whether it is about a name in the source, something below it or a folder above it.</summary>
    public bool Touches(string path) => record.Actions!.Any(action => Overlap(action.Path, path) || (action.NewPath is { } newPath && Overlap(newPath, path)));

    private static bool Overlap(string path, string other) =>
        path == other || StagedIndex.IsBelow(path, other) || StagedIndex.IsBelow(other, path);
}
