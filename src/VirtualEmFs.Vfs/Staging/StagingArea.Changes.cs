using Microsoft.Extensions.Logging;

namespace VirtualEmFs.Vfs.Staging;

internal sealed partial class StagingArea
{
    private readonly Lock _changes = new();                         // one change of names at a time: the journal and the index agree
    private readonly Lock _finishing = new();                       // taken before _changes where both are needed
    private readonly SortedDictionary<long, OpenChange> _open = []; // guarded by _changes; changes with actions that the journal knows no end of
    private readonly Lock _discarding = new();
    private readonly List<string> _discards = [];                   // guarded by _discarding; raw files that no line names any more
    private readonly List<string> _removable = [];                  // guarded by _discarding; those of them of which the disk knows it
    private long _nextId;                                           // guarded by _changes
    private long _nextNumber;                                       // guarded by _changes
    private int _heldCount;                                         // changes that hold though not all of their actions are done

    /// <summary>Raw files of files that are gone, whose room is free after the next <see cref="FreeDiscards"/>.</summary>
    public bool HasDiscards
    {
        get
        {
            lock (_discarding)
            {
                return _discards.Count + _removable.Count > 0;
            }
        }
    }

    /// <summary>Changes entries: at once for this process, after <see cref="SyncNames"/> for all times.</summary>
    /// <param name="created">Set where an entry is of a new file.</param>
    /// <param name="bind">Called before lookups find the new file; what it refuses is taken back.</param>
    private VfsStatus Apply(StagedEntry[] puts, StagedFile[] drops, StagedFile? created = null, Func<StagedFile, VfsStatus>? bind = null)
    {
        var record = RecordOf(puts, drops);
        var status = EndHeldAt([.. puts.Select(entry => entry.Path)]);
        status = status == VfsStatus.Ok ? SyncFoldersOf(puts) : status;
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        lock (_changes)
        {
            status = NoteEnds();
            status = status == VfsStatus.Ok ? _journal.Append(record) : status;
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            if (bind is not null && bind(created!) is var refusal && refusal != VfsStatus.Ok)
            {
                // Should this line fail too, the next mount finds a file that nobody wrote to, or none.
                _ = _journal.Append(new JournalRecord { Drop = [created!.Id] });
                return refusal;
            }

            Hold(puts, drops, created);
            CompactIfLong();
        }

        Discard(RawPathsOf(drops));
        return VfsStatus.Ok;
    }

    /// <summary>Changes entries, and what belongs to that in the source: all of it or nothing, also when the process ends in between. Durable.</summary>
    private VfsStatus Apply(StagedEntry[] puts, StagedFile[] drops, SourceAction[] actions)
    {
        if (actions.Length == 0)
        {
            return Apply(puts, drops);
        }

        var status = EndHeldAt([.. actions.Select(action => action.Path), .. actions.Select(action => action.NewPath).OfType<string>()]);
        status = status == VfsStatus.Ok ? SyncFoldersOf(puts) : status;
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        OpenChange change;
        lock (_changes)
        {
            var refusal = NoteEnds();
            change = new OpenChange(RecordOf(puts, drops) with { Actions = actions, Number = _nextNumber + 1 }, drops);
            refusal = refusal == VfsStatus.Ok ? _journal.Append(change.Record) : refusal;
            if (refusal != VfsStatus.Ok)
            {
                return refusal;
            }

            _open.Add(++_nextNumber, change);
        }

        // The intent is durable before the source changes, so that a power cut in between is finished by the next mount.
        status = SyncNames();
        status = status == VfsStatus.Ok ? Execute(change) : status;
        lock (_changes)
        {
            if (change.ExecutedCount == 0)
            {
                change.End = ChangeEnd.TakenBack;
            }
            else
            {
                Hold(puts, drops, null);
                change.IsHeld = true;
                change.End = change.DurableCount == actions.Length ? ChangeEnd.Done : ChangeEnd.None;
                _heldCount += change.End == ChangeEnd.None ? 1 : 0;
            }

            _ = NoteEnds();
            CompactIfLong();
        }

        if (change.ExecutedCount == 0)
        {
            // What was refused must not happen after a power cut.
            _ = SyncJournal();
            return status;
        }

        if (status != VfsStatus.Ok)
        {
            StagingLog.ActionFailed(_logger, actions[change.DurableCount].Path, status.InWords());
            return VfsStatus.Ok;
        }

        // From here on the source goes its own way: after a power cut nobody must look whether the actions were done.
        _ = SyncNames();
        return VfsStatus.Ok;
    }

