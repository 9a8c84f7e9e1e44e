using Microsoft.Extensions.Logging;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>What the tree writes to the log.</summary>
internal static partial class TreeLog
{
    [LoggerMessage(EventId = 2001, Level = LogLevel.Warning, Message = "{Path}: {Reason}; shown under its own name")]
    public static partial void ArchiveIsBroken(ILogger logger, string path, string reason);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Error, Message = "{Path}: {Reason}; reads of it fail")]
    public static partial void ArchiveIsDamaged(ILogger logger, string path, string reason);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Error, Message = "{Operation} failed")]
    public static partial void OperationFailed(ILogger logger, string operation, Exception exception);
}
