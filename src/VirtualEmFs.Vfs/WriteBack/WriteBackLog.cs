using Microsoft.Extensions.Logging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>What the write-back writes to the log.</summary>
internal static partial class WriteBackLog
{
    [LoggerMessage(EventId = 4001, Level = LogLevel.Information, Message = "{Path}: archived, {RawBytes} bytes in {ArchiveBytes} ({Rule}, {Bits} bits)")]
    public static partial void Archived(ILogger logger, string path, long rawBytes, long archiveBytes, string rule, int bits);

    [LoggerMessage(EventId = 4002, Level = LogLevel.Information, Message = "{Path}: stays raw: {Reason}")]
    public static partial void KeptRaw(ILogger logger, string path, string reason);

    [LoggerMessage(EventId = 4003, Level = LogLevel.Warning, Message = "{Path}: not archived yet: {Reason}; it stays staged and is tried again")]
    public static partial void Failed(ILogger logger, string path, string reason);

    [LoggerMessage(EventId = 4004, Level = LogLevel.Error, Message = "{Path}: parked: {Reason}; it stays staged, readable and writable")]
    public static partial void Parked(ILogger logger, string path, string reason);

    [LoggerMessage(EventId = 4005, Level = LogLevel.Information, Message = "{Path}: would be archived, {RawBytes} bytes in {ArchiveBytes} ({Rule}, {Bits} bits)")]
    public static partial void Forecast(ILogger logger, string path, long rawBytes, long archiveBytes, string rule, int bits);

    [LoggerMessage(EventId = 4006, Level = LogLevel.Warning, Message = "{Path}: was removed from the source, or replaced there, by another program while it waited to be archived: what is there stays as it is")]
    public static partial void RemovedByOthers(ILogger logger, string path);

    [LoggerMessage(EventId = 4007, Level = LogLevel.Error, Message = "{What} failed")]
    public static partial void OperationFailed(ILogger logger, string what, Exception exception);

    [LoggerMessage(EventId = 4008, Level = LogLevel.Warning, Message = "{Path} cannot be removed ({Status})")]
    public static partial void LeftBehind(ILogger logger, string path, string status);
}
