namespace VirtualEmFs.Vfs.Staging;

/// <summary>What is written to the journal beside the changes themselves.</summary>
internal sealed partial class StagingArea
{
    /// <summary>Writes down how changes ended. Nothing else may be written before: after a crash it would stand on what is not known to hold.</summary>
    private VfsStatus NoteEnds()
    {
        lock (_changes)
        {
            foreach (var change in _open.Values.Where(change => change.End != ChangeEnd.None).ToArray())
            {
                long number = change.Record.Number;
                var status = _journal.Append(change.End == ChangeEnd.Done ? new JournalRecord { Done = number } : new JournalRecord { Void = number });
                if (status != VfsStatus.Ok)
                {
                    StagingLog.JournalRefused(_logger, FolderPath, status.InWords());
                    return Rewrite() == VfsStatus.Ok ? VfsStatus.Ok : status;
                }

                Forget(change);
            }

            return VfsStatus.Ok;
        }
    }

    private VfsStatus SyncJournal()
    {
        if (!_journal.MustRewrite)
        {
            return _journal.Sync();
        }

        lock (_changes)
        {
            return _journal.MustRewrite ? Rewrite() : VfsStatus.Ok;
        }
    }

    /// <summary>Writes the journal anew, so that it comes to the same. Under _changes.</summary>
    private VfsStatus Rewrite()
    {
        var held = _open.Values.Where(change => change is { IsHeld: true, End: ChangeEnd.None }).ToArray();
        var status = _journal.Rewrite(
            [
                // Should a held change turn out not to hold, the files that it drops are still there; what it puts stands below.
                .. held.SelectMany(change => change.Drops).Select(file => new JournalRecord { Put = [file.Entry] }),
                .. held.Select(change => change.Record with { Put = null }),
                .. _index.All().OrderBy(file => file.Id).Select(file => new JournalRecord { Put = [file.Entry] }),
                .. _open.Values.Where(change => change is { IsHeld: false, End: ChangeEnd.None }).Select(change => change.Record),
            ],
            _nextId);
        if (status == VfsStatus.Ok)
        {
            foreach (var change in _open.Values.Where(change => change.End != ChangeEnd.None).ToArray())
            {
                Forget(change);
            }
        }

        return status;
    }

    /// <summary>The journal knows how a change ended. Under _changes.</summary>
    private void Forget(OpenChange change)
    {
        _open.Remove(change.Record.Number);
        if (change.End == ChangeEnd.Done)
        {
            Discard(RawPathsOf(change.Drops));
        }
    }

    private void CompactIfLong()
    {
        if (_journal.IsLong(_index.Count) && Rewrite() is var status && status != VfsStatus.Ok)
        {
            StagingLog.JournalRefused(_logger, FolderPath, status.InWords());
        }
    }
}
