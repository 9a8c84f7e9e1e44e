using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Libc;

/// <summary>Files as Linux has them: opened, read, written, made durable. Every call returns 0 or the error number (<see cref="Errno"/>).</summary>
/// <remarks>Any thread. Calls interrupted by a signal are repeated.</remarks>
public static unsafe class LinuxFile
{
    private const uint SYNC_FILE_RANGE_WRITE = 2;

    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_CREAT = 0x40;
    public const int O_EXCL = 0x80;
    public const int O_TRUNC = 0x200;
    public const int O_NONBLOCK = 0x800;
    public const int O_CLOEXEC = 0x80000;

    // These two differ between x86 and ARM.
    public static int O_DIRECTORY => IsArm ? 0x4000 : 0x10000;

    public static int O_NOFOLLOW => IsArm ? 0x8000 : 0x20000;

    private const int AT_FDCWD = -100;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_BASIC_STATS = 0x7FF;
    private const int LOCK_EX = 2;
    private const int LOCK_NB = 4;
    private const int LOCK_UN = 8;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Path as <see cref="PathBytes"/> writes it.</param>
    /// <param name="flags">O_ flags; O_CLOEXEC is added.</param>
    /// <param name="file">The handle, owned by the caller; null after a failure.</param>
    /// <param name="permissions">For O_CREAT.</param>
    public static int Open(string path, int flags, out SafeFileHandle? file, uint permissions = 0)
    {
        file = null;
        byte[] pathBytes = PathBytes.Encode(path);
        while (true)
        {
            int fd;

            // SAFETY: the pinned array ends with a NUL, and open only reads it.
            fixed (byte* p = pathBytes)
            {
                fd = Libc.open(p, flags | O_CLOEXEC, permissions);
            }

            if (fd >= 0)
            {
                file = new SafeFileHandle(fd, ownsHandle: true);
                return 0;
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                return errno;
            }
        }
    }

    /// <summary>Attributes of an open file.</summary>
    public static int Stat(SafeFileHandle file, out Statx status)
    {
        status = default;
        byte empty = 0;

        // SAFETY: the buffer has the kernel's size of struct statx (Statx.LengthBytes); the path is the empty string.
        fixed (Statx* s = &status)
        {
            return Libc.statx(file, &empty, AT_EMPTY_PATH, STATX_BASIC_STATS, s) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Attributes of what a path names.</summary>
    /// <param name="followLinks">stat instead of lstat.</param>
    public static int Stat(string path, bool followLinks, out Statx status)
    {
        status = default;
        byte[] pathBytes = PathBytes.Encode(path);

        // SAFETY: as above; the pinned path ends with a NUL.
        fixed (byte* p = pathBytes)
        fixed (Statx* s = &status)
        {
            int result = Libc.statx(AT_FDCWD, p, followLinks ? 0 : AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, s);
            return result == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>One pread(2).</summary>
    /// <param name="lengthBytes">Bytes read; may be fewer than asked, 0 at the end of the file.</param>
    public static int Read(SafeFileHandle file, long fileOffset, Span<byte> destination, out int lengthBytes)
    {
        while (true)
        {
            nint result;

            // SAFETY: the span is pinned, and its length bounds what pread writes.
            fixed (byte* p = destination)
            {
                result = Libc.pread(file, p, (nuint)destination.Length, fileOffset);
            }

            if (result >= 0)
            {
                lengthBytes = (int)result;
                return 0;
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                lengthBytes = 0;
                return errno;
            }
        }
    }

    /// <summary>One pwrite(2).</summary>
    /// <param name="lengthBytes">Bytes written; may be fewer than given.</param>
    public static int Write(SafeFileHandle file, long fileOffset, ReadOnlySpan<byte> source, out int lengthBytes)
    {
        while (true)
        {
            nint result;

            // SAFETY: the span is pinned, and its length bounds what pwrite reads.
            fixed (byte* p = source)
            {
                result = Libc.pwrite(file, p, (nuint)source.Length, fileOffset);
            }

            lengthBytes = (int)Math.Max(result, 0);
            int errno = result >= 0 ? 0 : Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                return errno;
            }
        }
    }

    /// <summary>Cuts a file, or extends it by a hole.</summary>
    public static int SetLength(SafeFileHandle file, long lengthBytes)
    {
        int errno;
        do
        {
            errno = Result(Libc.ftruncate(file, lengthBytes));
        }
        while (errno == Errno.EINTR);

        return errno;
    }

    /// <summary>fallocate(2): reserves, zeroes or frees a range.</summary>
    /// <param name="mode">FALLOC_FL_ flags.</param>
    public static int Allocate(SafeFileHandle file, int mode, long fileOffset, long lengthBytes)
    {
        int errno;
        do
        {
            errno = Result(Libc.fallocate(file, mode, fileOffset, lengthBytes));
        }
        while (errno == Errno.EINTR);

        return errno;
    }

    /// <summary>Writes what the kernel holds of a file or folder to the disk.</summary>
    /// <param name="dataOnly">fdatasync: the bytes and what reading them needs, not the times.</param>
    public static int Sync(SafeFileHandle file, bool dataOnly)
    {
        int errno;
        do
        {
            errno = Result(dataOnly ? Libc.fdatasync(file) : Libc.fsync(file));
        }
        while (errno == Errno.EINTR);

        return errno;
    }

    /// <summary>Begins to write what the kernel holds of a range, and does not wait for the disk, unless that has too much to do already.</summary>
    public static void BeginSync(SafeFileHandle file, long fileOffset, long lengthBytes) =>
        _ = Libc.sync_file_range(file, fileOffset, lengthBytes, SYNC_FILE_RANGE_WRITE);

    /// <summary>Takes a file's exclusive lock (flock), held until its last descriptor closes: until the process ends, however it ends.</summary>
    /// <returns>EAGAIN at once when another process holds it.</returns>
    public static int TryLock(SafeFileHandle file) => Result(Libc.flock(file, LOCK_EX | LOCK_NB));

    /// <summary>Lets go of it at once. A program that is started at this moment has a copy of the descriptor for as long as its start takes, so that closing
    /// alone does not.</summary>
    public static int Unlock(SafeFileHandle file) => Result(Libc.flock(file, LOCK_UN));

    private static int Result(int status) => status < 0 ? Marshal.GetLastPInvokeError() : 0;
}
