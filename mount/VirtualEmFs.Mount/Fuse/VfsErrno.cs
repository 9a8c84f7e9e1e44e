using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>The one table between the tree's outcomes and Linux's error numbers, in both directions.</summary>
internal static class VfsErrno
{
    /// <summary>The error number that the kernel gets.</summary>
    public static int Of(VfsStatus status) => status switch
    {
        VfsStatus.Ok => 0,
        VfsStatus.NotFound => Errno.ENOENT,
        VfsStatus.NotDirectory => Errno.ENOTDIR,
        VfsStatus.IsDirectory => Errno.EISDIR,
        VfsStatus.AlreadyExists => Errno.EEXIST,
        VfsStatus.NotEmpty => Errno.ENOTEMPTY,
        VfsStatus.ReadOnly => Errno.EROFS,
        VfsStatus.AccessDenied => Errno.EACCES,
        VfsStatus.NotPermitted => Errno.EPERM,
        VfsStatus.InvalidHandle => Errno.EBADF,
        VfsStatus.InvalidArgument => Errno.EINVAL,
        VfsStatus.NameTooLong => Errno.ENAMETOOLONG,
        VfsStatus.FileTooLarge => Errno.EFBIG,
        VfsStatus.NoSpace => Errno.ENOSPC,
        VfsStatus.QuotaExceeded => Errno.EDQUOT,
        VfsStatus.OutOfMemory => Errno.ENOMEM,
        VfsStatus.TooManyOpenFiles => Errno.EMFILE,
        VfsStatus.TooManyLinks => Errno.EMLINK,
        VfsStatus.Stale => Errno.ESTALE,
        VfsStatus.Corrupt => Errno.EIO,
        VfsStatus.Interrupted => Errno.EINTR,
        VfsStatus.Busy => Errno.EBUSY,
        VfsStatus.CrossDevice => Errno.EXDEV,
        VfsStatus.NoData => Errno.ENODATA,
        VfsStatus.OutOfRange => Errno.ERANGE,
        VfsStatus.NoSuchOffset => Errno.ENXIO,
        VfsStatus.NotSupported => Errno.EOPNOTSUPP,
        VfsStatus.NotImplemented => Errno.ENOSYS,
        _ => Errno.EIO,
    };

    /// <summary>What a failed system call on the source means to the tree; a number that is not listed is a disk that failed.</summary>
    public static VfsStatus ToStatus(int errno) => errno switch
    {
        0 => VfsStatus.Ok,
        Errno.ENOENT => VfsStatus.NotFound,
        Errno.ELOOP => VfsStatus.NotFound, // a chain of links that never ends leads to nothing
        Errno.ENOTDIR => VfsStatus.NotDirectory,
        Errno.EISDIR => VfsStatus.IsDirectory,
        Errno.EEXIST => VfsStatus.AlreadyExists,
        Errno.ENOTEMPTY => VfsStatus.NotEmpty,
        Errno.EROFS => VfsStatus.ReadOnly,
        Errno.EACCES => VfsStatus.AccessDenied,
        Errno.EPERM => VfsStatus.NotPermitted,
        Errno.EBADF => VfsStatus.InvalidHandle,
        Errno.EINVAL => VfsStatus.InvalidArgument,
        Errno.ENAMETOOLONG => VfsStatus.NameTooLong,
        Errno.EFBIG => VfsStatus.FileTooLarge,
        Errno.ENOSPC => VfsStatus.NoSpace,
        Errno.EDQUOT => VfsStatus.QuotaExceeded,
        Errno.ENOMEM => VfsStatus.OutOfMemory,
        Errno.EMFILE or Errno.ENFILE => VfsStatus.TooManyOpenFiles,
        Errno.EMLINK => VfsStatus.TooManyLinks,
        Errno.ESTALE => VfsStatus.Stale,
        Errno.EINTR => VfsStatus.Interrupted,
        Errno.EBUSY => VfsStatus.Busy,
        Errno.EXDEV => VfsStatus.CrossDevice,
        Errno.ENODATA => VfsStatus.NoData,
        Errno.ERANGE => VfsStatus.OutOfRange,
        Errno.ENXIO => VfsStatus.NoSuchOffset,
        Errno.EOPNOTSUPP => VfsStatus.NotSupported,
        Errno.ENOSYS => VfsStatus.NotImplemented,
        _ => VfsStatus.Corrupt,
    };
}
