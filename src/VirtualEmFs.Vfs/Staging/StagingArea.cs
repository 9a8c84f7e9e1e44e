using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>
/// The staging folder: raw files named by number under <c>files</c>, and the journal that says what each is called in the source.
/// A name is never in two states: whatever changes names, and whatever in the source belongs to that, is one line of the journal.
/// </summary>
/// <remarks>
/// Any thread; calls may wait for a disk. Callers hold <see cref="StagedFile.Names"/> of every file that a call changes. What may be lost in a
/// power cut is what no fsync was asked for; the end of the process loses nothing. semantics.md, Writing.
/// </remarks>
internal sealed partial class StagingArea : IDisposable
{
    /// <summary>Folder of the raw files in the staging folder.</summary>
    public const string FilesFolder = "files";

    /// <summary>Raw files that no line of a damaged journal names; kept for people to look at.</summary>
    public const string OrphansFolder = "orphans";

    // rwx for the owner alone: files of several users lie there.
    private const uint PermissionsOfFolder = 0x1C0;

    private readonly IDisk _disk;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Journal _journal;
    private readonly StagedIndex _index = new();
    private readonly Lock _changes = new();                         // one change of names at a time: the journal and the index agree

    // Raw files go only when the journal is known to say so: after a power cut it may still name them.
    private readonly ConcurrentQueue<string> _discards = new();
    private readonly Dictionary<long, JournalRecord> _open = [];    // guarded by _changes; records whose actions are under way
    private long _nextId;                                           // guarded by _changes
    private long _nextNumber;                                       // guarded by _changes
    private int _filesAreSynced;                                    // names in the folder of raw files are durable

    /// <summary>Absolute path of the staging folder.</summary>
    public string FolderPath { get; }

    /// <summary>Absolute path of the source.</summary>
    public string SourcePath { get; }

    /// <summary>Folder in the source in which archives and files come into being.</summary>
    public string TemporaryFolder => $"{SourcePath}/{Names.NameRules.OwnFolder}/tmp";

    /// <summary>Staged files by name.</summary>
    public StagedIndex Index => _index;

    /// <summary>Called after a file was staged, changed its name, or was closed by its last handle.</summary>
    public event Action? Changed;

    /// <summary>Absolute path of a file's raw bytes.</summary>
    public string RawPathOf(StagedEntry entry) => entry.IsInPlace ? FullPath(entry.Path) : RawPathOf(entry.Id);

    /// <summary>Path in the source of the archive that a name gets.</summary>
    public static string ArchivePathOf(string path) => path + ".hdf";

    /// <summary>Absolute path of a path in the source.</summary>
    public string FullPath(string path) => path.Length == 0 ? SourcePath : $"{SourcePath}/{path}";

    /// <summary>Counts handles on a file, and opens its raw file for the first. The caller holds its <see cref="StagedFile.Names"/>.</summary>
    /// <returns><see cref="VfsStatus.Stale"/> when it was removed or archived: the name means something else now.</returns>
    public VfsStatus Open(StagedFile file, int handleCount, int writerCount) =>
        file.IsGone ? VfsStatus.Stale : file.Open(handleCount, writerCount, needsWriting =>
        {
            string path = RawPathOf(file.Entry);
            var status = _disk.Open(path, DiskAccess.ReadWrite, 0, out var raw);
            return status == VfsStatus.AccessDenied && !needsWriting
                ? (_disk.Open(path, DiskAccess.Read, 0, out raw), raw, true) // its permissions let nobody write
                : (status, raw, false);
        });

    /// <summary>Ends a handle. Waits for no name.</summary>
    public void Close(StagedFile file, bool isWriter)
    {
        if (file.Close(isWriter, _time.GetTimestamp()))
        {
            Changed?.Invoke();
        }
    }

    /// <summary>Counts a change of bytes or attributes, after it was made.</summary>
    public void NoteChange(StagedFile file) => file.NoteChange(_time.GetTimestamp());

    /// <summary>Attributes of a file as programs see them, from its raw file.</summary>
    public VfsStatus Stat(StagedFile file, out SourceStat stat)
    {
        stat = default;
        try
        {
            return file.IsOpen ? file.Raw.Stat(out stat) : _disk.Stat(RawPathOf(file.Entry), out stat);
        }
        catch (InvalidOperationException)
        {
            // Closed in this moment.
            return _disk.Stat(RawPathOf(file.Entry), out stat);
        }
    }

    /// <summary>Makes a file's bytes and names durable. It is open.</summary>
    public VfsStatus Sync(StagedFile file, bool dataOnly)
    {
        var status = file.Raw.Sync(dataOnly);
        return status == VfsStatus.Ok ? SyncNames() : status;
    }

    /// <summary>Makes every change of names so far durable, and removes the raw files of those that are gone.</summary>
    public VfsStatus SyncNames()
    {
        string[] discards = [.. _discards];
        if (Interlocked.Exchange(ref _filesAreSynced, 1) == 0 && _disk.SyncFolder($"{FolderPath}/{FilesFolder}") is var status && status != VfsStatus.Ok)
        {
            Volatile.Write(ref _filesAreSynced, 0);
            return status;
        }

        status = SyncJournal();
        for (int i = 0; i < discards.Length && status == VfsStatus.Ok && _discards.TryDequeue(out string? path); i++)
        {
            // One that cannot be removed now is removed by the next mount.
            _ = _disk.Unlink(path);
        }

        return status;
    }

