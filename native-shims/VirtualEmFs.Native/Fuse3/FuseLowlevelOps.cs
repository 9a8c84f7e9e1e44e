using System.Runtime.InteropServices;

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
    public void* setattr;
    public delegate* unmanaged[Cdecl]<nint, ulong, void> readlink;
    public void* mknod;
    public void* mkdir;
    public void* unlink;
    public void* rmdir;
    public void* symlink;
    public void* rename;
    public void* link;
    public delegate* unmanaged[Cdecl]<nint, ulong, fuse_file_info*, void> open;
    public delegate* unmanaged[Cdecl]<nint, ulong, nuint, long, fuse_file_info*, void> read;
    public void* write;
    public void* flush;
    public delegate* unmanaged[Cdecl]<nint, ulong, fuse_file_info*, void> release;
    public void* fsync;
    public delegate* unmanaged[Cdecl]<nint, ulong, fuse_file_info*, void> opendir;
    public delegate* unmanaged[Cdecl]<nint, ulong, nuint, long, fuse_file_info*, void> readdir;
    public delegate* unmanaged[Cdecl]<nint, ulong, fuse_file_info*, void> releasedir;
    public void* fsyncdir;
    public delegate* unmanaged[Cdecl]<nint, ulong, void> statfs;
    public void* setxattr;
    public delegate* unmanaged[Cdecl]<nint, ulong, byte*, nuint, void> getxattr;
    public delegate* unmanaged[Cdecl]<nint, ulong, nuint, void> listxattr;
    public void* removexattr;
    public void* access;
    public void* create;
    public void* getlk;
    public void* setlk;
    public void* bmap;
    public void* ioctl;
    public void* poll;
    public void* write_buf;
    public void* retrieve_reply;
    public delegate* unmanaged[Cdecl]<nint, nuint, fuse_forget_data*, void> forget_multi;
    public void* flock;
    public void* fallocate;
    public delegate* unmanaged[Cdecl]<nint, ulong, nuint, long, fuse_file_info*, void> readdirplus;
    public void* copy_file_range;
    public delegate* unmanaged[Cdecl]<nint, ulong, long, int, fuse_file_info*, void> lseek;
}
