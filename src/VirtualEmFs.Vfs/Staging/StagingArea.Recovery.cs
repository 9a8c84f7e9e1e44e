using System.Globalization;
using Microsoft.Extensions.Logging;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

internal sealed partial class StagingArea
{
    // rwxr-xr-x
    private const uint PermissionsOfMissingFolder = 0x1ED;

    private StagingArea(IDisk disk, string folderPath, string sourcePath, ILogger logger, TimeProvider time, Journal journal)
    {
        (_disk, FolderPath, SourcePath, _logger, _time, _journal) = (disk, folderPath, sourcePath, logger, time, journal);
        _source = new SourceActions(disk, sourcePath);
    }

    /// <summary>Opens a staging folder, finishes or takes back what was under way when its last mount ended, and removes what that left.</summary>
    /// <param name="folderPath">An existing folder, absolute, links resolved. The caller holds its owner's lock.</param>
    /// <param name="sourcePath">The source, likewise; it has its own folder <c>.emfs</c>.</param>
    /// <exception cref="IOException">The folder cannot be used; the message is a sentence.</exception>
    public static StagingArea Open(IDisk disk, string folderPath, string sourcePath, ILogger logger, TimeProvider time)
    {
        MakeFolder(disk, $"{folderPath}/{FilesFolder}");
        KeepFilesWithoutJournal(disk, folderPath, logger);
        var journal = Journal.Open(disk, folderPath, Journal.HeaderOf(sourcePath, 1), out var records, out var header, out var end);
        StagingArea? area = null;
        try
        {
            if (header.Source != sourcePath)
            {
                throw new IOException(
                    $"{folderPath} holds staged files of {header.Source}, not of {sourcePath}: mount that one, or export them with 'emfs recover {folderPath} --to FOLDER'");
            }

            area = new StagingArea(disk, folderPath, sourcePath, logger, time, journal);
            MakeFolderInSource(disk, sourcePath, Names.NameRules.OwnFolder);
            MakeFolderInSource(disk, sourcePath, Names.NameRules.TemporaryFolder);
            area.Recover(records, header.NextId, end);
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
        var records = Journal.Read(disk, folderPath, out var header, out var end);
        (sourcePath, isDamaged) = (header.Source, end == JournalEnd.Damaged);
        var source = new SourceActions(disk, sourcePath);
        return [.. new JournalReplay(records, record => record.Actions!.All(source.IsDone)).Entries];
    }

    private static void MakeFolder(IDisk disk, string path)
    {
        var status = disk.MakeFolder(path, PermissionsOfFolder);
        if (status is not (VfsStatus.Ok or VfsStatus.AlreadyExists))
        {
            throw new IOException($"{path} cannot be created ({status.InWords()})");
        }
    }

    private static void MakeFolderInSource(IDisk disk, string sourcePath, string name)
    {
        var status = SourceActions.MakeOwnFolder(disk, sourcePath, name);
        if (status != VfsStatus.Ok)
        {
            throw new IOException($"{sourcePath}/{name} cannot be created ({status.InWords()})");
        }
    }

    private void Recover(List<JournalRecord> records, long nextId, JournalEnd end)
    {
        // The process may have died with lines that only it had written down: what they say must not be done, and then be forgotten.
        Interlocked.Increment(ref _fileNames);
        Require(SyncFiles(), "its folder of files cannot be flushed");
        Require(_journal.Sync(), "its journal cannot be flushed");

        // Archives that come into being must be found again.
        Require(_disk.SyncFolder(SourceActions.FolderOf(TemporaryFolder)), $"{Names.NameRules.OwnFolder} in the source cannot be flushed");
        Require(_disk.SyncFolder(SourcePath), "the source cannot be flushed");
        var ends = new List<JournalRecord>();
        var replay = new JournalReplay(records, record =>
        {
            bool holds = Settle(record);
            ends.Add(holds ? new JournalRecord { Done = record.Number } : new JournalRecord { Void = record.Number });
            return holds;
        });
        _nextId = Math.Max(nextId, replay.LastId + 1);
        _nextNumber = replay.LastNumber;
        var outdated = replay.Outdated.ToHashSet();
        foreach (var entry in replay.Entries.Where(entry => !outdated.Contains(entry)))
        {
            var status = _disk.Stat(RawPathOf(entry), out var raw);
            if (status is VfsStatus.NotFound or VfsStatus.NotDirectory)
            {
                StagingLog.RawIsMissing(_logger, entry.Path);
                continue;
            }

            Require(status, $"the raw file of {entry.Path} cannot be read");
            MakeMissingFolder(SourceActions.FolderOf(FullPath(entry.Path)), raw);
            _index.Put(new StagedFile(entry, _time.GetTimestamp()), entry);
        }

        // Orphans are in safety before the journal looks as if nothing had happened.
        string[] strangers = ListStrangers();
        string[] orphans = [.. strangers.Where(name => end == JournalEnd.Damaged
            || outdated.Any(entry => !entry.IsInPlace && NameOf(entry.Id) == name) || (end == JournalEnd.Torn && IsUnknown(name, replay)))];
        MoveOrphans(_disk, FolderPath, orphans, _logger);
        lock (_changes)
        {
            Require(Renew(ends, end), "its journal cannot be written");
        }

        // What remains was created and never flushed, or was archived or removed.
        RemoveFiles($"{FolderPath}/{FilesFolder}", strangers.Except(orphans));
        Require(_disk.List(TemporaryFolder, out var temporaries), $"{TemporaryFolder} cannot be read");
        RemoveFiles(TemporaryFolder, temporaries.Select(name => name.Name));
        StagingLog.Recovered(_logger, _index.Count, FolderPath);
    }

    /// <summary>Writes the journal anew. On a full disk the old one goes on, with a line for each record whose end it did not know: room for these is
    /// reserved, and what is removed and archived afterwards makes more.</summary>
    private VfsStatus Renew(List<JournalRecord> ends, JournalEnd end)
    {
        var status = Rewrite();
        if (status is not (VfsStatus.NoSpace or VfsStatus.QuotaExceeded) || end == JournalEnd.Damaged)
        {
            return status;
        }

        status = VfsStatus.Ok;
        foreach (var record in ends)
        {
            status = status == VfsStatus.Ok ? _journal.Append(record) : status;
        }

        return status == VfsStatus.Ok ? _journal.Sync() : status;
    }

    /// <summary>Finishes the actions of a record that a former mount began; false when the record does not hold.</summary>
    private bool Settle(JournalRecord record)
    {
        bool isFirst = true;
        foreach (var action in record.Actions!)
        {
            var status = _source.Repeat(action);
            if (status is VfsStatus.Corrupt or VfsStatus.NoSpace or VfsStatus.QuotaExceeded or VfsStatus.OutOfMemory or VfsStatus.TooManyOpenFiles
                or VfsStatus.Interrupted)
            {
                // These pass. To go on would be to guess.
                Require(status, $"{action.Path} in the source cannot be changed");
            }

            if (status == VfsStatus.Ok)
            {
                Require(_source.MakeDurable(action), $"the folder of {action.Path} in the source cannot be flushed");
            }
            else if (isFirst)
            {
                return false;
            }
            else
            {
                StagingLog.ActionIsGivenUp(_logger, action.Path, status.InWords());
            }

            isFirst = false;
        }

        return true;
    }

    /// <summary>A folder made shortly before a power cut may be gone, and files staged in it flushed: they keep their names.</summary>
    private void MakeMissingFolder(string fullPath, in SourceStat raw)
    {
        if (_disk.Stat(fullPath, out _) != VfsStatus.NotFound || fullPath.Length <= SourcePath.Length)
        {
            return;
        }

        MakeMissingFolder(SourceActions.FolderOf(fullPath), raw);
        var status = _disk.MakeFolder(fullPath, PermissionsOfMissingFolder);
        status = status == VfsStatus.Ok ? FileOwner.Give(_disk, null, raw.Uid, raw.Gid, change => _disk.SetAttributes(fullPath, change)) : status;

        StagingLog.FolderWasMissing(_logger, fullPath, status.InWords());
    }

    /// <summary>Names in the folder of raw files that no entry has. No id of any file that is there is used again.</summary>
    private string[] ListStrangers()
    {
        string folder = $"{FolderPath}/{FilesFolder}";
        Require(_disk.List(folder, out var files), $"{folder} cannot be read");
        foreach (var file in files.Concat(ListIfThere(OrphansFolder)).Concat(ListIfThere(OriginalsFolder)))
        {
            if (long.TryParse(file.Name, NumberStyles.None, CultureInfo.InvariantCulture, out long id) && id < long.MaxValue)
            {
                _nextId = Math.Max(_nextId, id + 1);
            }
        }

        var own = _index.All().Where(file => !file.Entry.IsInPlace).Select(file => NameOf(file.Id)).ToHashSet(StringComparer.Ordinal);
        return [.. files.Select(file => file.Name).Where(name => !own.Contains(name))];
    }

    private IReadOnlyList<SourceName> ListIfThere(string folder)
    {
        var status = _disk.List($"{FolderPath}/{folder}", out var names);
        Require(status == VfsStatus.NotFound ? VfsStatus.Ok : status, $"{FolderPath}/{folder} cannot be read");
        return names;
    }

    /// <summary>Bytes of a file that no line names: the torn end may have, and nobody knows whether that was flushed.</summary>
    private bool IsUnknown(string name, JournalReplay replay)
    {
        string rawPath = $"{FolderPath}/{FilesFolder}/{name}";
        var status = _disk.Stat(rawPath, out var raw);
        Require(status, $"{rawPath} cannot be read");
        return raw.Version.LengthBytes > 0 && !(long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out long id) && replay.Names(id));
    }

