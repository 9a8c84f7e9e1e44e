using Microsoft.Extensions.Logging;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

internal sealed partial class StagingArea
{
    private StagingArea(IDisk disk, string folderPath, string sourcePath, ILogger logger, TimeProvider time, Journal journal)
    {
        (_disk, FolderPath, SourcePath, _logger, _time, _journal) = (disk, folderPath, sourcePath, logger, time, journal);
    }

    /// <summary>Opens a staging folder, finishes or takes back what was under way when its last mount ended, and removes what that left.</summary>
    /// <param name="folderPath">An existing folder, absolute, links resolved. The caller holds its owner's lock.</param>
    /// <param name="sourcePath">The source, likewise; it has its own folder <c>.emfs</c>.</param>
    /// <exception cref="IOException">The folder cannot be used; the message is a sentence.</exception>
    public static StagingArea Open(IDisk disk, string folderPath, string sourcePath, ILogger logger, TimeProvider time)
    {
        MakeFolder(disk, $"{folderPath}/{FilesFolder}");
        var journal = Journal.Open(disk, folderPath, Journal.HeaderOf(sourcePath, 1), out var records, out var header, out bool isDamaged);
        StagingArea? area = null;
        try
        {
            if (header.Source != sourcePath)
            {
                throw new IOException(
                    $"{folderPath} holds staged files of {header.Source}, not of {sourcePath}: mount that one, or export them with 'emfs recover {folderPath} --to FOLDER'");
            }

            area = new StagingArea(disk, folderPath, sourcePath, logger, time, journal);
            MakeFolder(disk, $"{sourcePath}/{Names.NameRules.OwnFolder}");
            MakeFolder(disk, area.TemporaryFolder);
            area.Recover(records, header.NextId, isDamaged);
            return area;
        }
        catch
        {
            area?.Dispose();
            journal.Dispose();
            throw;
        }
    }

    /// <summary>What a journal says is staged, without changing anything: for exports from a folder whose mount is gone.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    /// <param name="isDamaged">The journal has lost lines: names may be missing, or those of earlier times.</param>
    public static IReadOnlyList<StagedEntry> ReadEntries(IDisk disk, string folderPath, out string sourcePath, out bool isDamaged)
    {
        var records = Journal.Read(disk, folderPath, out var header, out isDamaged);
        sourcePath = header.Source;
        var (entries, open, _) = Replay(records);
        foreach (var record in open)
        {
            if (IsDone(disk, sourcePath, record))
            {
                Change(entries, record);
            }
        }

        return [.. entries.Values.OrderBy(entry => entry.Id)];
    }

    private static void MakeFolder(IDisk disk, string path)
    {
        var status = disk.MakeFolder(path, PermissionsOfFolder);
        if (status is not (VfsStatus.Ok or VfsStatus.AlreadyExists))
        {
            throw new IOException($"{path} cannot be created ({status})");
        }
    }

    /// <summary>Entries after the journal's lines, and the records whose actions nobody has ended.</summary>
    private static (Dictionary<long, StagedEntry> Entries, List<JournalRecord> Open, long LastNumber) Replay(IEnumerable<JournalRecord> records)
    {
        var entries = new Dictionary<long, StagedEntry>();
        var open = new SortedDictionary<long, JournalRecord>();
        long lastNumber = 0;
        foreach (var record in records)
        {
            if (record.Done is long done && open.Remove(done, out var ended))
            {
                Change(entries, ended);
            }
            else if (record.Void is long number)
            {
                open.Remove(number);
            }
            else if (record.Actions is not null)
            {
                open[record.Number] = record;
                lastNumber = Math.Max(lastNumber, record.Number);
            }
            else
            {
                Change(entries, record);
            }
        }

        return (entries, [.. open.Values], lastNumber);
    }

    private static void Change(Dictionary<long, StagedEntry> entries, JournalRecord record)
    {
        foreach (long id in record.Drop ?? [])
        {
            entries.Remove(id);
        }

        foreach (var entry in record.Put ?? [])
        {
            entries[entry.Id] = entry;
        }
    }

