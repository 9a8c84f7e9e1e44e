using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>
/// The append-only list of what happened to the names of a staging folder: lines of <c>CRC-32C, space, JSON</c>. A line counts when its
/// checksum is right, so a power cut costs at most the lines after the last <see cref="Sync"/>.
/// </summary>
/// <remarks>
/// Any thread. A file of lines and not a database: each change is one write, one flush covers everybody who waits, and a person can
/// read it when nothing else works.
/// </remarks>
internal sealed class Journal : IDisposable
{
    /// <summary>File name in the staging folder.</summary>
    public const string FileName = "journal";

    private const int Version = 1;
    private const int ChecksumLength = 8;
    private const uint PermissionsOfFile = 0x180; // its owner's alone: names of other users' files are in it

    // A full disk must still be able to note that a file was removed or archived.
    private const long ReservedBytes = 1 << 20;

    // Below this, lines of files that are gone cost nothing.
    private const long CompactionBytes = 4 << 20;
    private const long BytesPerEntry = 512;

    private readonly IDisk _disk;
    private readonly string _folder;
    private readonly string _source;
    private readonly Lock _syncing = new(); // taken before _appending where both are needed
    private readonly Lock _appending = new();
    private IDiskFile _file;
    private long _lengthBytes;   // guarded by _appending
    private long _reservedBytes; // guarded by _appending
    private long _syncedBytes;   // guarded by _syncing
    private bool _mustRewrite;   // guarded by _syncing

    private Journal(IDisk disk, string folder, string source, IDiskFile file, long lengthBytes) =>
        (_disk, _folder, _source, _file, _lengthBytes) = (disk, folder, source, file, lengthBytes);

    /// <summary>True when it must be written anew: a flush failed, and Linux forgets the pages that it could not write.</summary>
    public bool MustRewrite
    {
        get
        {
            lock (_syncing)
            {
                return _mustRewrite;
            }
        }
    }

    /// <summary>True when most of its lines are about files that are gone.</summary>
    public bool IsLong(int entryCount)
    {
        lock (_appending)
        {
            return _lengthBytes > CompactionBytes + (entryCount * BytesPerEntry);
        }
    }

    private string Path => $"{_folder}/{FileName}";

    private string NewPath => $"{_folder}/{FileName}.new";

    /// <summary>Opens the journal of a staging folder, or makes one.</summary>
    /// <param name="header">For a new one.</param>
    /// <param name="records">The lines after the header, up to the first that does not count.</param>
    /// <param name="isDamaged">Good lines follow a bad one: the disk has lost something in the middle.</param>
    /// <exception cref="IOException">It cannot be read or made, or belongs to another program or source.</exception>
    public static Journal Open(
        IDisk disk, string folder, JournalHeader header, out List<JournalRecord> records, out JournalHeader found, out bool isDamaged)
    {
        string path = $"{folder}/{FileName}";
        Forget(disk, $"{path}.new");
        var status = disk.Open(path, DiskAccess.ReadWrite, 0, out var file);
        if (status == VfsStatus.NotFound)
        {
            (records, found, isDamaged) = ([], header, false);
            return Create(disk, folder, header);
        }

        Require(status, path, "cannot be opened");
        try
        {
            byte[] bytes = ReadAll(file!, path);
            records = Parse(bytes, out int goodBytes, out isDamaged);
            if (goodBytes == 0)
            {
                // Its maker died before the first line was whole: there was nothing in it yet, unless more lines follow.
                if (isDamaged)
                {
                    throw new IOException($"{path}: the first line is damaged; 'emfs recover' exports the files beside it");
                }

                file!.Dispose();
                Forget(disk, path);
                found = header;
                return Create(disk, folder, header);
            }

            found = RequireHeader(records, path);
            if (goodBytes < bytes.Length)
            {
                Require(file!.SetLength(goodBytes), path, "cannot be written");
            }

            var journal = new Journal(disk, folder, found.Source, file!, goodBytes);
            file = null;
            return journal;
        }
        finally
        {
            file?.Dispose();
        }
    }

