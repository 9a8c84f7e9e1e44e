using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Libc;

/// <summary>The processor time of the calling thread: what it computed, without what it waited.</summary>
public static unsafe partial class ThreadClock
{
    private const int CLOCK_THREAD_CPUTIME_ID = 3;

    /// <summary>Since the thread started.</summary>
    public static TimeSpan ProcessorTime
    {
        get
        {
            Timespec time = default;

            // SAFETY: the buffer is a local of struct timespec's layout; the clock exists since Linux 2.6, and a failure leaves zero.
            _ = clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
            return TimeSpan.FromTicks((time.tv_sec * TimeSpan.TicksPerSecond) + (time.tv_nsec / TimeSpan.NanosecondsPerTick));
        }
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clockid, Timespec* tp);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint tv_sec;
        public nint tv_nsec;
    }
}
