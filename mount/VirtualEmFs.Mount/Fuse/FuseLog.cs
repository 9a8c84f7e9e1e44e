using Microsoft.Extensions.Logging;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>What the FUSE host logs, with stable event ids.</summary>
internal static partial class FuseLog
{
    [LoggerMessage(100, LogLevel.Error, "{Operation} failed with an exception, and so will others like it (answered with EIO, counted in the status)")]
    public static partial void CallbackThrew(ILogger logger, FuseOperation operation, Exception exception);

    [LoggerMessage(101, LogLevel.Warning, "A request has waited for {AgeSeconds} s: {Request}")]
    public static partial void RequestWaits(ILogger logger, int ageSeconds, string request);

    [LoggerMessage(102, LogLevel.Error, "A request was answered twice: {Request}")]
    public static partial void AnsweredTwice(ILogger logger, string request);

    [LoggerMessage(103, LogLevel.Error, "A serving thread ended with {Message}")]
    public static partial void ServingEnded(ILogger logger, string message);

    [LoggerMessage(EventId = 104, Message = "{Text}")]
    public static partial void Library(ILogger logger, LogLevel level, string text);

    [LoggerMessage(105, LogLevel.Debug, "Protocol 7.{Minor}, requests of {MaximumBytes} bytes, capabilities {Want:x}")]
    public static partial void Negotiated(ILogger logger, uint minor, uint maximumBytes, uint want);

    [LoggerMessage(106, LogLevel.Debug, "The kernel's read-ahead stays as it is: {Reason}")]
    public static partial void ReadAheadUnchanged(ILogger logger, string reason);

    [LoggerMessage(107, LogLevel.Warning, "{Count} requests are still unanswered after {Seconds} s; the oldest: {Request}")]
    public static partial void DrainTimedOut(ILogger logger, int count, int seconds, string request);
}