    /// <summary>Reads the journal of a staging folder and changes nothing.</summary>
    /// <exception cref="IOException">It cannot be read, or is none of this program.</exception>
    public static List<JournalRecord> Read(IDisk disk, string folder, out JournalHeader header, out bool isDamaged)
    {
        string path = $"{folder}/{FileName}";
        Require(disk.Open(path, DiskAccess.Read, 0, out var file), path, "cannot be opened");
        using (file)
        {
            var records = Parse(ReadAll(file!, path), out _, out isDamaged);
            header = RequireHeader(records, path);
            return records;
        }
    }

    /// <summary>The header that a staging folder of a source has.</summary>
    public static JournalHeader HeaderOf(string sourcePath, long nextId) => new(Version, sourcePath, nextId);

    /// <summary>Adds a line; it survives the end of the process at once, and a power cut after <see cref="Sync"/>.</summary>
    /// <returns>The disk's refusal; the line then does not count.</returns>
    public VfsStatus Append(JournalRecord record)
    {
        byte[] line = LineOf(record);
        lock (_appending)
        {
            if (_lengthBytes + line.Length > _reservedBytes)
            {
                // File systems that cannot reserve refuse; the write then tells.
                _ = _file.Allocate(AllocationMode.KeepLength, _lengthBytes, ReservedBytes + line.Length);
                _reservedBytes = _lengthBytes + ReservedBytes;
            }

            // A line that was cut short is overwritten by the next one; what may stick out of it has no checksum.
            var status = _file.Write(_lengthBytes, line, out int writtenBytes);
            if (status == VfsStatus.Ok && writtenBytes == line.Length)
            {
                _lengthBytes += line.Length;
                return VfsStatus.Ok;
            }

            _ = _file.SetLength(_lengthBytes);
            return status == VfsStatus.Ok ? VfsStatus.NoSpace : status;
        }
    }

    /// <summary>Makes every line appended so far durable. After a failure only <see cref="Rewrite"/> does.</summary>
    public VfsStatus Sync()
    {
        lock (_syncing)
        {
            long lengthBytes;
            lock (_appending)
            {
                lengthBytes = _lengthBytes;
            }

            if (_mustRewrite)
            {
                return VfsStatus.Corrupt;
            }

            if (lengthBytes <= _syncedBytes)
            {
                return VfsStatus.Ok;
            }

            var status = _file.Sync(dataOnly: true);
            _mustRewrite = status != VfsStatus.Ok;
            _syncedBytes = _mustRewrite ? _syncedBytes : lengthBytes;
            return status;
        }
    }