    /// <summary>A journal that is made anew says nothing about files that are there: nobody knows their names, and somebody may want them.</summary>
    private static void KeepFilesWithoutJournal(IDisk disk, string folderPath, ILogger logger)
    {
        if (disk.Stat($"{folderPath}/{Journal.FileName}", out _) == VfsStatus.NotFound)
        {
            string folder = $"{folderPath}/{FilesFolder}";
            Require(folderPath, disk.List(folder, out var files), $"{folder} cannot be read");
            MoveOrphans(disk, folderPath, [.. files.Select(file => file.Name)], logger);
        }
    }

    private static void MoveOrphans(IDisk disk, string folderPath, string[] names, ILogger logger)
    {
        if (names.Length == 0)
        {
            return;
        }

        string folder = $"{folderPath}/{OrphansFolder}";
        MakeFolder(disk, folder);
        Require(folderPath, disk.SyncFolder(folderPath), "it cannot be flushed");
        foreach (string name in names)
        {
            string rawPath = $"{folderPath}/{FilesFolder}/{name}";
            var status = disk.Rename(rawPath, $"{folder}/{name}", RenameMode.KeepExisting);
            if (status == VfsStatus.AlreadyExists && disk.Stat(rawPath, out var raw) == VfsStatus.Ok
                && disk.Stat($"{folder}/{name}", out var orphan) == VfsStatus.Ok && FileIdentity.Of(raw) == FileIdentity.Of(orphan))
            {
                status = disk.Unlink(rawPath); // moved before a power cut that left both names
            }

            Require(folderPath, status, $"{rawPath} cannot be moved to {folder}");
        }

        Require(folderPath, disk.SyncFolder(folder), $"{folder} cannot be flushed");
        StagingLog.OrphansWereMoved(logger, folderPath, names.Length, folder);
    }

    // One that cannot be removed now is removed by the next mount.
    private void RemoveFiles(string folder, IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            _ = _disk.Unlink($"{folder}/{name}");
        }
    }

    private static string NameOf(long id) => id.ToString(CultureInfo.InvariantCulture);

    private void Require(VfsStatus status, string what) => Require(FolderPath, status, what);

    private static void Require(string folderPath, VfsStatus status, string what)
    {
        if (status != VfsStatus.Ok)
        {
            throw new IOException($"{folderPath} cannot be used for staging: {what} ({status.InWords()})");
        }
    }
}
