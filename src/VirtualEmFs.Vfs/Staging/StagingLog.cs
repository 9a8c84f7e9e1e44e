using Microsoft.Extensions.Logging;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>What staging writes to the log.</summary>
internal static partial class StagingLog
{
    [LoggerMessage(EventId = 3001, Level = LogLevel.Error, Message = "{Path} in the source could not be changed ({Status}); it is tried again")]
    public static partial void ActionFailed(ILogger logger, string path, string status);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Error, Message = "the journal in {Folder} could not be written ({Status})")]
    public static partial void JournalRefused(ILogger logger, string folder, string status);

    [LoggerMessage(EventId = 3003, Level = LogLevel.Warning, Message = "{Path} was staged, and its raw file is gone: it was never flushed, or somebody else removed it")]
    public static partial void RawIsMissing(ILogger logger, string path);

    [LoggerMessage(EventId = 3004, Level = LogLevel.Error, Message = "the journal in {Folder} is new, damaged or torn; {Count} raw files that it does not name were moved to {Orphans}")]
    public static partial void OrphansWereMoved(ILogger logger, string folder, int count, string orphans);

    [LoggerMessage(EventId = 3005, Level = LogLevel.Information, Message = "{Count} staged files found in {Folder}")]
    public static partial void Recovered(ILogger logger, int count, string folder);

    [LoggerMessage(EventId = 3006, Level = LogLevel.Warning, Message = "{Path}, which tells other mounts what is staged here, could not be written ({Status})")]
    public static partial void NamesNotPublished(ILogger logger, string path, string status);

    [LoggerMessage(EventId = 3008, Level = LogLevel.Error, Message = "{Path} in the source could not be changed ({Status}), and stays as it is")]
    public static partial void ActionIsGivenUp(ILogger logger, string path, string status);

    [LoggerMessage(EventId = 3007, Level = LogLevel.Warning, Message = "{Path} in the source was gone, though files are staged in it; making it anew: {Status}")]
    public static partial void FolderWasMissing(ILogger logger, string path, string status);
}
