using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.WriteBack;

namespace VirtualEmFs.Mount.Staging;

/// <summary>Copies raw files out of a staging folder: whole or not at all, and never over a file that is there.</summary>
internal static class RawExport
{
    // What a copy that was cut short has, until the next attempt.
    private const string PartExtension = ".emfs-part";

    /// <summary>Copies a raw file with its times, permissions and attributes, and makes the copy durable.</summary>
    /// <returns><see cref="VfsStatus.AlreadyExists"/> when there is a file.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static VfsStatus Copy(IDisk disk, string rawPath, string path, CancellationToken cancellation) =>
        Copy(disk, rawPath, path + PartExtension, path, cancellation);

    /// <inheritdoc cref="Copy(IDisk, string, string, CancellationToken)"/>
    /// <param name="partPath">Where the copy comes into being, in the same folder.</param>
    public static VfsStatus Copy(IDisk disk, string rawPath, string partPath, string path, CancellationToken cancellation)
    {
        // Before gigabytes are copied; the rename below is what guards.
        if (disk.Stat(path, out _) == VfsStatus.Ok)
        {
            return VfsStatus.AlreadyExists;
        }

        var status = disk.Unlink(partPath);
        status = status is VfsStatus.Ok or VfsStatus.NotFound ? VfsStatus.Ok : status;
        bool isKept = false;
        try
        {
            status = status == VfsStatus.Ok ? RawCopy.Copy(disk, rawPath, partPath, cancellation) : status;
            status = status == VfsStatus.Ok ? disk.Rename(partPath, path, RenameMode.KeepExisting) : status;
            isKept = status == VfsStatus.Ok;
            return isKept ? disk.SyncFolder(Path.GetDirectoryName(path)!) : status;
        }
        finally
        {
            if (!isKept)
            {
                _ = disk.Unlink(partPath);
            }
        }
    }
}
