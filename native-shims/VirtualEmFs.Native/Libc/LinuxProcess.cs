using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Libc;

/// <summary>What this process is and may do, and the mounts it changes. Every int result is 0 or the error number.</summary>
public static unsafe class LinuxProcess
{
    /// <summary>Flag of umount2: detach now, end when the last user has gone.</summary>
    public const int MNT_DETACH = 2;

    private const int SIGKILL = 9;
    private const int F_SETFD = 2;
    private const int FD_CLOEXEC = 1;

    /// <summary>Effective user.</summary>
    public static uint UserId => Libc.geteuid();

    public static bool IsRoot => UserId == 0;

    /// <summary>Lets other threads of the machine go before this one, and before those that it starts; there is no way back.</summary>
    /// <param name="niceness">0 is ordinary, 19 the least.</param>
    // PRIO_PROCESS of 0 is the calling thread alone: on Linux each thread has its own.
    public static int SetThreadNiceness(int niceness) => Libc.setpriority(0, 0, niceness) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Unmounts; only root may.</summary>
    /// <param name="flags">0 or <see cref="MNT_DETACH"/>.</param>
    public static int Unmount(string mountPoint, int flags)
    {
        // SAFETY: pinned and NUL-terminated.
        fixed (byte* path = PathBytes.Encode(mountPoint))
        {
            return Libc.umount2(path, flags) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Keeps an open file from the programs that this process starts. One that is not open, or not any more, is no mistake.</summary>
    public static void CloseOnExecution(int descriptor) => _ = Libc.fcntl(descriptor, F_SETFD, FD_CLOEXEC);

    /// <summary>Leaves the terminal's session, so that its end does not end this process.</summary>
    public static int LeaveSession() => Libc.setsid() >= 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Ends this process at once, as a crash or the kernel's out-of-memory killer would: SIGKILL, no handler runs.</summary>
    public static void KillSelf() => _ = Libc.kill(Libc.getpid(), SIGKILL);

    /// <summary>The text of a C format and its va_list, cut at 1023 bytes. x86-64, where a va_list is passed as a pointer.</summary>
    internal static string FormatMessage(byte* format, nint arguments)
    {
        // SAFETY: the format and its arguments are the caller's, valid during its call; vsnprintf ends the buffer with a NUL.
        byte* buffer = stackalloc byte[1024];
        _ = Libc.vsnprintf(buffer, 1024, format, arguments);
        return Marshal.PtrToStringUTF8((nint)buffer)!;
    }
}
