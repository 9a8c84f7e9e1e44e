using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Libc;

/// <summary>
/// Changes of permissions, owner, times and extended attributes, of an open file or of what a path names; links are not followed. Every call
/// returns 0 or the error number (<see cref="Errno"/>).
/// </summary>
/// <remarks>Any thread. Paths as <see cref="PathBytes"/> writes them.</remarks>
public static unsafe class LinuxAttributes
{
    private const int AT_FDCWD = -100;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const uint Unchanged = uint.MaxValue; // chown(2): -1
    private const long UTIME_OMIT = (1 << 30) - 2;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <param name="permissions">The lower 12 bits of st_mode.</param>
    public static int SetPermissions(SafeFileHandle file, uint permissions) => Result(Libc.fchmod(file, permissions));

    /// <inheritdoc cref="SetPermissions(SafeFileHandle, uint)"/>
    public static int SetPermissions(string path, uint permissions)
    {
        // SAFETY: the path is pinned and ends with a NUL.
        fixed (byte* p = PathBytes.Encode(path))
        {
            return Result(Libc.fchmodat(AT_FDCWD, p, permissions, AT_SYMLINK_NOFOLLOW));
        }
    }

    /// <param name="uid">Null: stays.</param>
    /// <param name="gid">Null: stays.</param>
    public static int SetOwner(SafeFileHandle file, uint? uid, uint? gid) => Result(Libc.fchown(file, uid ?? Unchanged, gid ?? Unchanged));

    /// <inheritdoc cref="SetOwner(SafeFileHandle, uint?, uint?)"/>
    public static int SetOwner(string path, uint? uid, uint? gid)
    {
        // SAFETY: the path is pinned and ends with a NUL.
        fixed (byte* p = PathBytes.Encode(path))
        {
            return Result(Libc.lchown(p, uid ?? Unchanged, gid ?? Unchanged));
        }
    }

    /// <param name="atimeNs">Nanoseconds since 1970; null: stays.</param>
    /// <param name="mtimeNs">Nanoseconds since 1970; null: stays.</param>
    public static int SetTimes(SafeFileHandle file, long? atimeNs, long? mtimeNs)
    {
        // SAFETY: futimens reads exactly two entries, during the call.
        timespec* times = stackalloc timespec[] { TimeOf(atimeNs), TimeOf(mtimeNs) };
        return Result(Libc.futimens(file, times));
    }

    /// <inheritdoc cref="SetTimes(SafeFileHandle, long?, long?)"/>
    public static int SetTimes(string path, long? atimeNs, long? mtimeNs)
    {
        // SAFETY: as above; the path is pinned and ends with a NUL.
        timespec* times = stackalloc timespec[] { TimeOf(atimeNs), TimeOf(mtimeNs) };
        fixed (byte* p = PathBytes.Encode(path))
        {
            return Result(Libc.utimensat(AT_FDCWD, p, times, AT_SYMLINK_NOFOLLOW));
        }
    }

    /// <param name="flags">0, XATTR_CREATE (1) or XATTR_REPLACE (2).</param>
    public static int SetExtendedAttribute(string path, string name, ReadOnlySpan<byte> value, int flags)
    {
        // SAFETY: all pinned; path and name end with a NUL, the value is passed with its length.
        fixed (byte* p = PathBytes.Encode(path), n = PathBytes.Encode(name), v = value)
        {
            return Result(Libc.lsetxattr(p, n, v, (nuint)value.Length, flags));
        }
    }

    public static int RemoveExtendedAttribute(string path, string name)
    {
        // SAFETY: both pinned and NUL-terminated.
        fixed (byte* p = PathBytes.Encode(path), n = PathBytes.Encode(name))
        {
            return Result(Libc.lremovexattr(p, n));
        }
    }

    private static timespec TimeOf(long? nanoseconds)
    {
        if (nanoseconds is not { } known)
        {
            return new timespec { tv_nsec = UTIME_OMIT };
        }

        (long seconds, long rest) = Math.DivRem(known, NanosecondsPerSecond);
        return rest < 0
            ? new timespec { tv_sec = seconds - 1, tv_nsec = rest + NanosecondsPerSecond }
            : new timespec { tv_sec = seconds, tv_nsec = rest };
    }

    private static int Result(int status) => status < 0 ? Marshal.GetLastPInvokeError() : 0;
}
