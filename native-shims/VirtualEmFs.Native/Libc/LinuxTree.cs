using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Libc;

/// <summary>One name of a folder as getdents64(2) gives it.</summary>
/// <param name="Name">As <see cref="PathBytes"/> reads it.</param>
/// <param name="Type">d_type; 0 where the file system does not tell.</param>
public readonly record struct LinuxDirectoryEntry(string Name, byte Type, ulong Inode);

/// <summary>
/// Folders, links, capacity and extended attributes as Linux has them. Every call returns 0 or the error number (<see cref="Errno"/>).
/// </summary>
/// <remarks>Any thread. Paths as <see cref="PathBytes"/> writes them.</remarks>
public static unsafe class LinuxTree
{
    // 64 KiB: about a thousand names for each call; glibc's readdir uses 32 KiB.
    private const int DirectoryBufferLengthBytes = 64 * 1024;

    // The kernel's own limit for one value and for one list (XATTR_SIZE_MAX, XATTR_LIST_MAX).
    private const int ExtendedAttributeLimitBytes = 64 * 1024;

    private const int PathLimitBytes = 4096; // PATH_MAX

    /// <summary>Names of a folder, without "." and "..".</summary>
    public static int List(string path, out List<LinuxDirectoryEntry> entries)
    {
        entries = [];
        int errno = LinuxFile.Open(path, LinuxFile.O_RDONLY | LinuxFile.O_DIRECTORY, out SafeFileHandle? folder);
        if (errno != 0)
        {
            return errno;
        }

        using (folder)
        {
            var buffer = new byte[DirectoryBufferLengthBytes];
            while (true)
            {
                nint lengthBytes;

                // SAFETY: pinned, and passed with its length.
                fixed (byte* p = buffer)
                {
                    lengthBytes = Libc.getdents64(folder!, p, (nuint)buffer.Length);
                }

                if (lengthBytes <= 0)
                {
                    return lengthBytes == 0 ? 0 : Marshal.GetLastPInvokeError();
                }

                AddEntries(buffer.AsSpan(0, (int)lengthBytes), entries);
            }
        }
    }

    /// <summary>Target of a symbolic link, as stored.</summary>
    public static int ReadLink(string path, out string target)
    {
        target = "";
        var buffer = new byte[PathLimitBytes];

        // SAFETY: both pinned; the path ends with a NUL, the buffer is passed with its length.
        fixed (byte* p = PathBytes.Encode(path))
        fixed (byte* b = buffer)
        {
            nint lengthBytes = Libc.readlink(p, b, (nuint)buffer.Length);
            if (lengthBytes < 0)
            {
                return Marshal.GetLastPInvokeError();
            }

            target = PathBytes.Decode(buffer.AsSpan(0, (int)lengthBytes));
            return 0;
        }
    }

    /// <summary>Absolute path with every symbolic link resolved; what it names must exist.</summary>
    public static int ResolveLinks(string path, out string fullPath)
    {
        fullPath = "";

        // SAFETY: the path is pinned and ends with a NUL; realpath returns a NUL-terminated string of malloc's, freed here.
        fixed (byte* p = PathBytes.Encode(path))
        {
            byte* resolved = Libc.realpath(p, null);
            if (resolved == null)
            {
                return Marshal.GetLastPInvokeError();
            }

            fullPath = PathBytes.Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(resolved));
            NativeMemory.Free(resolved);
            return 0;
        }
    }

    /// <summary>Value of an extended attribute; links are not followed.</summary>
    public static int GetExtendedAttribute(string path, string name, out byte[] value)
    {
        value = [];
        var buffer = new byte[ExtendedAttributeLimitBytes];

        // SAFETY: all pinned; path and name end with a NUL, the buffer is passed with its length.
        fixed (byte* p = PathBytes.Encode(path), n = PathBytes.Encode(name), b = buffer)
        {
            nint lengthBytes = Libc.lgetxattr(p, n, b, (nuint)buffer.Length);
            if (lengthBytes < 0)
            {
                return Marshal.GetLastPInvokeError();
            }

            value = buffer.AsSpan(0, (int)lengthBytes).ToArray();
            return 0;
        }
    }

    /// <summary>Names of the extended attributes; links are not followed.</summary>
    public static int ListExtendedAttributes(string path, out List<string> names)
    {
        names = [];
        var buffer = new byte[ExtendedAttributeLimitBytes];
        nint lengthBytes;

        // SAFETY: both pinned; the path ends with a NUL, the buffer is passed with its length.
        fixed (byte* p = PathBytes.Encode(path), b = buffer)
        {
            lengthBytes = Libc.llistxattr(p, b, (nuint)buffer.Length);
        }

        if (lengthBytes < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        Span<byte> rest = buffer.AsSpan(0, (int)lengthBytes);
        while (!rest.IsEmpty)
        {
            int nameLength = rest.IndexOf((byte)0);
            names.Add(PathBytes.Decode(rest[..nameLength]));
            rest = rest[(nameLength + 1)..];
        }

        return 0;
    }

    /// <summary>Capacity of the file system that holds a path.</summary>
    internal static int GetCapacity(string path, out statvfs capacity)
    {
        // SAFETY: the path is pinned and ends with a NUL; the struct has glibc's length.
        fixed (byte* p = PathBytes.Encode(path))
        fixed (statvfs* s = &capacity)
        {
            return Libc.statvfs(p, s) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>lseek(2), for SEEK_DATA and SEEK_HOLE; moves the descriptor's own offset, which pread does not use.</summary>
    public static int Seek(SafeFileHandle file, long fileOffset, int whence, out long resultOffset)
    {
        resultOffset = Libc.lseek(file, fileOffset, whence);
        return resultOffset >= 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    // struct linux_dirent64: d_ino at 0, d_off at 8, d_reclen at 16, d_type at 18, d_name from 19 on, NUL-terminated.
    private static void AddEntries(ReadOnlySpan<byte> records, List<LinuxDirectoryEntry> entries)
    {
        while (!records.IsEmpty)
        {
            int recordLength = MemoryMarshal.Read<ushort>(records[16..]);
            ReadOnlySpan<byte> name = records[19..recordLength];
            name = name[..name.IndexOf((byte)0)];
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                entries.Add(new LinuxDirectoryEntry(PathBytes.Decode(name), records[18], MemoryMarshal.Read<ulong>(records)));
            }

            records = records[recordLength..];
        }
    }
}
