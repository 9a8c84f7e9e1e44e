namespace VirtualEmFs.Vfs;

/// <summary>What outcomes are called where people read them: in messages and in the log.</summary>
internal static class VfsStatusWords
{
    public static string InWords(this VfsStatus status) => status switch
    {
        VfsStatus.Ok => "it worked",
        VfsStatus.NotFound => "it is not there",
        VfsStatus.NotDirectory => "a part of its path is not a folder",
        VfsStatus.IsDirectory => "a folder is there",
        VfsStatus.AlreadyExists => "something of that name is there already",
        VfsStatus.NotEmpty => "the folder is not empty",
        VfsStatus.ReadOnly => "the file system is read-only",
        VfsStatus.AccessDenied or VfsStatus.NotPermitted => "permission denied",
        VfsStatus.NameTooLong => "the name is too long",
        VfsStatus.FileTooLarge => "the file is too large for the disk",
        VfsStatus.NoSpace => "no space left",
        VfsStatus.QuotaExceeded => "quota exceeded",
        VfsStatus.OutOfMemory => "out of memory",
        VfsStatus.TooManyOpenFiles => "too many open files",
        VfsStatus.TooManyLinks => "too many links",
        VfsStatus.Stale => "it has changed meanwhile",
        VfsStatus.Corrupt => "the disk failed",
        VfsStatus.Interrupted => "interrupted",
        VfsStatus.Busy => "it is in use",
        VfsStatus.CrossDevice => "it is on another file system",
        VfsStatus.NotSupported or VfsStatus.NotImplemented => "the file system cannot do this",
        _ => $"the disk answered {status}",
    };
}
