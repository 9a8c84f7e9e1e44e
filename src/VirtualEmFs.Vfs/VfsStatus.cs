namespace VirtualEmFs.Vfs;

/// <summary>Outcomes that a kernel expects. Each host maps them to its own numbers in one table.</summary>
public enum VfsStatus
{
    Ok,
    NotFound,
    NotDirectory,
    IsDirectory,
    AlreadyExists,
    NotEmpty,
    ReadOnly,
    AccessDenied,
    NotPermitted,
    InvalidHandle,
    InvalidArgument,
    NameTooLong,
    FileTooLarge,
    NoSpace,
    QuotaExceeded,
    OutOfMemory,
    TooManyOpenFiles,
    TooManyLinks,

    /// <summary>The file changed under the node or handle; the kernel looks up again.</summary>
    Stale,

    /// <summary>Damaged data, or a disk that failed: EIO.</summary>
    Corrupt,
    Interrupted,
    Busy,
    CrossDevice,

    /// <summary>No such extended attribute.</summary>
    NoData,

    /// <summary>The caller's buffer is too small (extended attributes).</summary>
    OutOfRange,

    /// <summary>Seek past the last data or hole: ENXIO.</summary>
    NoSuchOffset,
    NotSupported,
    NotImplemented,
}