    /// <summary>Replaces the journal by one that says what holds now; durable when it returns Ok. The caller keeps lines from being appended meanwhile.</summary>
    /// <param name="open">Records whose actions are under way.</param>
    public VfsStatus Rewrite(IReadOnlyList<StagedEntry> entries, IReadOnlyList<JournalRecord> open, long nextId)
    {
        lock (_syncing)
        {
            lock (_appending)
            {
                Forget(_disk, NewPath);
                var status = _disk.Open(NewPath, DiskAccess.CreateNew, PermissionsOfFile, out var file);
                if (status != VfsStatus.Ok)
                {
                    return status;
                }

                byte[] bytes =
                [
                    .. LineOf(new JournalRecord { Header = HeaderOf(_source, nextId) }),
                    .. LineOf(new JournalRecord { Put = [.. entries] }),
                    .. open.SelectMany(LineOf),
                ];
                status = file!.Write(0, bytes, out _);
                status = status == VfsStatus.Ok ? file.Sync(dataOnly: false) : status;
                status = status == VfsStatus.Ok ? _disk.Rename(NewPath, Path, RenameMode.Replace) : status;
                if (status != VfsStatus.Ok)
                {
                    file.Dispose();
                    Forget(_disk, NewPath);
                    return status;
                }

                _file.Dispose();
                (_file, _lengthBytes, _reservedBytes) = (file, bytes.Length, 0);
                status = _disk.SyncFolder(_folder);
                _mustRewrite = status != VfsStatus.Ok;
                _syncedBytes = _mustRewrite ? 0 : bytes.Length;
                return status;
            }
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Takes the header off the records.</summary>
    private static JournalHeader RequireHeader(List<JournalRecord> records, string path)
    {
        if (records is not [{ Header: { } header }, ..])
        {
            throw new IOException($"{path}: is not a journal of emfs, or its first line is damaged; the files beside it are whole");
        }

        if (header.Version != Version)
        {
            throw new IOException($"{path}: was written by another version of emfs (layout {header.Version}, this one knows {Version})");
        }

        records.RemoveAt(0);
        return header;
    }

    private static Journal Create(IDisk disk, string folder, JournalHeader header)
    {
        string path = $"{folder}/{FileName}";
        Require(disk.Open(path, DiskAccess.CreateNew, PermissionsOfFile, out var file), path, "cannot be created");
        byte[] line = LineOf(new JournalRecord { Header = header });
        var status = file!.Write(0, line, out _);
        status = status == VfsStatus.Ok ? file.Sync(dataOnly: false) : status;
        status = status == VfsStatus.Ok ? disk.SyncFolder(folder) : status;
        if (status != VfsStatus.Ok)
        {
            file.Dispose();
            Forget(disk, path);
        }

        Require(status, path, "cannot be written");
        return new Journal(disk, folder, header.Source, file, line.Length);
    }

    private static byte[] ReadAll(IDiskFile file, string path)
    {
        Require(file.Stat(out var stat), path, "cannot be read");
        var bytes = new byte[checked((int)stat.Version.LengthBytes)];
        Require(file.Read(0, bytes, out int lengthBytes), path, "cannot be read");
        return lengthBytes == bytes.Length ? bytes : bytes[..lengthBytes];
    }

    private static List<JournalRecord> Parse(ReadOnlySpan<byte> bytes, out int goodBytes, out bool isDamaged)
    {
        var records = new List<JournalRecord>();
        goodBytes = 0;
        isDamaged = false;
        for (int start = 0; start < bytes.Length;)
        {
            int length = bytes[start..].IndexOf((byte)'\n');
            var record = length < 0 ? null : ParseLine(bytes.Slice(start, length));
            start = length < 0 ? bytes.Length : start + length + 1;
            if (record is null)
            {
                continue;
            }

            if (goodBytes < start - length - 1)
            {
                isDamaged = true;
                break;
            }

            records.Add(record);
            goodBytes = start;
        }

        return records;
    }

    /// <summary>Null for a line that does not count.</summary>
    private static JournalRecord? ParseLine(ReadOnlySpan<byte> line)
    {
        if (line.Length <= ChecksumLength + 1
            || !Utf8Parser.TryParse(line[..ChecksumLength], out uint checksum, out int used, 'x') || used != ChecksumLength
            || Crc32C.Append(0, line[(ChecksumLength + 1)..]) != checksum)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(line[(ChecksumLength + 1)..], JournalJson.Default.JournalRecord);
        }
        catch (JsonException)
        {
            return null; // whole, yet of no meaning here: it counts as little as a torn one
        }
    }

    private static byte[] LineOf(JournalRecord record)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(record, JournalJson.Default.JournalRecord);
        string checksum = Crc32C.Append(0, json).ToString("x8", CultureInfo.InvariantCulture);
        return [.. Encoding.ASCII.GetBytes(checksum), (byte)' ', .. json, (byte)'\n'];
    }

    // Whatever is there under a temporary name, it is of no use; that it is not there is as good.
    private static void Forget(IDisk disk, string path) => _ = disk.Unlink(path);

    private static void Require(VfsStatus status, string path, string what)
    {
        if (status != VfsStatus.Ok)
        {
            throw new IOException($"{path} {what} ({status})");
        }
    }
}
