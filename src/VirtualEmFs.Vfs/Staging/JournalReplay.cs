namespace VirtualEmFs.Vfs.Staging;

/// <summary>What the records of a journal come to.</summary>
/// <remarks>
/// Changes take effect where their record stands, also those with actions: later lines about the same files stand on them. Whoever appends a
/// record with actions lets nobody else change its files before they are done, so that nothing stands on one that is taken back.
/// </remarks>
internal sealed class JournalReplay
{
    private readonly Dictionary<long, (StagedEntry Entry, int Order)> _entries = [];
    private readonly HashSet<long> _named = [];

    /// <param name="settle">Asked for every record whose end is not noted, in order: whether it holds.</param>
    public JournalReplay(IReadOnlyList<JournalRecord> records, Func<JournalRecord, bool> settle)
    {
        var done = records.Select(record => record.Done).OfType<long>().ToHashSet();
        var taken = records.Select(record => record.Void).OfType<long>().ToHashSet();
        for (int i = 0; i < records.Count; i++)
        {
            var record = records[i];
            LastNumber = Math.Max(LastNumber, record.Number);
            foreach (var entry in record.Put ?? [])
            {
                LastId = Math.Max(LastId, entry.Id);
                _named.Add(entry.Id);
            }

            if (record.Actions is null || done.Contains(record.Number) || (!taken.Contains(record.Number) && settle(record)))
            {
                Change(record, i);
            }
        }
    }

    /// <summary>The files that are staged, by id.</summary>
    public IEnumerable<StagedEntry> Entries => _entries.Values.Select(pair => pair.Entry).OrderBy(entry => entry.Id);

    /// <summary>Files whose name another one got later: only when lines are missing.</summary>
    public IEnumerable<StagedEntry> Outdated => _entries.Values.GroupBy(pair => pair.Entry.Path, StringComparer.Ordinal)
        .SelectMany(sameName => sameName.OrderByDescending(pair => pair.Order).ThenByDescending(pair => pair.Entry.Id).Skip(1))
        .Select(pair => pair.Entry);

    /// <summary>The largest number of a record with actions; 0 without any.</summary>
    public long LastNumber { get; }

    /// <summary>The largest id that a line names; 0 without any.</summary>
    public long LastId { get; }

    /// <summary>A line names the file, be it one that is staged no more.</summary>
    public bool Names(long id) => _named.Contains(id);

    private void Change(JournalRecord record, int order)
    {
        foreach (long id in record.Drop ?? [])
        {
            _entries.Remove(id);
        }

        foreach (var entry in record.Put ?? [])
        {
            _entries[entry.Id] = (entry, order);
        }
    }
}