    /// <summary>Raw files of files that are gone, whose room is free after the next <see cref="SyncNames"/>.</summary>
    public bool HasDiscards => !_discards.IsEmpty;

    public void Dispose()
    {
        foreach (var file in _index.All())
        {
            file.Dispose();
        }

        _journal.Dispose();
    }

    private string RawPathOf(long id) => $"{FolderPath}/{FilesFolder}/{id}";

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

    private VfsStatus Rewrite() =>
        _journal.Rewrite([.. _index.All().Select(file => file.Entry).OrderBy(entry => entry.Id)], [.. _open.Values.OrderBy(record => record.Number)], _nextId);

    /// <summary>Changes entries, and what belongs to that in the source: all of it or nothing, also when the process ends in between.</summary>
    /// <param name="created">Set where an entry is of a new file.</param>
    /// <param name="bind">Called before lookups find the new file; what it refuses is taken back.</param>
    private VfsStatus Apply(
        StagedEntry[] puts, StagedFile[] drops, SourceAction[] actions, StagedFile? created = null, Func<StagedFile, VfsStatus>? bind = null)
    {
        var record = new JournalRecord
        {
            Put = puts.Length == 0 ? null : puts,
            Drop = drops.Length == 0 ? null : [.. drops.Select(file => file.Id)],
            Actions = actions.Length == 0 ? null : actions,
        };
        lock (_changes)
        {
            if (actions.Length > 0)
            {
                record = record with { Number = ++_nextNumber };
            }

            var status = _journal.Append(record);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            if (actions.Length > 0)
            {
                _open.Add(record.Number, record);
            }
            else if (bind is not null && bind(created!) is var refusal && refusal != VfsStatus.Ok)
            {
                // Should this line fail too, the next mount finds a file that nobody wrote to.
                _ = _journal.Append(new JournalRecord { Drop = [created!.Id] });
                return refusal;
            }
            else
            {
                Hold(puts, drops, created);
                CompactIfLong();
            }
        }

        if (actions.Length > 0 && Act(record, out bool isSettled) is var outcome)
        {
            if (outcome != VfsStatus.Ok)
            {
                End(record, new JournalRecord { Void = record.Number });
                return outcome;
            }

            lock (_changes)
            {
                Hold(puts, drops, created);
            }

            if (!isSettled)
            {
                // Left open: the next mount does what is missing, and only then forgets the raw files.
                return VfsStatus.Ok;
            }

            End(record, new JournalRecord { Done = record.Number });
        }

        foreach (var file in drops)
        {
            if (!file.Entry.IsInPlace)
            {
                _discards.Enqueue(RawPathOf(file.Entry));
            }
        }

        return VfsStatus.Ok;
    }

    /// <summary>Does the actions of a record.</summary>
    /// <param name="isSettled">All are done and durable.</param>
    /// <returns>The refusal of the first action: nothing was changed.</returns>
    private VfsStatus Act(JournalRecord record, out bool isSettled)
    {
        isSettled = false;

        // The intent is durable before the source changes, so that a power cut in between is finished by the next mount.
        var status = SyncNames();
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        isSettled = true;
        bool isBegun = false;
        foreach (var action in record.Actions!)
        {
            status = Execute(action);
            if (status != VfsStatus.Ok && !isBegun)
            {
                return status;
            }

            isBegun = true;
            status = status == VfsStatus.Ok ? MakeDurable(action) : status;
            if (status != VfsStatus.Ok)
            {
                StagingLog.ActionFailed(_logger, action.Path, status);
                isSettled = false;
            }
        }

        return VfsStatus.Ok;
    }

    private void End(JournalRecord record, JournalRecord ending)
    {
        lock (_changes)
        {
            _open.Remove(record.Number);
            if (_journal.Append(ending) is var status && status != VfsStatus.Ok)
            {
                // The next mount finds out by looking.
                StagingLog.JournalRefused(_logger, FolderPath, status);
            }

            CompactIfLong();
        }
    }

    /// <summary>Takes changes into the index. Under _changes.</summary>
    private void Hold(StagedEntry[] puts, StagedFile[] drops, StagedFile? created)
    {
        foreach (var file in drops)
        {
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

    private void CompactIfLong()
    {
        if (_journal.IsLong(_index.Count) && Rewrite() is var status && status != VfsStatus.Ok)
        {
            StagingLog.JournalRefused(_logger, FolderPath, status);
        }
    }

    /// <summary>Does one action. A file that is already away counts as removed; another one that has its name meanwhile stays.</summary>
    private VfsStatus Execute(SourceAction action)
    {
        string path = FullPath(action.Path);
        if (action.NewPath is not null)
        {
            return _disk.Rename(path, FullPath(action.NewPath), action.Mode);
        }

        var status = _disk.Stat(path, out var stat);
        status = status == VfsStatus.Ok && FileIdentity.Of(stat) == action.Identity ? _disk.Unlink(path) : status;
        return status == VfsStatus.NotFound ? VfsStatus.Ok : status;
    }

    private VfsStatus MakeDurable(SourceAction action)
    {
        string folder = FolderOf(FullPath(action.Path));
        var status = _disk.SyncFolder(folder);
        return status == VfsStatus.Ok && action.NewPath is not null && FolderOf(FullPath(action.NewPath)) is var newFolder && newFolder != folder
            ? _disk.SyncFolder(newFolder)
            : status;
    }

    private static string FolderOf(string fullPath) => fullPath.LastIndexOf('/') is var slash and > 0 ? fullPath[..slash] : "/";
}
