using System.Runtime.InteropServices;

namespace VirtualEmFs.Benchmarks.Inflating;

/// <summary>time.h: processor time of one thread, which other programs on the machine disturb least.</summary>
internal static unsafe partial class Libc
{
    private const int CLOCK_THREAD_CPUTIME_ID = 3;

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clockid, long* tp);

    public static double ThreadSeconds()
    {
        long* time = stackalloc long[2];
        _ = clock_gettime(CLOCK_THREAD_CPUTIME_ID, time);
        return time[0] + (time[1] * 1e-9);
    }
}
