using System.Runtime.InteropServices;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Native.Fuse3;

/// <summary>
/// struct fuse_lowlevel_ops as release 3.14 has it: 44 function pointers. Later releases add at the end, and take a shorter table by its length.
/// A null pointer is an operation that libfuse answers itself (ENOSYS, or for open and opendir: allowed).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct fuse_lowlevel_ops
{
    public delegate* unmanaged[Cdecl]<nint, fuse_conn_info*, void> init;
    public delegate* unmanaged[Cdecl]<nint, void> destroy;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, void> lookup;
    public delegate* unmanaged[Cdecl]<nint, ulong, ulong, void> forget;
    public delegate* unmanaged[Cdecl]<nint, ulong, fuse_file_info*, void> getattr;
    public delegate* unmanaged[Cdecl]<nint, ulong, stat*, int, fuse_file_info*, void> setattr;
    public delegate* unmanaged[Cdecl]<nint, ulong, void> readlink;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, uint, ulong, void> mknod;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, uint, void> mkdir;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, void> unlink;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, void> rmdir;
    public delegate* unmanaged[Cdecl]<nint, byte*, ulong, byte*, void> symlink;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, ulong, byte*, uint, void> rename;
    public delegate* unmanaged[Cdecl]<nint, ulong, ulong, byte*, void> link;
    public delegate* unmanaged[Cdecl]<nint, ulong, fuse_file_info*, void> open;
    public delegate* unmanaged[Cdecl]<nint, ulong, nuint, long, fuse_file_info*, void> read;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, nuint, long, fuse_file_info*, void> write;
    public delegate* unmanaged[Cdecl]<nint, ulong, fuse_file_info*, void> flush;
    public delegate* unmanaged[Cdecl]<nint, ulong, fuse_file_info*, void> release;
    public delegate* unmanaged[Cdecl]<nint, ulong, int, fuse_file_info*, void> fsync;
    public delegate* unmanaged[Cdecl]<nint, ulong, fuse_file_info*, void> opendir;
    public delegate* unmanaged[Cdecl]<nint, ulong, nuint, long, fuse_file_info*, void> readdir;
    public delegate* unmanaged[Cdecl]<nint, ulong, fuse_file_info*, void> releasedir;
    public delegate* unmanaged[Cdecl]<nint, ulong, int, fuse_file_info*, void> fsyncdir;
    public delegate* unmanaged[Cdecl]<nint, ulong, void> statfs;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, byte*, nuint, int, void> setxattr;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, nuint, void> getxattr;
    public delegate* unmanaged[Cdecl]<nint, ulong, nuint, void> listxattr;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, void> removexattr;
    public void* access;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, uint, fuse_file_info*, void> create;
    public void* getlk;
    public void* setlk;
    public void* bmap;
    public void* ioctl;
    public void* poll;
    public void* write_buf;
    public void* retrieve_reply;
    public delegate* unmanaged[Cdecl]<nint, nuint, fuse_forget_data*, void> forget_multi;
    public void* flock;
    public delegate* unmanaged[Cdecl]<nint, ulong, int, long, long, fuse_file_info*, void> fallocate;
    public delegate* unmanaged[Cdecl]<nint, ulong, nuint, long, fuse_file_info*, void> readdirplus;
    public void* copy_file_range;
    public delegate* unmanaged[Cdecl]<nint, ulong, long, int, fuse_file_info*, void> lseek;
}
