using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Libc;

// Layouts of glibc on x86-64.

/// <summary>struct timespec.</summary>
internal struct timespec
{
    public long tv_sec;
    public long tv_nsec;
}

/// <summary>struct stat.</summary>
[StructLayout(LayoutKind.Explicit, Size = 144)]
internal struct stat
{
    [FieldOffset(0)] public ulong st_dev;
    [FieldOffset(8)] public ulong st_ino;
    [FieldOffset(16)] public ulong st_nlink;
    [FieldOffset(24)] public uint st_mode;
    [FieldOffset(28)] public uint st_uid;
    [FieldOffset(32)] public uint st_gid;
    [FieldOffset(40)] public ulong st_rdev;
    [FieldOffset(48)] public long st_size;
    [FieldOffset(56)] public long st_blksize;
    [FieldOffset(64)] public long st_blocks;
    [FieldOffset(72)] public timespec st_atim;
    [FieldOffset(88)] public timespec st_mtim;
    [FieldOffset(104)] public timespec st_ctim;
}

/// <summary>struct statvfs.</summary>
[StructLayout(LayoutKind.Explicit, Size = 112)]
internal struct statvfs
{
    [FieldOffset(0)] public ulong f_bsize;
    [FieldOffset(8)] public ulong f_frsize;
    [FieldOffset(16)] public ulong f_blocks;
    [FieldOffset(24)] public ulong f_bfree;
    [FieldOffset(32)] public ulong f_bavail;
    [FieldOffset(40)] public ulong f_files;
    [FieldOffset(48)] public ulong f_ffree;
    [FieldOffset(56)] public ulong f_favail;
    [FieldOffset(64)] public ulong f_fsid;
    [FieldOffset(72)] public ulong f_flag;
    [FieldOffset(80)] public ulong f_namemax;
}