    private void Recover(List<JournalRecord> records, long nextId, bool isDamaged)
    {
        var (entries, open, lastNumber) = Replay(records);
        _nextId = records.SelectMany(record => record.Put ?? []).Select(entry => entry.Id + 1).Append(nextId).Max();
        _nextNumber = lastNumber;
        foreach (var record in open)
        {
            // Done or taken back: then the line that says so can be trusted, since nothing else changes meanwhile.
            if (Settle(record))
            {
                Change(entries, record);
            }
        }

        foreach (var entry in entries.Values.OrderBy(entry => entry.Id))
        {
            var status = _disk.Stat(RawPathOf(entry), out _);
            if (status == VfsStatus.NotFound)
            {
                StagingLog.RawIsMissing(_logger, entry.Path, status);
                continue;
            }

            _index.Put(new StagedFile(entry, _time.GetTimestamp()), entry);
        }

        lock (_changes)
        {
            Require(Rewrite(), "its journal cannot be written");
        }

        CleanFiles(isDamaged);
        CleanTemporaries();
        StagingLog.Recovered(_logger, _index.Count, FolderPath);
    }

    /// <summary>Finishes the actions of a record that a former mount began; false when the record does not hold.</summary>
    private bool Settle(JournalRecord record)
    {
        bool isFirst = true;
        foreach (var action in record.Actions!)
        {
            if (!IsDone(_disk, SourcePath, action))
            {
                var status = StillHas(_disk, FullPath(action.Path), action.Identity) ? Execute(action) : VfsStatus.NotFound;
                if (status != VfsStatus.Ok)
                {
                    if (isFirst)
                    {
                        return false;
                    }

                    StagingLog.ActionFailed(_logger, action.Path, status);
                }
            }

            Require(MakeDurable(action), $"the folder of {action.Path} cannot be flushed");
            isFirst = false;
        }

        return true;
    }

    private static bool IsDone(IDisk disk, string sourcePath, JournalRecord record) =>
        record.Actions!.All(action => IsDone(disk, sourcePath, action));

    private static bool IsDone(IDisk disk, string sourcePath, SourceAction action) => action.NewPath is null
        ? !StillHas(disk, $"{sourcePath}/{action.Path}", action.Identity)
        : StillHas(disk, $"{sourcePath}/{action.NewPath}", action.Identity);

    private static bool StillHas(IDisk disk, string path, FileIdentity identity) =>
        disk.Stat(path, out var stat) == VfsStatus.Ok && FileIdentity.Of(stat) == identity;

    /// <summary>Removes raw files that no entry names: they were created and never flushed, or are archived, or removed.</summary>
    private void CleanFiles(bool isDamaged)
    {
        string folder = $"{FolderPath}/{FilesFolder}";
        Require(_disk.List(folder, out var names), $"{folder} cannot be read");
        bool movesOrphans = false;
        foreach (var name in names)
        {
            if (long.TryParse(name.Name, out long id) && _index.TryGet(id, out var file) && !file.Entry.IsInPlace)
            {
                continue;
            }

            if (!isDamaged)
            {
                _ = _disk.Unlink($"{folder}/{name.Name}");
                continue;
            }

            if (!movesOrphans)
            {
                MakeFolder(_disk, $"{FolderPath}/{OrphansFolder}");
                movesOrphans = true;
            }

            Require(
                _disk.Rename($"{folder}/{name.Name}", $"{FolderPath}/{OrphansFolder}/{name.Name}", RenameMode.Replace),
                $"{name.Name} cannot be moved to {OrphansFolder}");
        }

        if (movesOrphans)
        {
            StagingLog.JournalIsDamaged(_logger, FolderPath, $"{FolderPath}/{OrphansFolder}");
        }
    }

    private void CleanTemporaries()
    {
        Require(_disk.List(TemporaryFolder, out var names), $"{TemporaryFolder} cannot be read");
        foreach (var name in names)
        {
            _ = _disk.Unlink($"{TemporaryFolder}/{name.Name}");
        }
    }

    private void Require(VfsStatus status, string what)
    {
        if (status != VfsStatus.Ok)
        {
            throw new IOException($"{FolderPath} cannot be used for staging: {what} ({status})");
        }
    }
}
