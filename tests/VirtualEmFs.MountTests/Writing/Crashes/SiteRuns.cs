using System.Collections.Concurrent;
using Xunit;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>Runs the same thing on many sites, a few at once.</summary>
internal static class SiteRuns
{
    // Each run mostly waits for programs to start.
    private static readonly int s_runsAtOnce = Environment.ProcessorCount + 1;

    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(4);

    // A soak of an hour that is ended from outside has said what it found.
    private const int RunsPerMessage = 100;

    /// <summary>Runs all of them, and says on standard error how far it is and what is wrong.</summary>
    /// <param name="run">Tells what is wrong; null when nothing is. What it throws is wrong, too, and so is not to end within 4 minutes.</param>
    /// <returns>Everything that is wrong.</returns>
    public static IReadOnlyList<string> All<T>(IReadOnlyList<T> cases, Func<KilledSite, T, string?> run)
        where T : notnull
    {
        var next = new ConcurrentQueue<T>(cases);
        var violations = new ConcurrentQueue<string>();
        int ended = 0;
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Task[] workers = [.. Enumerable.Range(0, s_runsAtOnce).Select(_ => Task.Factory.StartNew(
            () =>
            {
                while (next.TryDequeue(out T? each))
                {
                    if (One(each, run) is { } violation)
                    {
                        violations.Enqueue($"{each}: {violation}");
                        Console.Error.WriteLine($"{each}: {violation}");
                    }

                    if (Interlocked.Increment(ref ended) % RunsPerMessage == 0)
                    {
                        Console.Error.WriteLine($"{typeof(T).Name}: {ended} of {cases.Count}, {violations.Count} violations");
                    }
                }
            },
            cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task.WaitAll(workers, cancellation);
        return [.. violations];
    }

    private static string? One<T>(T each, Func<KilledSite, T, string?> run)
    {
        // Ends its mounts, and with them whatever hangs in them.
        using var site = new KilledSite();
        Task<string?> work = Task.Factory.StartNew(
            () => run(site, each), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            return work.Wait(s_deadline) ? work.Result : $"it does not end within {s_deadline}";
        }
        catch (AggregateException e)
        {
            return e.InnerException!.ToString();
        }
    }
}
