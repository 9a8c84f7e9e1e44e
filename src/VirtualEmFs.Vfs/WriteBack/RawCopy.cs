using System.Buffers;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>Copies files with all that programs see of them: bytes, holes, permissions, owner, attributes and times.</summary>
/// <remarks>Any thread; waits for disks.</remarks>
internal static class RawCopy
{
    private const int BufferBytes = 1 << 20;
    private const uint PermissionsWhileWritten = 0x180;
    private const string UserPrefix = "user.";
    private const string OwnPrefix = "user.emfs."; // made up by the mount, and stored nowhere

    /// <summary>Makes a flushed copy of a file; what a failure leaves is the caller's to remove.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static VfsStatus Copy(IDisk disk, string fromPath, string toPath, CancellationToken cancellation)
    {
        var status = disk.Open(fromPath, DiskAccess.Read, 0, out var from);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        using (from)
        {
            status = disk.Open(toPath, DiskAccess.CreateNew, PermissionsWhileWritten, out var to);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            using (to)
            {
                status = from!.Stat(out var stat);
                status = status == VfsStatus.Ok ? CopyBytes(from, to!, stat.Version.LengthBytes, cancellation) : status;
                status = status == VfsStatus.Ok ? MirrorAttributes(disk, fromPath, toPath) : status;
                return status == VfsStatus.Ok ? to!.Sync(dataOnly: false) : status;
            }
        }
    }

    /// <summary>Gives a file the permissions, owner, <c>user.*</c> attributes and times of another; touches nothing that is right already.</summary>
    public static VfsStatus MirrorAttributes(IDisk disk, string fromPath, string toPath)
    {
        var status = disk.Stat(fromPath, out var from);
        status = status == VfsStatus.Ok ? MirrorExtendedAttributes(disk, fromPath, toPath) : status;
        SourceStat to = default;
        status = status == VfsStatus.Ok ? disk.Stat(toPath, out to) : status;
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        if (from.Uid != to.Uid || from.Gid != to.Gid)
        {
            status = FileOwner.Give(disk, null, from.Uid, from.Gid, change => disk.SetAttributes(toPath, change));
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            status = disk.Stat(toPath, out to); // a new owner ends the set-user-id bit
        }

        if (status == VfsStatus.Ok && (from.Permissions != to.Permissions || from.Version.MtimeNs != to.Version.MtimeNs || from.AtimeNs != to.AtimeNs))
        {
            status = disk.SetAttributes(toPath, new AttributeChange(from.Permissions, AtimeNs: from.AtimeNs, MtimeNs: from.Version.MtimeNs));

            // A colleague's archive that shows the same bytes still: its times are its owner's to set.
            bool isOthers = !disk.CanChangeOwner && from.Uid != to.Uid;
            status = isOthers && status is VfsStatus.NotPermitted or VfsStatus.AccessDenied ? VfsStatus.Ok : status;
        }

        return status;
    }

    /// <summary>Makes a closed file durable.</summary>
    public static VfsStatus Flush(IDisk disk, string path)
    {
        var status = disk.Open(path, DiskAccess.Read, 0, out var file);
        using (file)
        {
            return status == VfsStatus.Ok ? file!.Sync(dataOnly: false) : status;
        }
    }

    private static VfsStatus CopyBytes(IDiskFile from, IDiskFile to, long lengthBytes, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var status = VfsStatus.Ok;
            for (long offset = 0; offset < lengthBytes && status == VfsStatus.Ok;)
            {
                long end = NextData(from, ref offset, lengthBytes);
                for (; offset < end && status == VfsStatus.Ok;)
                {
                    cancellation.ThrowIfCancellationRequested();
                    status = from.Read(offset, buffer.AsSpan(0, (int)Math.Min(BufferBytes, end - offset)), out int readBytes);
                    if (status == VfsStatus.Ok && readBytes == 0)
                    {
                        return VfsStatus.Stale; // became shorter
                    }

                    status = status == VfsStatus.Ok ? to.Write(offset, buffer.AsSpan(0, readBytes), out _) : status;
                    offset += readBytes;
                }
            }

            return status == VfsStatus.Ok ? to.SetLength(lengthBytes) : status;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Moves an offset to the next bytes that are not a hole, and returns where those end.</summary>
    private static long NextData(IDiskFile file, ref long offset, long lengthBytes)
    {
        var status = file.Seek(offset, SeekKind.Data, out long data);
        if (status == VfsStatus.NoSuchOffset)
        {
            offset = lengthBytes; // a hole to the end
            return lengthBytes;
        }

        if (status != VfsStatus.Ok)
        {
            return lengthBytes; // this file system knows no holes
        }

        offset = data;
        return file.Seek(data, SeekKind.Hole, out long hole) == VfsStatus.Ok && hole > data ? Math.Min(hole, lengthBytes) : lengthBytes;
    }

    private static VfsStatus MirrorExtendedAttributes(IDisk disk, string fromPath, string toPath)
    {
        // Some file systems have none, and say so.
        IReadOnlyList<string> wanted = disk.ListExtendedAttributes(fromPath, out var names) == VfsStatus.Ok ? [.. names.Where(IsTheUsers)] : [];
        IReadOnlyList<string> present = disk.ListExtendedAttributes(toPath, out names) == VfsStatus.Ok ? [.. names.Where(IsTheUsers)] : [];
        foreach (string name in wanted)
        {
            var status = disk.GetExtendedAttribute(fromPath, name, out byte[] value);
            if (status == VfsStatus.Ok
                && !(present.Contains(name) && disk.GetExtendedAttribute(toPath, name, out byte[] old) == VfsStatus.Ok && value.AsSpan().SequenceEqual(old)))
            {
                status = disk.SetExtendedAttribute(toPath, name, value, ExtendedAttributeMode.CreateOrReplace);
            }

            // Where the other file system holds none, the file goes without, as cp -a has it.
            if (status is not (VfsStatus.Ok or VfsStatus.NoData or VfsStatus.NotSupported))
            {
                return status;
            }
        }

        foreach (string name in present.Except(wanted))
        {
            // What the file's own file system cannot hold, nobody has removed.
            var status = disk.RemoveExtendedAttribute(fromPath, name) == VfsStatus.NotSupported ? VfsStatus.Ok : disk.RemoveExtendedAttribute(toPath, name);
            if (status is not (VfsStatus.Ok or VfsStatus.NoData))
            {
                return status;
            }
        }

        return VfsStatus.Ok;
    }

    private static bool IsTheUsers(string name) =>
        name.StartsWith(UserPrefix, StringComparison.Ordinal) && !name.StartsWith(OwnPrefix, StringComparison.Ordinal);
}
