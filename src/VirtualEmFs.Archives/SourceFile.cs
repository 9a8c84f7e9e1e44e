using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Frames;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Archives;

/// <summary>
/// A source file opened for reading by offset: no locks, no mapping (a mapped file that shrinks kills the process), one version.
/// </summary>
/// <remarks>Any thread; reads run side by side. Counts its reads, so that tests can assert work.</remarks>
public sealed class SourceFile : IDisposable
{
    private const uint PermissionBits = 0xFFF;

    private readonly SafeFileHandle _handle;
    private long _readCount;
    private long _readBytes;
    private bool _toleratesAttributeChanges;
    private long _toleratedMtimeNs = long.MinValue;

    private SourceFile(string path, SafeFileHandle handle, in Statx status)
    {
        (Path, _handle, Version) = (path, handle, VersionOf(status));
        (Permissions, Uid, Gid) = (status.stx_mode & PermissionBits, status.stx_uid, status.stx_gid);
    }

    /// <summary>Path as it was opened.</summary>
    public string Path { get; }

    /// <summary>The version that was opened.</summary>
    public SourceVersion Version { get; }

    /// <summary>Length when it was opened, in bytes.</summary>
    public long LengthBytes => Version.LengthBytes;

    /// <summary>The lower 12 bits of st_mode when it was opened.</summary>
    public uint Permissions { get; }

    /// <summary>Owner when it was opened.</summary>
    public uint Uid { get; }

    /// <summary>Group when it was opened.</summary>
    public uint Gid { get; }

    /// <summary>pread calls so far.</summary>
    public long ReadCount => Interlocked.Read(ref _readCount);

    /// <summary>Bytes read so far.</summary>
    public long ReadBytes => Interlocked.Read(ref _readBytes);

    /// <summary>Opens a regular file.</summary>
    /// <param name="path">As <see cref="PathBytes"/> writes Linux names.</param>
    /// <exception cref="ArchiveException">The file cannot be opened, or is no regular file.</exception>
    public static SourceFile Open(string path)
    {
        // O_NONBLOCK: opening a FIFO must not wait for a writer. It means nothing for regular files.
        int errno = LinuxFile.Open(path, LinuxFile.O_RDONLY | LinuxFile.O_NONBLOCK, out SafeFileHandle? handle);
        if (errno != 0)
        {
            // The runtime's own calls put that character where a name has bytes that are no UTF-8: the file is there, but not under this name.
            bool isMangled = errno == Errno.ENOENT && path.Contains('\uFFFD', StringComparison.Ordinal);
            throw new ArchiveException(path, isMangled
                ? "cannot be opened, for its name is not UTF-8: give it another one, or read it through a mount"
                : $"cannot be opened: {Errno.Message(errno)}")
            {
                Errno = errno,
            };
        }

        try
        {
            Statx status = Stat(path, handle!);
            if (!status.IsRegularFile)
            {
                throw new ArchiveException(path, "is not a regular file");
            }

            var file = new SourceFile(path, handle!, status);
            handle = null;
            return file;
        }
        finally
        {
            handle?.Dispose();
        }
    }

    /// <summary>Version of a file from its attributes.</summary>
    public static SourceVersion VersionOf(in Statx status) => new(
        status.Device, status.stx_ino, checked((long)status.stx_size), status.stx_mtime.Nanoseconds, status.stx_ctime.Nanoseconds);

    /// <summary>The version that the open file has now.</summary>
    /// <exception cref="ArchiveException">The file system fails.</exception>
    public SourceVersion CurrentVersion() => VersionOf(Stat(Path, _handle));

    /// <summary>From now on a change of ctime alone is no change: this process itself renames or removes the file.</summary>
    /// <param name="mtimeNs">An mtime that it gives the file, too; null for none.</param>
    public void TolerateAttributeChanges(long? mtimeNs = null)
    {
        if (mtimeNs is { } known)
        {
            Volatile.Write(ref _toleratedMtimeNs, known);
        }

        Volatile.Write(ref _toleratesAttributeChanges, true);
    }

    /// <summary>Checks that the open file still has the version that is expected of it.</summary>
    /// <exception cref="ArchiveChangedException">It has another.</exception>
    public void CheckUnchanged(SourceVersion expectedVersion)
    {
        // ctime alone changes when a link is added or removed, or the owner: the bytes are the same, but nothing proves it unless we did it.
        var version = CurrentVersion();
        if (Volatile.Read(ref _toleratesAttributeChanges))
        {
            bool isOurs = version.MtimeNs == Volatile.Read(ref _toleratedMtimeNs);
            version = version with { CtimeNs = expectedVersion.CtimeNs, MtimeNs = isOurs ? expectedVersion.MtimeNs : version.MtimeNs };
        }

        if (version != expectedVersion)
        {
            throw new ArchiveChangedException(Path);
        }
    }

    /// <summary>Reads up to a buffer's length at an offset; short only at the end of the file.</summary>
    /// <returns>Bytes read.</returns>
    /// <exception cref="ArchiveException">The disk fails.</exception>
    public int Read(long fileOffset, Span<byte> destination)
    {
        int total = 0;
        while (total < destination.Length)
        {
            int errno = LinuxFile.Read(_handle, fileOffset + total, destination[total..], out int lengthBytes);
            Interlocked.Increment(ref _readCount);
            if (errno == Errno.ESTALE)
            {
                throw new ArchiveChangedException(Path);
            }

            if (errno != 0)
            {
                throw new ArchiveException(Path, $"cannot be read at offset {fileOffset + total}: {Errno.Message(errno)}") { Errno = errno };
            }

            if (lengthBytes == 0)
            {
                break;
            }

            Interlocked.Add(ref _readBytes, lengthBytes);
            total += lengthBytes;
        }

        return total;
    }

    /// <summary>Fills a buffer from an offset.</summary>
    /// <exception cref="ArchiveException">The file ends before, or the disk fails.</exception>
    /// <exception cref="ArchiveChangedException">The file ends before because it became shorter.</exception>
    public void ReadExactly(long fileOffset, Span<byte> destination)
    {
        if (Read(fileOffset, destination) == destination.Length)
        {
            return;
        }

        CheckUnchanged(Version);
        throw new ArchiveException(Path, $"ends before the {destination.Length} bytes at offset {fileOffset}");
    }

    public void Dispose() => _handle.Dispose();

    private static Statx Stat(string path, SafeFileHandle handle)
    {
        int errno = LinuxFile.Stat(handle, out Statx status);
        return errno switch
        {
            0 => status,
            Errno.ESTALE => throw new ArchiveChangedException(path),
            _ => throw new ArchiveException(path, $"cannot be examined: {Errno.Message(errno)}") { Errno = errno },
        };
    }
}
