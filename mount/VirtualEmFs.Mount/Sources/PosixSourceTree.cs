using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Mount.Sources;

/// <summary>The source folder through Linux's system calls.</summary>
/// <remarks>Any thread. Outcomes are statuses; no call throws for what a disk says. Names keep bytes that are not UTF-8 (<see cref="PathBytes"/>).</remarks>
public sealed class PosixSourceTree : ISourceTree
{
    /// <param name="rootPath">Absolute, links resolved.</param>
    public PosixSourceTree(string rootPath) => RootPath = rootPath;

    public string RootPath { get; }

    public string FullPath(string relativePath) =>
        relativePath.Length == 0 ? RootPath
        : relativePath[0] == '/' ? relativePath
        : RootPath == "/" ? "/" + relativePath
        : RootPath + "/" + relativePath;

    public VfsStatus Stat(string path, bool followLinks, out SourceStat stat)
    {
        int errno = LinuxFile.Stat(FullPath(path), followLinks, out Statx result);
        stat = errno == 0 ? StatOf(result) : default;
        return VfsErrno.ToStatus(errno);
    }

    public VfsStatus List(string path, out IReadOnlyList<SourceName> names)
    {
        int errno = LinuxTree.List(FullPath(path), out List<LinuxDirectoryEntry> entries);
        names = errno == 0
            ? entries.ConvertAll(static entry => new SourceName(entry.Name, entry.Type == 0 ? null : (NodeKind)entry.Type, entry.Inode))
            : [];
        return VfsErrno.ToStatus(errno);
    }

    public VfsStatus ReadLink(string path, out string target) => VfsErrno.ToStatus(LinuxTree.ReadLink(FullPath(path), out target));

    public VfsStatus ResolveLinks(string path, out string fullPath) =>
        VfsErrno.ToStatus(LinuxTree.ResolveLinks(FullPath(path), out fullPath));

    public VfsStatus OpenFile(string path, out ISourceFile? file)
    {
        // O_NONBLOCK: the name may have become a FIFO since it was looked up, whose open would wait for a writer for ever.
        int errno = LinuxFile.Open(FullPath(path), LinuxFile.O_RDONLY | LinuxFile.O_NONBLOCK, out SafeFileHandle? handle);
        file = handle is null ? null : new PosixSourceFile(handle);
        return VfsErrno.ToStatus(errno);
    }

    public VfsStatus GetCapacity(string path, out FileSystemCapacity capacity)
    {
        int errno = LinuxTree.GetCapacity(FullPath(path), out statvfs result);
        capacity = new FileSystemCapacity(
            result.f_bsize, result.f_frsize, result.f_blocks, result.f_bfree, result.f_bavail, result.f_files, result.f_ffree, result.f_namemax);
        return VfsErrno.ToStatus(errno);
    }

    public VfsStatus GetExtendedAttribute(string path, string name, out byte[] value) =>
        VfsErrno.ToStatus(LinuxTree.GetExtendedAttribute(FullPath(path), name, out value));

    public VfsStatus ListExtendedAttributes(string path, out IReadOnlyList<string> names)
    {
        int errno = LinuxTree.ListExtendedAttributes(FullPath(path), out List<string> found);
        names = found;
        return VfsErrno.ToStatus(errno);
    }

    internal static SourceStat StatOf(in Statx stat) => new(
        new SourceVersion(stat.Device, stat.stx_ino, checked((long)stat.stx_size), stat.stx_mtime.Nanoseconds, stat.stx_ctime.Nanoseconds),
        (NodeKind)(stat.FileType >> 12), stat.stx_mode & 0xFFFu, stat.stx_nlink, stat.stx_uid, stat.stx_gid,
        DeviceNumberOf(stat.stx_rdev_major, stat.stx_rdev_minor), checked((long)stat.stx_blocks), stat.stx_atime.Nanoseconds);

    // The kernel's own 32-bit form, which FUSE's attributes carry: 12 bits of major among 20 of minor.
    private static ulong DeviceNumberOf(uint major, uint minor) => (minor & 0xFF) | ((ulong)major << 8) | ((minor & ~0xFFul) << 12);
}
