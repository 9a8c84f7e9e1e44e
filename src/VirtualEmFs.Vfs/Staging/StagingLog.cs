using Microsoft.Extensions.Logging;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>What staging writes to the log.</summary>
internal static partial class StagingLog
{
    [LoggerMessage(EventId = 3001, Level = LogLevel.Error, Message = "{Path} in the source could not be changed ({Status}); the next mount tries again")]
    public static partial void ActionFailed(ILogger logger, string path, VfsStatus status);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Error, Message = "the journal in {Folder} could not be written ({Status})")]
    public static partial void JournalRefused(ILogger logger, string folder, VfsStatus status);

    [LoggerMessage(EventId = 3003, Level = LogLevel.Warning, Message = "{Path} was staged, and its raw file is gone ({Status}); nothing of it was ever flushed")]
    public static partial void RawIsMissing(ILogger logger, string path, VfsStatus status);

    [LoggerMessage(EventId = 3004, Level = LogLevel.Error, Message = "the journal in {Folder} is damaged; raw files that it does not name were moved to {Orphans}")]
    public static partial void JournalIsDamaged(ILogger logger, string folder, string orphans);

    [LoggerMessage(EventId = 3005, Level = LogLevel.Information, Message = "{Count} staged files found in {Folder}")]
    public static partial void Recovered(ILogger logger, int count, string folder);

    [LoggerMessage(EventId = 3006, Level = LogLevel.Warning, Message = "{Path}, which tells other mounts what is staged here, could not be written ({Status})")]
    public static partial void NamesNotPublished(ILogger logger, string path, VfsStatus status);
}
