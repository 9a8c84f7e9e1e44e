using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Mount.Sources;

/// <summary>A file that <see cref="PosixDisk"/> opened.</summary>
/// <param name="handle">Owned.</param>
/// <param name="path">What it was opened as, for <paramref name="faults"/>.</param>
/// <param name="faults">Failures for tests to provoke; null outside them.</param>
/// <remarks>Any thread.</remarks>
internal sealed class PosixDiskFile(SafeFileHandle handle, string path, DiskFaults? faults) : IDiskFile
{
    private readonly PosixSourceFile _source = new(handle);

    public VfsStatus Read(long fileOffset, Span<byte> destination, out int lengthBytes)
    {
        lengthBytes = 0;
        return Before(DiskCall.Read) is not VfsStatus.Ok and var fault ? fault : _source.Read(fileOffset, destination, out lengthBytes);
    }

    public VfsStatus Stat(out SourceStat stat)
    {
        stat = default;
        return Before(DiskCall.Stat) is not VfsStatus.Ok and var fault ? fault : _source.Stat(out stat);
    }

    public VfsStatus Seek(long fileOffset, SeekKind kind, out long resultOffset)
    {
        resultOffset = 0;
        return Before(DiskCall.Seek) is not VfsStatus.Ok and var fault ? fault : _source.Seek(fileOffset, kind, out resultOffset);
    }

    public VfsStatus Write(long fileOffset, ReadOnlySpan<byte> bytes, out int writtenBytes)
    {
        writtenBytes = 0;
        while (writtenBytes < bytes.Length)
        {
            int lengthBytes = bytes.Length - writtenBytes;
            if (faults?.CountWrite(path, ref lengthBytes) is not (null or VfsStatus.Ok) and { } fault)
            {
                return fault;
            }

            int errno = LinuxFile.Write(handle, fileOffset + writtenBytes, bytes.Slice(writtenBytes, lengthBytes), out int nowBytes);
            if (errno != 0)
            {
                return VfsErrno.ToStatus(errno);
            }

            if (nowBytes == 0)
            {
                return VfsStatus.Corrupt; // no file system does that; to go on would be to go on for ever
            }

            writtenBytes += nowBytes;
        }

        return VfsStatus.Ok;
    }

    public VfsStatus SetLength(long lengthBytes) =>
        Before(DiskCall.SetLength) is not VfsStatus.Ok and var fault ? fault : VfsErrno.ToStatus(LinuxFile.SetLength(handle, lengthBytes));

    public VfsStatus Allocate(AllocationMode mode, long fileOffset, long lengthBytes) =>
        Before(DiskCall.Allocate) is not VfsStatus.Ok and var fault
            ? fault
            : VfsErrno.ToStatus(LinuxFile.Allocate(handle, (int)mode, fileOffset, lengthBytes));

    public VfsStatus SetAttributes(in AttributeChange change) =>
        Before(DiskCall.SetAttributes) is not VfsStatus.Ok and var fault
            ? fault
            : PosixDisk.Apply(
                change,
                (uid, gid) => LinuxAttributes.SetOwner(handle, uid, gid),
                permissions => LinuxAttributes.SetPermissions(handle, permissions),
                (atimeNs, mtimeNs) => LinuxAttributes.SetTimes(handle, atimeNs, mtimeNs));

    public VfsStatus Sync(bool dataOnly) =>
        Before(DiskCall.Sync) is not VfsStatus.Ok and var fault ? fault : VfsErrno.ToStatus(LinuxFile.Sync(handle, dataOnly));

    public void BeginSync(long fileOffset, long lengthBytes)
    {
        try
        {
            LinuxFile.BeginSync(handle, fileOffset, lengthBytes);
        }
        catch (ObjectDisposedException)
        {
            // Closed: the kernel begins by itself within half a minute.
        }
    }

    public void Dispose() => _source.Dispose();

    private VfsStatus Before(DiskCall call) => faults?.Count(call, path) ?? VfsStatus.Ok;
}
