using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Libc;

/// <summary>A time of <see cref="Statx"/>: struct statx_timestamp.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct StatxTimestamp
{
    public long tv_sec;
    public uint tv_nsec;
    private readonly int _reserved;

    /// <summary>Nanoseconds since 1970; times beyond the year 2262 stop there.</summary>
    public readonly long Nanoseconds =>
        (long)Int128.Clamp(((Int128)tv_sec * 1_000_000_000) + tv_nsec, long.MinValue, long.MaxValue);
}

/// <summary>Attributes of a file as statx(2) gives them: struct statx of linux/stat.h.</summary>
[StructLayout(LayoutKind.Sequential, Size = LengthBytes)]
public struct Statx
{
    /// <summary>sizeof(struct statx): fixed by the kernel's interface.</summary>
    public const int LengthBytes = 256;

    public uint stx_mask;
    public uint stx_blksize;
    public ulong stx_attributes;
    public uint stx_nlink;
    public uint stx_uid;
    public uint stx_gid;
    public ushort stx_mode;
    private readonly ushort _spare0;
    public ulong stx_ino;
    public ulong stx_size;
    public ulong stx_blocks;
    public ulong stx_attributes_mask;
    public StatxTimestamp stx_atime;
    public StatxTimestamp stx_btime;
    public StatxTimestamp stx_ctime;
    public StatxTimestamp stx_mtime;
    public uint stx_rdev_major;
    public uint stx_rdev_minor;
    public uint stx_dev_major;
    public uint stx_dev_minor;
    public ulong stx_mnt_id;

    /// <summary>st_dev as major·2^32 + minor.</summary>
    public readonly ulong Device => ((ulong)stx_dev_major << 32) | stx_dev_minor;

    /// <summary>The type bits of st_mode (S_IFMT).</summary>
    public readonly int FileType => stx_mode & 0xF000;

    /// <summary>True for a folder.</summary>
    public readonly bool IsFolder => FileType == 0x4000;

    /// <summary>True for a regular file.</summary>
    public readonly bool IsRegularFile => FileType == 0x8000;
}
