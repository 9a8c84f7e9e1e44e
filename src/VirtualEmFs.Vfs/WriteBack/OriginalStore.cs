using System.Text.Json.Serialization;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>A raw file kept after its commit.</summary>
/// <param name="Id">Its number in the staging folder.</param>
/// <param name="Path">Path in the source that it had.</param>
/// <param name="Time">When it was committed.</param>
public sealed record Original(long Id, string Path, DateTimeOffset Time, long LengthBytes);

/// <summary>The raw files that a staging folder keeps after their commit, each with a note of what it was.</summary>
/// <remarks>
/// Any thread; calls wait for the disk. An original has its note before it is there, and is there before its staged file goes, so that no
/// moment of a power cut leaves neither.
/// </remarks>
internal sealed class OriginalStore(IDisk disk, string stagingFolder)
{
    private const string NoteExtension = ".json";

    private readonly Lock _gate = new();
    private readonly SortedSet<(DateTimeOffset Time, long Id, long LengthBytes)> _kept = []; // guarded by _gate; oldest first
    private bool _isFolderMade;
    private long _keptBytes;                                                                 // guarded by _gate

    private string FolderPath => $"{stagingFolder}/{StagingArea.OriginalsFolder}";

    /// <summary>Absolute path of an original.</summary>
    public string PathOf(long id) => $"{FolderPath}/{id}";

    /// <summary>Takes stock, so that <see cref="Prune"/> need not read the folder each time; removes what a commit that was cut short left.</summary>
    /// <param name="isStaged">Whether a file of that number is staged still: then it is no original.</param>
    public void Load(Func<long, bool> isStaged)
    {
        if (disk.List(FolderPath, out var names) != VfsStatus.Ok)
        {
            return;
        }

        foreach (var name in names)
        {
            string number = name.Name.EndsWith(NoteExtension, StringComparison.Ordinal) ? name.Name[..^NoteExtension.Length] : name.Name;
            if (!long.TryParse(number, out long id))
            {
                continue; // put there by somebody else
            }

            bool isNote = number.Length < name.Name.Length;
            if (isStaged(id) || (isNote && disk.Stat(PathOf(id), out _) == VfsStatus.NotFound))
            {
                _ = Delete(id);
            }
            else if (isNote && Read(id) is { } original)
            {
                Hold(original);
            }
        }
    }

    /// <summary>Keeps a raw file that is about to be committed; durable when it returns Ok. The raw file's bytes are flushed.</summary>
    public VfsStatus Keep(long id, string rawPath, string path, long lengthBytes, DateTimeOffset now, CancellationToken cancellation)
    {
        var status = SmallFile.MakeFolder(disk, stagingFolder, StagingArea.OriginalsFolder, ref _isFolderMade);
        status = status == VfsStatus.Ok ? Delete(id) : status;
        var note = new OriginalNote(path, now, lengthBytes);
        status = status == VfsStatus.Ok
            ? SmallFile.Write(disk, PathOf(id) + NoteExtension, note, WriteBackJson.Default.OriginalNote)
            : status;
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        status = RawCopy.Flush(disk, rawPath);
        status = status == VfsStatus.Ok ? disk.MakeHardLink(rawPath, PathOf(id)) : status;
        if (status is VfsStatus.CrossDevice or VfsStatus.NotPermitted or VfsStatus.NotSupported or VfsStatus.TooManyLinks)
        {
            // A raw file that lies in the source.
            status = RawCopy.Copy(disk, rawPath, PathOf(id), cancellation);
        }

        status = status == VfsStatus.Ok ? disk.SyncFolder(FolderPath) : status;
        if (status != VfsStatus.Ok)
        {
            _ = Delete(id);
            return status;
        }

        Hold(new Original(id, path, now, lengthBytes));
        return VfsStatus.Ok;
    }

    /// <summary>Removes an original.</summary>
    public VfsStatus Delete(long id)
    {
        lock (_gate)
        {
            foreach (var kept in _kept)
            {
                if (kept.Id == id)
                {
                    _kept.Remove(kept);
                    _keptBytes -= kept.LengthBytes;
                    break;
                }
            }
        }

        var status = disk.Unlink(PathOf(id));
        if (status is not (VfsStatus.Ok or VfsStatus.NotFound))
        {
            return status;
        }

        status = disk.Unlink(PathOf(id) + NoteExtension);
        return status == VfsStatus.NotFound ? VfsStatus.Ok : status;
    }

    /// <summary>Removes the oldest until the policy holds. Call <see cref="Load"/> first.</summary>
    public void Prune(OriginalsPolicy policy, DateTimeOffset now)
    {
        bool IsOver(DateTimeOffset time) => _keptBytes > (policy.MostBytes ?? long.MaxValue) || now - time > (policy.LongestAge ?? TimeSpan.MaxValue);
        while (RemoveOldest(IsOver))
        {
        }
    }

    /// <summary>Removes the oldest, at least one, until a file has room; none where all of them would not make enough.</summary>
    /// <returns>False when nothing was gained.</returns>
    public bool MakeRoom(long lengthBytes)
    {
        long keptBytes;
        lock (_gate)
        {
            keptBytes = _keptBytes;
        }

        if (AvailableBytes() + keptBytes < lengthBytes || !RemoveOldest())
        {
            return false;
        }

        while (AvailableBytes() < lengthBytes && RemoveOldest())
        {
        }

        return true;
    }

    /// <summary>Removes the oldest; false when there is none, or it may stay.</summary>
    /// <param name="mayGo">Asked when it was committed; null for whatever it is.</param>
    public bool RemoveOldest(Predicate<DateTimeOffset>? mayGo = null)
    {
        long id;
        lock (_gate)
        {
            if (_kept.Count == 0 || mayGo?.Invoke(_kept.Min.Time) == false)
            {
                return false;
            }

            // Out of the books, whatever the disk says: else one that cannot be removed would hold up the others.
            var oldest = _kept.Min;
            _kept.Remove(oldest);
            _keptBytes -= oldest.LengthBytes;
            id = oldest.Id;
        }

        _ = Delete(id);
        return true;
    }

    /// <summary>What is kept, oldest first; read from the disk.</summary>
    public IReadOnlyList<Original> List()
    {
        var originals = new List<Original>();
        if (disk.List(FolderPath, out var names) == VfsStatus.Ok)
        {
            foreach (var name in names)
            {
                if (long.TryParse(name.Name, out long id) && Read(id) is { } original)
                {
                    originals.Add(original);
                }
            }
        }

        originals.Sort((a, b) => (a.Time, a.Id).CompareTo((b.Time, b.Id)));
        return originals;
    }

    /// <summary>The last raw file that was committed under a path; null when none is kept.</summary>
    public Original? FindNewest(string path) => List().LastOrDefault(original => original.Path == path);

    private decimal AvailableBytes() =>
        disk.GetCapacity(stagingFolder, out var capacity) == VfsStatus.Ok ? (decimal)capacity.AvailableBlocks * capacity.FragmentLengthBytes : 0;

    private Original? Read(long id) => SmallFile.TryRead(disk, PathOf(id) + NoteExtension, WriteBackJson.Default.OriginalNote, out var note)
        ? new Original(id, note.Path, note.Time, note.LengthBytes)
        : null;

    private void Hold(Original original)
    {
        lock (_gate)
        {
            if (_kept.Add((original.Time, original.Id, original.LengthBytes)))
            {
                _keptBytes += original.LengthBytes;
            }
        }
    }
}

/// <summary>What an original was.</summary>
internal sealed record OriginalNote([property: JsonConverter(typeof(EscapedName))] string Path, DateTimeOffset Time, long LengthBytes);
