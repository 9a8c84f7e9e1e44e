using System.Globalization;
using System.Text.Json;
using VirtualEmFs.Mount.Commands;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Status;

/// <summary>Asks a writable mount to do something about its staged files.</summary>
internal static class StagingClient
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_progressInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Makes files due at once.</summary>
    /// <param name="path">Path in the source; null for everything.</param>
    /// <exception cref="CommandException">There is no such mount, it is read-only, or its process does not answer.</exception>
    public static void Flush(string mountPoint, string? path) => Ask(mountPoint, new StatusRequest("flush", path), s_timeout);

    /// <summary>Tries a file again.</summary>
    /// <exception cref="CommandException">Likewise, or it is not staged.</exception>
    public static void Retry(string mountPoint, string path) => Ask(mountPoint, new StatusRequest("retry", path), s_timeout);

    /// <summary>Waits until files are archived, for as long as it takes; says on standard error how far that is, and what stands in the way.</summary>
    /// <param name="wayOut">What users can do who do not want to wait.</param>
    /// <returns>What stays staged.</returns>
    /// <exception cref="CommandException">Likewise.</exception>
    public static StagingAnswer WaitForFlush(string mountPoint, string? path, string wayOut)
    {
        Task<StagingAnswer> answer = Task.Factory.StartNew(
            () => Ask(mountPoint, new StatusRequest("flush", path, Waits: true), timeout: null),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        string? shown = null;
        string? hindrance = null;
        while (!((IAsyncResult)answer).AsyncWaitHandle.WaitOne(s_progressInterval))
        {
            if (TryGetWriting(mountPoint) is not { } writing)
            {
                continue;
            }

            if (writing.Failing is [{ Path: var failing, Reason: var reason }, ..] && reason != hindrance)
            {
                Clear(ref shown);
                hindrance = reason;
                Console.Error.WriteLine(
                    $"emfs: {CommandOutput.Files(writing.FailingFiles)} cannot be archived at this moment, to be tried again: {PathBytes.ForDisplay(failing)}: {reason}; {wayOut}");
            }

            if (!Console.IsErrorRedirected)
            {
                Clear(ref shown);
                shown = string.Create(
                    CultureInfo.InvariantCulture,
                    $"staged: {CommandOutput.Files(writing.StagedFiles)} ({CommandOutput.Length(writing.StagedBytes)}), of these {writing.Compressing.Count} being archived");
                Console.Error.Write(shown);
            }
        }

        Clear(ref shown);
        return answer.GetAwaiter().GetResult();
    }

    /// <summary>How writing stands; null for a mount that only reads, or does not answer.</summary>
    public static WritingReport? TryGetWriting(string mountPoint)
    {
        try
        {
            return StatusClient.Get(mountPoint).Writing;
        }
        catch (CommandException)
        {
            return null;
        }
    }

    private static StagingAnswer Ask(string mountPoint, StatusRequest request, TimeSpan? timeout)
    {
        if (StatusClient.Get(mountPoint).Writing is null)
        {
            throw new CommandException(ExitCode.Failure, $"{mountPoint} was mounted without --staging: nothing is ever staged there");
        }

        StagingAnswer? answer = JsonSerializer.Deserialize(StatusClient.Ask(mountPoint, request, timeout), StatusJson.Default.StagingAnswer);
        return answer is { Error: null } ? answer : throw new CommandException(ExitCode.Failure, answer?.Error ?? $"the process that serves {mountPoint} sent an empty answer");
    }

    // Back to the line's begin, and nothing in it.
    private static void Clear(ref string? shown)
    {
        if (shown is not null)
        {
            Console.Error.Write($"\r{new string(' ', shown.Length)}\r");
            shown = null;
        }
    }
}
