using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Mount.Sources;

/// <summary>An opened file of the source folder.</summary>
/// <remarks>Any thread. Reads are pread: a mapping of a file that lies on a mount of one's own could stop the whole runtime.</remarks>
internal sealed class PosixSourceFile(SafeFileHandle handle) : ISourceFile
{
    public VfsStatus Read(long fileOffset, Span<byte> destination, out int lengthBytes)
    {
        lengthBytes = 0;
        while (lengthBytes < destination.Length)
        {
            int errno = LinuxFile.Read(handle, fileOffset + lengthBytes, destination[lengthBytes..], out int readBytes);
            if (errno != 0)
            {
                lengthBytes = 0;
                return VfsErrno.ToStatus(errno);
            }

            if (readBytes == 0)
            {
                break;
            }

            lengthBytes += readBytes;
        }

        return VfsStatus.Ok;
    }

    public VfsStatus Stat(out SourceStat stat)
    {
        int errno = LinuxFile.Stat(handle, out Statx result);
        stat = errno == 0 ? PosixSourceTree.StatOf(result) : default;
        return VfsErrno.ToStatus(errno);
    }

    public VfsStatus Seek(long fileOffset, SeekKind kind, out long resultOffset) =>
        VfsErrno.ToStatus(LinuxTree.Seek(handle, fileOffset, (int)kind, out resultOffset));

    public void Dispose() => handle.Dispose();
}
