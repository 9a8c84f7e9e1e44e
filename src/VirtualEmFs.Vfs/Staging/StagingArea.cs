using Microsoft.Extensions.Logging;
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

    /// <summary>Raw files that are kept after their commit.</summary>
    public const string OriginalsFolder = "originals";

    // rwx for the owner alone: files of several users lie there.
    private const uint PermissionsOfFolder = 0x1C0;

    private readonly IDisk _disk;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Journal _journal;
    private readonly SourceActions _source;
    private readonly StagedIndex _index = new();
    private readonly Lock _syncingFiles = new();
    private long _fileNames;       // counts names made in the folder of raw files
    private long _syncedFileNames; // guarded by _syncingFiles; of those, how many are durable

    /// <summary>Absolute path of the staging folder.</summary>
    public string FolderPath { get; }

    /// <summary>Absolute path of the source.</summary>
    public string SourcePath { get; }

    /// <summary>Folder in the source in which archives and files come into being.</summary>
    public string TemporaryFolder => $"{SourcePath}/{Names.NameRules.TemporaryFolder}";

    /// <summary>Staged files by name.</summary>
    public StagedIndex Index => _index;

    /// <summary>Told the path that a file is about to have no more, when what takes its place in the source is there: what was listed there before
    /// is out of date. Waits for nothing.</summary>
    public Action<string>? Leaving { get; set; }

    /// <summary>Called after a file was staged, changed its name, or was closed by its last handle.</summary>
    public event Action? Changed;

    /// <summary>Absolute path of a file's raw bytes.</summary>
    public string RawPathOf(StagedEntry entry) => entry.IsInPlace ? FullPath(entry.Path) : RawPathOf(entry.Id);

    /// <summary>Path in the source of the archive that a name gets.</summary>
    public static string ArchivePathOf(string path) => path + ".hdf";

    /// <summary>Absolute path of a path in the source.</summary>
    public string FullPath(string path) => _source.FullPath(path);

    /// <summary>Counts handles on a file, and opens its raw file for the first. The caller holds its <see cref="StagedFile.Names"/>.</summary>
    /// <returns><see cref="VfsStatus.Stale"/> when it was removed or archived, or another program has replaced it: the name means something else now.</returns>
    public VfsStatus Open(StagedFile file, int handleCount, int writerCount) =>
        file.IsGone ? VfsStatus.Stale : file.Open(handleCount, writerCount, needsWriting =>
        {
            var entry = file.Entry;
            string path = RawPathOf(entry);
            var status = _disk.Open(path, DiskAccess.ReadWrite, 0, out var raw);
            bool isReadOnly = status == VfsStatus.AccessDenied && !needsWriting;
            status = isReadOnly ? _disk.Open(path, DiskAccess.Read, 0, out raw) : status; // its permissions let nobody write
            if (status == VfsStatus.Ok && entry.RawInode is { } inode && (status = raw!.Stat(out var stat)) == VfsStatus.Ok && stat.Version.Inode != inode)
            {
                status = VfsStatus.Stale;
            }

            if (status != VfsStatus.Ok)
            {
                raw?.Dispose();
                raw = null;
            }

            return (status, raw, isReadOnly);
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
        // Not by Use: each getattr comes here.
        var raw = file.Pin();
        if (raw is null)
        {
            return _disk.Stat(RawPathOf(file.Entry), out stat);
        }

        try
        {
            return raw.Stat(out stat);
        }
        finally
        {
            Close(file, isWriter: false);
        }
    }

    /// <summary>Does something with a file's raw bytes: with the open file if there is one, which stays open meanwhile, or else by its path.</summary>
    public VfsStatus Use(StagedFile file, Func<IDiskFile?, string, VfsStatus> use)
    {
        var raw = file.Pin();
        try
        {
            return use(raw, RawPathOf(file.Entry));
        }
        finally
        {
            if (raw is not null)
            {
                Close(file, isWriter: false);
            }
        }
    }

    /// <summary>Makes a file's bytes and names durable, and the folders of the source that it is in. It is open.</summary>
    /// <param name="seenFailureCount">Flushes of the file that have failed, as far as the handle was told; brought up to date.</param>
    /// <returns><see cref="VfsStatus.Corrupt"/> also when the raw file has lost its name.</returns>
    public VfsStatus Sync(StagedFile file, bool dataOnly, ref int seenFailureCount)
    {
        // Whose file it is must be durable as well, the first time.
        var raw = file.Raw;
        var status = file.Flush(raw, dataOnly && file.SyncedPath is not null, ref seenFailureCount);
        var entry = file.Entry;

        // Somebody has emptied the staging folder: these bytes end with the last handle.
        status = status == VfsStatus.Ok && !entry.IsInPlace && raw.Stat(out var stat) == VfsStatus.Ok && stat.LinkCount == 0 && !file.IsGone
            ? VfsStatus.Corrupt
            : status;
        if (status == VfsStatus.Ok && !file.IsGone && file.SyncedPath != entry.Path)
        {
            status = _source.SyncFoldersAbove(entry.Path);
            file.SyncedPath = status == VfsStatus.Ok ? entry.Path : file.SyncedPath;

            // The bytes of a file that does not lie in the source are safe without it: the next mount makes folders that are missing.
            status = entry.IsInPlace ? status : VfsStatus.Ok;
        }

        return status == VfsStatus.Ok ? SyncNames() : status;
    }

    /// <summary>Makes every change of names so far durable, and removes the raw files of those that are gone: a tenth of a second for each 64 MiB
    /// where the disk discards what is freed, for which no program should wait.</summary>
    public VfsStatus FreeDiscards()
    {
        var status = SyncNames();
        Discard([.. TakeDiscards(_removable).Where(FailsToRemove)], isRemovable: true);
        return status;
    }

    /// <summary>Makes every change of names so far durable.</summary>
    public VfsStatus SyncNames()
    {
        FinishHeldChanges();
        var status = NoteEnds();
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        // Raw files go only when the journal is known to say so: after a power cut it may still name them.
        string[] discards = TakeDiscards(_discards);
        long vacatedCount = VacatedCount;
        status = SyncFiles();
        status = status == VfsStatus.Ok ? SyncJournal() : status;
        if (status == VfsStatus.Ok)
        {
            ForgetVacated(vacatedCount);
        }

        Discard(discards, status == VfsStatus.Ok);
        return status;
    }

    /// <summary>Why the staging folder cannot be used any more, in a sentence; null when it can. Waits for its disk.</summary>
    public string? Problem()
    {
        var status = _disk.Stat($"{FolderPath}/{FilesFolder}", out _);
        status = status == VfsStatus.Ok ? _disk.Stat($"{FolderPath}/{Journal.FileName}", out _) : status;
        return status switch
        {
            VfsStatus.Ok => null,
            VfsStatus.NotFound =>
                $"{FolderPath} is gone, or what it consists of: files that were staged there are lost unless a program still has them open; unmount with --leave-staged, and mount again",
            _ => $"{FolderPath} cannot be read ({status.InWords()})",
        };
    }

    public void Dispose()
    {
        foreach (var file in _index.All())
        {
            file.Dispose();
        }

        _journal.Dispose();
    }

    /// <summary>Makes the names of raw files durable that were there when it was called.</summary>
    private VfsStatus SyncFiles()
    {
        lock (_syncingFiles)
        {
            long fileNames = Interlocked.Read(ref _fileNames);
            if (fileNames == _syncedFileNames)
            {
                return VfsStatus.Ok;
            }

            var status = _disk.SyncFolder($"{FolderPath}/{FilesFolder}");
            if (status == VfsStatus.Ok)
            {
                _syncedFileNames = fileNames;
            }

            return status;
        }
    }

    private string RawPathOf(long id) => $"{FolderPath}/{FilesFolder}/{NameOf(id)}";

    private bool FailsToRemove(string rawPath) => _disk.Unlink(rawPath) is not (VfsStatus.Ok or VfsStatus.NotFound);
}
