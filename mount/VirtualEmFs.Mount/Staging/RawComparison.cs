using System.Buffers;
using VirtualEmFs.Archives;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Mount.Staging;

/// <summary>A file that writes nothing: it compares what it is given with a raw file, and stops the writer at the first difference.</summary>
/// <remarks>Any thread.</remarks>
internal sealed class RawComparison : IDiskFile
{
    private readonly SourceFile _raw;
    private readonly CancellationTokenSource _stopping;

    /// <param name="stopping">Cancelled at the first difference; the caller's.</param>
    /// <exception cref="ArchiveException">The raw file cannot be opened.</exception>
    public RawComparison(string rawPath, CancellationTokenSource stopping) => (_raw, _stopping) = (SourceFile.Open(rawPath), stopping);

    public bool HasDifference { get; private set; }

    /// <summary>Compares lengths.</summary>
    public bool HasLength(long lengthBytes)
    {
        HasDifference |= _raw.Version.LengthBytes != lengthBytes;
        return !HasDifference;
    }

    public VfsStatus Write(long fileOffset, ReadOnlySpan<byte> bytes, out int writtenBytes)
    {
        writtenBytes = bytes.Length;
        byte[] raw = ArrayPool<byte>.Shared.Rent(bytes.Length);
        try
        {
            int lengthBytes = _raw.Read(fileOffset, raw.AsSpan(0, bytes.Length));
            if (raw.AsSpan(0, lengthBytes).SequenceEqual(bytes))
            {
                return VfsStatus.Ok;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(raw);
        }

        HasDifference = true;
        _stopping.Cancel();
        return VfsStatus.Interrupted;
    }

    public void Dispose() => _raw.Dispose();

    // Nobody asks for the rest.
    public VfsStatus Read(long fileOffset, Span<byte> destination, out int lengthBytes) => throw new NotSupportedException();

    public VfsStatus Stat(out SourceStat stat) => throw new NotSupportedException();

    public VfsStatus Seek(long fileOffset, SeekKind kind, out long resultOffset) => throw new NotSupportedException();

    public VfsStatus SetLength(long lengthBytes) => throw new NotSupportedException();

    public VfsStatus Allocate(AllocationMode mode, long fileOffset, long lengthBytes) => throw new NotSupportedException();

    public VfsStatus SetAttributes(in AttributeChange change) => throw new NotSupportedException();

    public VfsStatus Sync(bool dataOnly) => throw new NotSupportedException();
}
