namespace VirtualEmFs.Mount.Fuse;

/// <summary>Kinds of request, named as in libfuse's table of operations.</summary>
internal enum FuseOperation
{
    Init,
    Lookup,
    Forget,
    Getattr,
    Readlink,
    Opendir,
    Readdir,
    Readdirplus,
    Releasedir,
    Open,
    Read,
    Release,
    Statfs,
    Getxattr,
    Listxattr,
    Lseek,

    Setattr,
    Mknod,
    Mkdir,
    Unlink,
    Rmdir,
    Symlink,
    Rename,
    Link,
    Write,
    Create,
    Setxattr,
    Removexattr,
    Fallocate,
    Fsync,
    Fsyncdir,

    /// <summary>Every operation that changes something, on a read-only mount; refused.</summary>
    Modify,
}
