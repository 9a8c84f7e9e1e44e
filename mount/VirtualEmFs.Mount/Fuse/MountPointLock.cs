using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Mount.Status;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>
/// Held by the one process that mounts on a mount point, from before it looks at that until its mount is there: of two that find the same empty folder,
/// the second would mount over the first.
/// </summary>
/// <remarks>It is the system's lock (flock), which goes with the process; its file stays. The process in the background takes it itself.</remarks>
internal sealed class MountPointLock : IDisposable
{
    private const uint Permissions = 0x180; // 0600

    private readonly SafeFileHandle _file;

    private MountPointLock(SafeFileHandle file) => _file = file;

    /// <param name="mountPoint">As <see cref="MountPlace.ResolveMountedPath"/> returned it.</param>
    /// <exception cref="CommandException">Another process is mounting there, or the lock's file cannot be made.</exception>
    public static MountPointLock Acquire(string mountPoint)
    {
        string path = RuntimeFolder.CreateLockPath(mountPoint);
        int errno = LinuxFile.Open(path, LinuxFile.O_RDWR | LinuxFile.O_CREAT | LinuxFile.O_NOFOLLOW, out SafeFileHandle? file, Permissions);
        errno = errno == 0 ? LinuxFile.TryLock(file!) : errno;
        if (errno == 0)
        {
            return new MountPointLock(file!);
        }

        file?.Dispose();
        throw errno == Errno.EAGAIN
            ? new CommandException(ExitCode.MountPointUnusable, $"another emfs is mounting on {mountPoint} at this moment")
            : new CommandException(ExitCode.MountFailed, $"{path}, the lock of the mount point, cannot be made: {Errno.Message(errno)}");
    }

    /// <summary>Lets the next one look.</summary>
    public void Dispose()
    {
        if (!_file.IsClosed)
        {
            _ = LinuxFile.Unlock(_file); // a program that starts at this moment has a copy
            _file.Dispose();
        }
    }
}
