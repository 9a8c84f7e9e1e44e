using System.Diagnostics;

namespace VirtualEmFs.Benchmarks;

internal static class Timing
{
    /// <summary>Seconds that an action takes.</summary>
    public static double Seconds(Action action)
    {
        long begin = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }
}
