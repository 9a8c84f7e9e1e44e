using System.Runtime.ExceptionServices;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Staging;

/// <summary>Runs work on a thread that lets others go first. A thread of its own: an unprivileged one cannot take its priority back.</summary>
internal static class LowPriority
{
    private const int Niceness = 10;

    /// <summary>Runs on a new thread and waits for it. Threads that the work starts have its priority; it must not use the thread pool,
    /// whose threads would keep it.</summary>
    /// <exception cref="Exception">What the work threw.</exception>
    public static T Run<T>(Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                // Where it is refused the work goes on as it is.
                _ = LinuxProcess.SetThreadNiceness(Niceness);
                result = work();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { Name = "emfs archiving", IsBackground = true };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }
}
