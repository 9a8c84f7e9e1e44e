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

    /// <summary>Whether it is about a name that others want to change as well.</summary>
    public bool Touches(SourceAction[] actions) => actions.Any(action => record.Actions!.Any(own =>
        Overlap(own.Path, action.Path) || Overlap(own.Path, action.NewPath) || Overlap(own.NewPath, action.Path) || Overlap(own.NewPath, action.NewPath)));

    private static bool Overlap(string? path, string? other) =>
        path is not null && other is not null && (path == other || StagedIndex.IsBelow(path, other) || StagedIndex.IsBelow(other, path));
}
