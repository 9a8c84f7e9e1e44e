using System.Buffers;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>
/// The append-only list of what happened to the names of a staging folder, as <see cref="JournalLines"/> writes it. A line counts when its
/// checksum is right, so a power cut costs at most the lines after the last <see cref="Sync"/>.
/// </summary>
/// <remarks>
/// Any thread. A file of lines and not a database: each change is one write, one flush covers everybody who waits, and a person can
/// read it when nothing else works.
/// </remarks>
internal sealed partial class Journal : IDisposable
{
    /// <summary>File name in the staging folder.</summary>
    public const string FileName = "journal";

    /// <summary>File name of one that is being written, until it takes the place of the old.</summary>
    public const string NewFileName = FileName + ".new";

    private const int Version = 1;
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
    private long _longAboveBytes; // guarded by _appending; of lines that all count, or that could not be written anew, it is not long
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
            return _lengthBytes > Math.Max(CompactionBytes + (entryCount * BytesPerEntry), _longAboveBytes);
        }
    }

    /// <summary>Adds a line; it survives the end of the process at once, and a power cut after <see cref="Sync"/>.</summary>
    /// <returns>The disk's refusal; the line then does not count.</returns>
    public VfsStatus Append(JournalRecord record)
    {
        byte[] line = JournalLines.Of(record);
        lock (_appending)
        {
            if (_lengthBytes + line.Length > _reservedBytes
                && _file.Allocate(AllocationMode.KeepLength, _lengthBytes, ReservedBytes + line.Length) is VfsStatus.Ok or VfsStatus.NotSupported)
            {
                // Where room cannot be reserved, the write tells.
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
            _reservedBytes = 0;
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

    /// <summary>Replaces the journal by other records, after a header; durable when it returns Ok. The caller keeps lines from being appended meanwhile.</summary>
    /// <param name="records">What holds now, and what is under way.</param>
    public VfsStatus Rewrite(IEnumerable<JournalRecord> records, long nextId)
    {
        lock (_syncing)
        {
            lock (_appending)
            {
                var lines = new ArrayBufferWriter<byte>();
                lines.Write(JournalLines.Of(new JournalRecord { Header = HeaderOf(_source, nextId) }));
                foreach (var record in records)
                {
                    lines.Write(JournalLines.Of(record));
                }

                var status = Replace(_disk, _folder, lines.WrittenSpan, out var file, out bool isReplaced);
                _longAboveBytes = isReplaced ? 2L * lines.WrittenCount : _lengthBytes + CompactionBytes;
                if (isReplaced)
                {
                    _file.Dispose();
                    (_file, _lengthBytes, _reservedBytes) = (file!, lines.WrittenCount, 0);

                    // Until the folder is flushed, a power cut brings the old one back, without what was appended since.
                    _mustRewrite = status != VfsStatus.Ok;
                    _syncedBytes = _mustRewrite ? 0 : lines.WrittenCount;
                }

                return status;
            }
        }
    }

    public void Dispose() => _file.Dispose();
}
