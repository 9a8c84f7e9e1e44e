namespace VirtualEmFs.Mount;

/// <summary>Exit codes of <c>emfs</c>: one number for each way that a command fails.</summary>
public enum ExitCode
{
    Success = 0,

    /// <summary>The command ran and found faults, such as <c>verify</c> on a damaged archive.</summary>
    Failure = 1,

    /// <summary>The command line cannot be understood.</summary>
    Usage = 2,

    /// <summary>The source folder is missing or cannot be read.</summary>
    SourceUnusable = 10,

    /// <summary>The mount point is missing, no folder, not empty, or already mounted.</summary>
    MountPointUnusable = 11,

    /// <summary>/dev/fuse, libfuse or fusermount3 is missing.</summary>
    FuseUnavailable = 12,

    /// <summary>Source and mount point lie inside one another.</summary>
    Overlap = 13,

    /// <summary>The system does not allow what was asked, such as --allow-other.</summary>
    NotAllowed = 14,

    /// <summary>The kernel or libfuse refused the mount.</summary>
    MountFailed = 15,

    /// <summary>The mount is in use, and stays mounted.</summary>
    Busy = 16,

    /// <summary>There is no mount of emfs there.</summary>
    NotMounted = 17,

    /// <summary>Another mount owns the staging folder or the source.</summary>
    Owned = 18,

    /// <summary>The staging folder is missing, no staging folder, or cannot be used.</summary>
    StagingUnusable = 19,

    /// <summary>A mistake in emfs itself.</summary>
    InternalError = 70,

    /// <summary>Ended by SIGINT or SIGTERM; nothing half done is left.</summary>
    Interrupted = 130,
}