    /// <summary>Does the actions of a change, each durable before the next.</summary>
    private VfsStatus Execute(OpenChange change)
    {
        var actions = change.Record.Actions!;
        var status = VfsStatus.Ok;
        while (status == VfsStatus.Ok && change.DurableCount < actions.Length)
        {
            var action = actions[change.DurableCount];
            status = change.DurableCount < change.ExecutedCount ? VfsStatus.Ok : _source.Execute(action);
            if (status == VfsStatus.Ok)
            {
                change.ExecutedCount = change.DurableCount + 1;
                status = _source.MakeDurable(action);
                change.DurableCount += status == VfsStatus.Ok ? 1 : 0;
            }
        }

        return status;
    }

    /// <summary>Tries again what was left of changes that hold. What fails now is tried with the next, or by the next mount.</summary>
    private void FinishHeldChanges()
    {
        if (Volatile.Read(ref _heldCount) == 0 || !_finishing.TryEnter())
        {
            return;
        }

        try
        {
            OpenChange[] held;
            lock (_changes)
            {
                held = [.. _open.Values.Where(change => change is { IsHeld: true, End: ChangeEnd.None })];
            }

            foreach (var change in held)
            {
                var actions = change.Record.Actions!;
                for (var status = VfsStatus.Ok; status == VfsStatus.Ok && change.DurableCount < actions.Length;)
                {
                    // Other hosts may have changed the source meanwhile: what is not there any more needs no action.
                    var action = actions[change.DurableCount];
                    status = _source.Repeat(action) is var repeated && repeated == VfsStatus.NotFound ? VfsStatus.Ok : repeated;
                    status = status == VfsStatus.Ok ? _source.MakeDurable(action) : status;
                    change.DurableCount += status == VfsStatus.Ok ? 1 : 0;
                }

                if (change.DurableCount == actions.Length)
                {
                    lock (_changes)
                    {
                        change.End = ChangeEnd.Done;
                        _heldCount--;
                    }
                }
            }
        }
        finally
        {
            _finishing.Exit();
        }
    }

    /// <summary>Takes changes into the index. Under _changes.</summary>
    private void Hold(StagedEntry[] puts, StagedFile[] drops, StagedFile? created)
    {
        foreach (var entry in puts)
        {
            if (_index.TryGet(entry.Id, out var file) && file.Entry.Path != entry.Path)
            {
                NoteVacated(file.Entry.Path);
            }
        }

        foreach (var file in drops)
        {
            Leaving?.Invoke(file.Entry.Path);
            NoteVacated(file.Entry.Path);
            _index.Drop(file);
            file.NoteGone();
        }

        foreach (var entry in puts)
        {
            if (_index.TryGet(entry.Id, out var file) || (file = created) is not null)
            {
                _index.Put(file, entry);
            }
        }
    }

    private static JournalRecord RecordOf(StagedEntry[] puts, StagedFile[] drops) => new()
    {
        Put = puts.Length == 0 ? null : puts,
        Drop = drops.Length == 0 ? null : [.. drops.Select(file => file.Id)],
    };

    private string[] RawPathsOf(StagedFile[] files) => [.. files.Where(file => !file.Entry.IsInPlace).Select(file => RawPathOf(file.Entry))];

    /// <param name="isRemovable">The disk knows that no line names them.</param>
    private void Discard(string[] rawPaths, bool isRemovable = false)
    {
        lock (_discarding)
        {
            (isRemovable ? _removable : _discards).AddRange(rawPaths);
        }
    }

    private string[] TakeDiscards(List<string> from)
    {
        lock (_discarding)
        {
            string[] discards = [.. from];
            from.Clear();
            return discards;
        }
    }
}
