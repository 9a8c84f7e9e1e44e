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

    /// <summary>Every operation that changes something; refused here.</summary>
    Modify,
}
