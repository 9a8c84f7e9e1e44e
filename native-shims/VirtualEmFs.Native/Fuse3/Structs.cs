using System.Runtime.InteropServices;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Native.Fuse3;

// Layouts of x86-64 Linux. Where a struct of libfuse grew between releases, only the prefix that all releases share is declared, and it is
// reached through a pointer; a struct that is passed to libfuse is padded to the longest release's length.

/// <summary>struct fuse_entry_param.</summary>
[StructLayout(LayoutKind.Explicit, Size = 176)]
internal struct fuse_entry_param
{
    [FieldOffset(0)] public ulong ino;
    [FieldOffset(8)] public ulong generation;
    [FieldOffset(16)] public stat attr;
    [FieldOffset(160)] public double attr_timeout;
    [FieldOffset(168)] public double entry_timeout;
}

/// <summary>
/// struct fuse_file_info: 40 bytes up to release 3.16, 64 from 3.17 on. The bits after <see cref="keep_cache"/> moved in 3.15 and back in 3.17;
/// these two never did, and no other is used.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct fuse_file_info
{
    /// <summary>Bit of <see cref="bits"/>: the kernel keeps no pages of this open file.</summary>
    public const uint direct_io = 1 << 1;

    /// <summary>Bit of <see cref="bits"/>: the pages that the kernel has are still right.</summary>
    public const uint keep_cache = 1 << 2;

    /// <summary>O_ flags of open(2).</summary>
    [FieldOffset(0)] public int flags;
    [FieldOffset(4)] public uint bits;
    [FieldOffset(16)] public ulong fh;
    [FieldOffset(24)] public ulong lock_owner;
}

/// <summary>struct fuse_conn_info, the prefix that every release 3.x has; only ever reached through libfuse's own pointer.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct fuse_conn_info
{
    public const uint FUSE_CAP_ASYNC_READ = 1u << 0;
    public const uint FUSE_CAP_ATOMIC_O_TRUNC = 1u << 3;
    public const uint FUSE_CAP_SPLICE_WRITE = 1u << 7;
    public const uint FUSE_CAP_SPLICE_MOVE = 1u << 8;
    public const uint FUSE_CAP_SPLICE_READ = 1u << 9;
    public const uint FUSE_CAP_AUTO_INVAL_DATA = 1u << 12;
    public const uint FUSE_CAP_READDIRPLUS = 1u << 13;
    public const uint FUSE_CAP_READDIRPLUS_AUTO = 1u << 14;
    public const uint FUSE_CAP_ASYNC_DIO = 1u << 15;
    public const uint FUSE_CAP_WRITEBACK_CACHE = 1u << 16;
    public const uint FUSE_CAP_PARALLEL_DIROPS = 1u << 18;
    public const uint FUSE_CAP_HANDLE_KILLPRIV = 1u << 20;
    public const uint FUSE_CAP_CACHE_SYMLINKS = 1u << 23;

    public uint proto_major;
    public uint proto_minor;
    public uint max_write;
    public uint max_read;
    public uint max_readahead;

    /// <summary>What the kernel can do.</summary>
    public uint capable;

    /// <summary>What this file system asks for; filled with libfuse's own choice.</summary>
    public uint want;
    public uint max_background;
    public uint congestion_threshold;
    public uint time_gran;
}

/// <summary>struct fuse_ctx, its stable prefix: who asks.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct fuse_ctx
{
    public uint uid;
    public uint gid;
    public int pid;
    public uint umask;
}

/// <summary>Bits of setattr's to_set: which attributes the kernel wants changed.</summary>
internal static class FuseSetAttr
{
    public const int FUSE_SET_ATTR_MODE = 1 << 0;
    public const int FUSE_SET_ATTR_UID = 1 << 1;
    public const int FUSE_SET_ATTR_GID = 1 << 2;
    public const int FUSE_SET_ATTR_SIZE = 1 << 3;
    public const int FUSE_SET_ATTR_ATIME = 1 << 4;
    public const int FUSE_SET_ATTR_MTIME = 1 << 5;
    public const int FUSE_SET_ATTR_ATIME_NOW = 1 << 7;
    public const int FUSE_SET_ATTR_MTIME_NOW = 1 << 8;
}

/// <summary>struct fuse_forget_data.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct fuse_forget_data
{
    public ulong ino;
    public ulong nlookup;
}

/// <summary>struct fuse_args.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal unsafe struct fuse_args
{
    [FieldOffset(0)] public int argc;
    [FieldOffset(8)] public byte** argv;
    [FieldOffset(16)] public int allocated;
}

/// <summary>struct fuse_buf, 40 bytes up to 3.16, 48 from 3.17 on (mem_size).</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct fuse_buf
{
    [FieldOffset(0)] public nuint size;
    [FieldOffset(8)] public int flags;
    [FieldOffset(16)] public void* mem;
    [FieldOffset(24)] public int fd;
    [FieldOffset(32)] public long pos;
}
