using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Staging;

/// <summary>Lets the failures that a test provokes strike the steps of an archive, too, which go to the disk without <see cref="PosixDisk"/>.</summary>
/// <param name="path">Of the archive that comes into being.</param>
/// <remarks>Any thread.</remarks>
internal sealed class CountedCommitSteps(DiskFaults faults, string path) : ICommitSteps
{
    /// <exception cref="ArchiveException">The step is to fail.</exception>
    public void Before(CommitStep step)
    {
        if (faults.Count(DiskCall.CommitStep, path) is not VfsStatus.Ok and var fault)
        {
            int errno = VfsErrno.Of(fault);
            throw new ArchiveException(path, $"cannot be written: {Errno.Message(errno)}") { Errno = errno };
        }
    }
}
