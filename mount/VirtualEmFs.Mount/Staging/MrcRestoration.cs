using System.Runtime.ExceptionServices;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Extraction;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Mount.Staging;

/// <summary>Writes one virtual file's bytes into a file of the staging folder.</summary>
/// <param name="archive">The caller's, open until the last block is done.</param>
/// <param name="mrc">The virtual file, of the same archive.</param>
/// <param name="destination">The caller's; nobody else writes to it meanwhile.</param>
/// <param name="progress">Called by one thread at a time.</param>
internal sealed class MrcRestoration(IArchive archive, VirtualMrc mrc, IDiskFile destination, Action<long> progress) : IBlockJob
{
    private readonly Lock _gate = new(); // one call of progress at a time
    private IOException? _fault;

    public long BlockCount => archive.Description.Grid.BlockCount;

    /// <summary>Writes what stands before the frames.</summary>
    /// <exception cref="DiskFailedException">The disk fails.</exception>
    public void WriteHeader() => Write(mrc.Header.Span, 0);

    public void Process(long block, WorkerBuffer buffer, DecodeSlots slots) => BlockRendering.Render(archive, mrc, block, buffer, slots, Write);

    public void Finish(IOException? fault) => _fault = fault;

    /// <exception cref="ArchiveException">The first fault in file order.</exception>
    public void ThrowIfFailed()
    {
        if (_fault is ArchiveException)
        {
            ExceptionDispatchInfo.Throw(_fault);
        }

        if (_fault is not null)
        {
            throw new ArchiveException(archive.Description.Files[0], $"cannot be restored: {_fault.Message}", inner: _fault);
        }
    }

    public void Dispose()
    {
        // Archive and destination are the caller's.
    }

    private void Write(ReadOnlySpan<byte> bytes, long fileOffset)
    {
        while (!bytes.IsEmpty)
        {
            VfsStatus status = destination.Write(fileOffset, bytes, out int writtenBytes);
            if (status != VfsStatus.Ok)
            {
                throw new DiskFailedException(
                    archive.Description.Files[0], $"cannot be restored: {Errno.Message(VfsErrno.Of(status))}", status);
            }

            bytes = bytes[writtenBytes..];
            fileOffset += writtenBytes;
            lock (_gate)
            {
                progress(writtenBytes);
            }
        }
    }
}
