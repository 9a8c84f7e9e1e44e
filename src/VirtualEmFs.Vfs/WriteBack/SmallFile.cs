using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>Folders of files of one JSON value each in the staging folder.</summary>
/// <remarks>Any thread.</remarks>
internal static class SmallFile
{
    // A path has 4,096 bytes at most, and escaping makes four of one.
    private const int LongestBytes = 1 << 16;

    // Their owner's alone: files of several users are named there.
    private const uint PermissionsOfFolder = 0x1C0;
    private const uint PermissionsOfFile = 0x180;

    /// <summary>Makes a folder in the staging folder, durable with its name.</summary>
    /// <param name="isMade">Set once it is: then nothing is to be done.</param>
    public static VfsStatus MakeFolder(IDisk disk, string stagingFolder, string name, ref bool isMade)
    {
        if (Volatile.Read(ref isMade))
        {
            return VfsStatus.Ok;
        }

        var status = disk.MakeFolder($"{stagingFolder}/{name}", PermissionsOfFolder);
        status = status is VfsStatus.Ok or VfsStatus.AlreadyExists ? disk.SyncFolder(stagingFolder) : status;
        Volatile.Write(ref isMade, status == VfsStatus.Ok);
        return status;
    }

    /// <summary>Writes and flushes a file in place of what is there. Its name is not durable yet.</summary>
    public static VfsStatus Write<T>(IDisk disk, string path, T value, JsonTypeInfo<T> type)
    {
        _ = disk.Unlink(path);
        var status = disk.Open(path, DiskAccess.CreateNew, PermissionsOfFile, out var file);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        using (file)
        {
            status = file!.Write(0, JsonSerializer.SerializeToUtf8Bytes(value, type), out _);
            status = status == VfsStatus.Ok ? file.Sync(dataOnly: false) : status;
        }

        if (status != VfsStatus.Ok)
        {
            _ = disk.Unlink(path);
        }

        return status;
    }

    /// <summary>False when it cannot be read, or was torn by a power cut.</summary>
    public static bool TryRead<T>(IDisk disk, string path, JsonTypeInfo<T> type, [NotNullWhen(true)] out T? value)
        where T : class
    {
        value = null;
        if (disk.Open(path, DiskAccess.Read, 0, out var file) != VfsStatus.Ok)
        {
            return false;
        }

        using (file)
        {
            if (file!.Stat(out var stat) != VfsStatus.Ok || stat.Version.LengthBytes > LongestBytes)
            {
                return false;
            }

            var bytes = new byte[stat.Version.LengthBytes];
            if (file.Read(0, bytes, out int lengthBytes) != VfsStatus.Ok)
            {
                return false;
            }

            try
            {
                value = JsonSerializer.Deserialize(bytes.AsSpan(0, lengthBytes), type);
            }
            catch (JsonException)
            {
                // Torn: as good as not there.
            }

            return value is not null;
        }
    }
}
