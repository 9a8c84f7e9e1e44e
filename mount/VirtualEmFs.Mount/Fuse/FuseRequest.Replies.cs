using System.Buffers;
using System.Text;
using VirtualEmFs.Native.Fuse3;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Fuse;

/// <content>Each kind of answer, put into the struct that libfuse sends; libfuse copies what it is given before it returns.</content>
internal sealed unsafe partial class FuseRequest :
    IReply<NodeEntry>, IReply<(NodeAttributes Attributes, TimeSpan Timeout)>, IReply<string>, IReply<ulong>, IReply<OpenedFile>, IReply<long>,
    IReply<byte[]>, IReply<IReadOnlyList<string>>, IReply<IReadOnlyList<DirectoryEntry>>, IReply<FileSystemCapacity>, IReadReply
{
    // What stdio of C programs reads at a time, and the kernel's page: larger would make reading a header decode more than the header.
    private const int PreferredBlockLengthBytes = 4096;

    public void Ok(NodeEntry value)
    {
        if (Claim())
        {
            // SAFETY: a local that outlives the call.
            fuse_entry_param entry = EntryOf(value);
            if (!Finish(Libfuse3.fuse_reply_entry(_req, &entry)))
            {
                Tree.Forget(value.NodeId, 1);
            }
        }
    }

    public void Ok((NodeAttributes Attributes, TimeSpan Timeout) value)
    {
        if (Claim())
        {
            // SAFETY: a local that outlives the call.
            stat attributes = StatOf(value.Attributes);
            Finish(Libfuse3.fuse_reply_attr(_req, &attributes, value.Timeout.TotalSeconds));
        }
    }

    /// <summary>Target of a symbolic link.</summary>
    public void Ok(string value)
    {
        byte[] bytes = PathBytes.Encode(value); // before the claim: what throws after it would leave the reader without an answer
        if (Claim())
        {
            // SAFETY: pinned for the call; ends with a NUL.
            fixed (byte* target = bytes)
            {
                Finish(Libfuse3.fuse_reply_readlink(_req, target));
            }
        }
    }

    /// <summary>Handle of an opened folder.</summary>
    public void Ok(ulong value)
    {
        if (Claim())
        {
            // SAFETY: a local that outlives the call, zero beyond what is set.
            var opened = new fuse_file_info { fh = value };
            if (!Finish(Libfuse3.fuse_reply_open(_req, &opened)))
            {
                Tree.ReleaseDirectory(value);
            }
        }
    }

    public void Ok(OpenedFile value)
    {
        if (Claim())
        {
            // SAFETY: as above.
            fuse_file_info opened = InfoOf(value);
            if (!Finish(Libfuse3.fuse_reply_open(_req, &opened)))
            {
                Tree.Release(value.Handle);
            }
        }
    }

    /// <summary>Offset that a seek found.</summary>
    public void Ok(long value)
    {
        if (Claim())
        {
            Finish(Libfuse3.fuse_reply_lseek(_req, value));
        }
    }

    /// <summary>Value of an extended attribute.</summary>
    public void Ok(byte[] value) => AnswerExtendedAttribute(value);

    /// <summary>Names of extended attributes.</summary>
    public void Ok(IReadOnlyList<string> value)
    {
        var list = new ArrayBufferWriter<byte>();
        foreach (string name in value)
        {
            list.Write(Encoding.UTF8.GetBytes(name));
            list.Write([(byte)0]);
        }

        AnswerExtendedAttribute(list.WrittenSpan);
    }

    public void Ok(IReadOnlyList<DirectoryEntry> value)
    {
        // Before the claim, as above.
        var names = new byte[value.Count][];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = PathBytes.Encode(value[i].Name);
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLengthBytes);
        try
        {
            if (!Claim())
            {
                return;
            }

            // SAFETY: pinned for the calls, which are given its bounds.
            fixed (byte* start = buffer)
            {
                int lengthBytes = Pack(value, names, start, out int packedCount);
                if (!Finish(Libfuse3.fuse_reply_buf(_req, start, (nuint)lengthBytes)) && Operation == FuseOperation.Readdirplus)
                {
                    for (int i = 0; i < packedCount; i++)
                    {
                        if (value[i].Entry is { } entry)
                        {
                            Tree.Forget(entry.NodeId, 1);
                        }
                    }
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Ok(FileSystemCapacity value)
    {
        if (Claim())
        {
            // SAFETY: a local that outlives the call.
            var capacity = new statvfs
            {
                f_bsize = value.BlockLengthBytes,
                f_frsize = value.FragmentLengthBytes,
                f_blocks = value.Blocks,
                f_bfree = value.FreeBlocks,
                f_bavail = value.AvailableBlocks,
                f_files = value.Files,
                f_ffree = value.FreeFiles,
                f_favail = value.FreeFiles,
                f_namemax = value.MaximumNameLength,
            };
            Finish(Libfuse3.fuse_reply_statfs(_req, &capacity));
        }
    }

    /// <summary>Bytes of a read.</summary>
    public void Data(ReadOnlySpan<byte> bytes)
    {
        if (Claim())
        {
            _host.Counters.Read(bytes.Length);

            // SAFETY: pinned for the call, which copies straight into the reader's pages.
            fixed (byte* start = bytes)
            {
                Finish(Libfuse3.fuse_reply_buf(_req, start, (nuint)bytes.Length));
            }
        }
    }

    private void AnswerExtendedAttribute(ReadOnlySpan<byte> bytes)
    {
        if (BufferLengthBytes != 0 && bytes.Length > BufferLengthBytes)
        {
            Fail(VfsStatus.OutOfRange);
        }
        else if (Claim())
        {
            // SAFETY: pinned for the call.
            fixed (byte* start = bytes)
            {
                Finish(BufferLengthBytes == 0
                    ? Libfuse3.fuse_reply_xattr(_req, (nuint)bytes.Length)
                    : Libfuse3.fuse_reply_buf(_req, start, (nuint)bytes.Length));
            }
        }
    }

    // As many entries as the kernel's buffer takes. A reference is counted before the kernel can see it, since it may give it back at once.
    private int Pack(IReadOnlyList<DirectoryEntry> entries, byte[][] names, byte* start, out int packedCount)
    {
        int usedBytes = 0;
        for (packedCount = 0; packedCount < entries.Count; packedCount++)
        {
            DirectoryEntry entry = entries[packedCount];
            var room = (nuint)(BufferLengthBytes - usedBytes);
            nuint neededBytes;

            // SAFETY: the name ends with a NUL and is pinned; the locals outlive the calls; room bounds what is written.
            fixed (byte* name = names[packedCount])
            {
                fuse_entry_param parameters = entry.Entry is { } node
                    ? EntryOf(node)
                    : new fuse_entry_param { attr = new stat { st_ino = entry.Inode, st_mode = (uint)entry.Kind << 12 } };
                neededBytes = Operation == FuseOperation.Readdirplus
                    ? Libfuse3.fuse_add_direntry_plus(_req, start + usedBytes, room, name, &parameters, entry.NextOffset)
                    : Libfuse3.fuse_add_direntry(_req, start + usedBytes, room, name, &parameters.attr, entry.NextOffset);
            }

            if (neededBytes > room)
            {
                break;
            }

            usedBytes += (int)neededBytes;
            if (Operation == FuseOperation.Readdirplus && entry.Entry is { } packed)
            {
                Tree.Retain(packed.NodeId);
            }
        }

        return usedBytes;
    }

    private static fuse_file_info InfoOf(in OpenedFile file) => new()
    {
        fh = file.Handle,
        bits = (file.DirectIo ? fuse_file_info.direct_io : 0) | (file.KeepCache ? fuse_file_info.keep_cache : 0),
    };

    private static fuse_entry_param EntryOf(in NodeEntry entry) => new()
    {
        ino = entry.NodeId,
        attr = StatOf(entry.Attributes),
        attr_timeout = entry.Timeout.TotalSeconds,
        entry_timeout = entry.Timeout.TotalSeconds,
    };

    private static stat StatOf(in NodeAttributes attributes) => new()
    {
        st_ino = attributes.Inode,
        st_nlink = attributes.LinkCount,
        st_mode = ((uint)attributes.Kind << 12) | attributes.Permissions,
        st_uid = attributes.Uid,
        st_gid = attributes.Gid,
        st_rdev = attributes.DeviceNumber,
        st_size = attributes.LengthBytes,
        st_blksize = PreferredBlockLengthBytes,
        st_blocks = attributes.BlockCount,
        st_atim = TimeOf(attributes.AtimeNs),
        st_mtim = TimeOf(attributes.MtimeNs),
        st_ctim = TimeOf(attributes.CtimeNs),
    };

    private static timespec TimeOf(long nanoseconds)
    {
        (long seconds, long rest) = Math.DivRem(nanoseconds, 1_000_000_000);
        return rest < 0
            ? new timespec { tv_sec = seconds - 1, tv_nsec = rest + 1_000_000_000 }
            : new timespec { tv_sec = seconds, tv_nsec = rest };
    }
}
