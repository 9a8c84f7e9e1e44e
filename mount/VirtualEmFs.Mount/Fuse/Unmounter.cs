using System.ComponentModel;
using System.Diagnostics;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>How an attempt to unmount ended.</summary>
internal enum UnmountOutcome
{
    Unmounted,
    Busy,
    Failed,
}

/// <summary>Ends a mount: root by the system call, others through fusermount3, which may do it for them.</summary>
internal static class Unmounter
{
    /// <param name="detach">Let the name go at once, even while files are open.</param>
    /// <param name="reason">The system's text when it failed.</param>
    public static UnmountOutcome Unmount(string mountPoint, bool detach, out string reason)
    {
        if (LinuxProcess.IsRoot)
        {
            int errno = LinuxProcess.Unmount(mountPoint, detach ? LinuxProcess.MNT_DETACH : 0);
            reason = errno == 0 ? "" : Errno.Message(errno);
            return errno switch
            {
                0 => UnmountOutcome.Unmounted,
                Errno.EBUSY => UnmountOutcome.Busy,
                _ => UnmountOutcome.Failed,
            };
        }

        var start = new ProcessStartInfo("fusermount3") { RedirectStandardError = true, Environment = { ["LC_ALL"] = "C" } };
        foreach (string argument in new[] { "-u", detach ? "-z" : "", "--", mountPoint })
        {
            if (argument.Length > 0)
            {
                start.ArgumentList.Add(argument);
            }
        }

        try
        {
            using Process fusermount = Process.Start(start)!;
            reason = fusermount.StandardError.ReadToEnd().Trim();
            fusermount.WaitForExit();
            return fusermount.ExitCode == 0 ? UnmountOutcome.Unmounted
                : reason.Contains("busy", StringComparison.OrdinalIgnoreCase) ? UnmountOutcome.Busy : UnmountOutcome.Failed;
        }
        catch (Win32Exception)
        {
            reason = "fusermount3 is not installed (apt-get install fuse3)";
            return UnmountOutcome.Failed;
        }
    }
}
