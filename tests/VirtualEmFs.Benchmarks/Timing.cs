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

    /// <summary>Seconds of processor time that an action takes: what others do on the machine counts less than in seconds of the clock.</summary>
    public static double CpuSeconds(Action action)
    {
        TimeSpan begin = Environment.CpuUsage.TotalTime;
        action();
        return (Environment.CpuUsage.TotalTime - begin).TotalSeconds;
    }
}
