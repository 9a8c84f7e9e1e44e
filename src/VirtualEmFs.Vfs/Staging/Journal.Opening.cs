using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

internal sealed partial class Journal
{
    /// <summary>Opens the journal of a staging folder, or makes one.</summary>
    /// <param name="header">For a new one.</param>
    /// <param name="records">The lines after the header, up to the first that does not count.</param>
    /// <param name="end">A torn or damaged one stays so until <see cref="Rewrite"/>.</param>
    /// <exception cref="IOException">It cannot be read or made, or belongs to another program or source.</exception>
    public static Journal Open(
        IDisk disk, string folder, JournalHeader header, out List<JournalRecord> records, out JournalHeader found, out JournalEnd end)
    {
        string path = $"{folder}/{FileName}";
        var status = disk.Open(path, DiskAccess.ReadWrite, 0, out var file);
        if (status == VfsStatus.NotFound)
        {
            (records, found, end) = ([], header, JournalEnd.Whole);
            return Create(disk, folder, header);
        }

        Require(status, path, "cannot be opened");
        try
        {
            byte[] bytes = ReadAll(file!, path);
            records = JournalLines.Parse(bytes, out int goodBytes, out end);
            found = RequireHeader(records, path);
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
    public static List<JournalRecord> Read(IDisk disk, string folder, out JournalHeader header, out JournalEnd end)
    {
        string path = $"{folder}/{FileName}";
        Require(disk.Open(path, DiskAccess.Read, 0, out var file), path, "cannot be opened");
        using (file)
        {
            var records = JournalLines.Parse(ReadAll(file!, path), out _, out end);
            header = RequireHeader(records, path);
            return records;
        }
    }

    /// <summary>The header that a staging folder of a source has.</summary>
    public static JournalHeader HeaderOf(string sourcePath, long nextId) => new(Version, sourcePath, nextId);

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
        byte[] line = JournalLines.Of(new JournalRecord { Header = header });
        var status = Replace(disk, folder, line, out var file, out bool isReplaced);
        if (isReplaced && status != VfsStatus.Ok)
        {
            file!.Dispose(); // the next attempt finds it, whole
        }

        Require(status, path, "cannot be created");
        return new Journal(disk, folder, header.Source, file!, line.Length);
    }

    /// <summary>Writes a journal beside the old one, if any, and puts it in its place: no crash leaves half a journal.</summary>
    /// <param name="file">The new one, open, where <paramref name="isReplaced"/>; it is durable under its name when the status is Ok.</param>
    private static VfsStatus Replace(IDisk disk, string folder, ReadOnlySpan<byte> bytes, out IDiskFile? file, out bool isReplaced)
    {
        string newPath = $"{folder}/{NewFileName}";
        isReplaced = false;
        _ = disk.Unlink(newPath); // whatever is there is half a journal; that nothing is there is as good
        var status = disk.Open(newPath, DiskAccess.CreateNew, PermissionsOfFile, out file);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        status = file!.Write(0, bytes, out _);
        status = status == VfsStatus.Ok ? file.Sync(dataOnly: false) : status;
        status = status == VfsStatus.Ok ? disk.Rename(newPath, $"{folder}/{FileName}", RenameMode.Replace) : status;
        isReplaced = status == VfsStatus.Ok;
        if (isReplaced)
        {
            return disk.SyncFolder(folder);
        }

        file.Dispose();
        file = null;
        _ = disk.Unlink(newPath);
        return status;
    }

    private static byte[] ReadAll(IDiskFile file, string path)
    {
        Require(file.Stat(out var stat), path, "cannot be read");
        if (stat.Version.LengthBytes > Array.MaxLength)
        {
            throw new IOException($"{path}: is not a journal of emfs: it has {stat.Version.LengthBytes} bytes");
        }

        var bytes = new byte[stat.Version.LengthBytes];
        Require(file.Read(0, bytes, out int lengthBytes), path, "cannot be read");
        return lengthBytes == bytes.Length ? bytes : bytes[..lengthBytes];
    }

    private static void Require(VfsStatus status, string path, string what)
    {
        if (status != VfsStatus.Ok)
        {
            throw new IOException($"{path} {what} ({status.InWords()})");
        }
    }
}
