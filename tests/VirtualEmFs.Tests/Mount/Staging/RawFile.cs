using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Tests.Mount.Staging;

/// <summary>A file in memory that takes as many bytes as its disk has.</summary>
internal sealed class RawFile(long capacityBytes = long.MaxValue) : IDiskFile
{
    private readonly Lock _gate = new();
    private byte[] _bytes = [];

    public byte[] Bytes => _bytes;

    public VfsStatus Write(long fileOffset, ReadOnlySpan<byte> bytes, out int writtenBytes)
    {
        lock (_gate)
        {
            writtenBytes = (int)Math.Clamp(capacityBytes - fileOffset, 0, bytes.Length);
            if (_bytes.Length < fileOffset + writtenBytes)
            {
                Array.Resize(ref _bytes, (int)fileOffset + writtenBytes);
            }

            bytes[..writtenBytes].CopyTo(_bytes.AsSpan((int)fileOffset));
            return writtenBytes == bytes.Length ? VfsStatus.Ok : VfsStatus.NoSpace;
        }
    }

    public VfsStatus Read(long fileOffset, Span<byte> destination, out int lengthBytes) => throw new NotSupportedException();

    public VfsStatus Stat(out SourceStat stat) => throw new NotSupportedException();

    public VfsStatus Seek(long fileOffset, SeekKind kind, out long resultOffset) => throw new NotSupportedException();

    public VfsStatus SetLength(long lengthBytes) => throw new NotSupportedException();

    public VfsStatus Allocate(AllocationMode mode, long fileOffset, long lengthBytes) => throw new NotSupportedException();

    public VfsStatus SetAttributes(in AttributeChange change) => throw new NotSupportedException();

    public VfsStatus Sync(bool dataOnly) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
