using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>A file opened on a <see cref="SimulatedDisk"/>.</summary>
internal sealed class SimulatedFile(SimulatedDisk disk, SimulatedNode node, string path, bool isWritable) : IDiskFile
{
    private bool _isClosed;

    public VfsStatus Read(long fileOffset, Span<byte> destination, out int lengthBytes)
    {
        lock (disk.Gate)
        {
            lengthBytes = 0;
            var status = Before(DiskCall.Read, writes: false, out _);
            if (status == VfsStatus.Ok)
            {
                lengthBytes = node.Read(fileOffset, destination);
            }

            return status;
        }
    }

    public VfsStatus Stat(out SourceStat stat)
    {
        lock (disk.Gate)
        {
            var status = Before(DiskCall.Stat, writes: false, out _);
            stat = status == VfsStatus.Ok ? node.Stat : default;
            return status;
        }
    }

    public VfsStatus Seek(long fileOffset, SeekKind kind, out long resultOffset)
    {
        lock (disk.Gate)
        {
            resultOffset = kind == SeekKind.Data ? fileOffset : node.Content.Length;
            var status = Before(DiskCall.Seek, writes: false, out _);
            return status == VfsStatus.Ok && fileOffset >= node.Content.Length ? VfsStatus.NoSuchOffset : status;
        }
    }

    public VfsStatus Write(long fileOffset, ReadOnlySpan<byte> bytes, out int writtenBytes)
    {
        lock (disk.Gate)
        {
            writtenBytes = 0;
            var status = Before(DiskCall.Write, writes: true, out bool isShort);
            if (status != VfsStatus.Ok && !isShort)
            {
                return status;
            }

            var accepted = isShort ? bytes[..(bytes.Length / 2)] : bytes;
            writtenBytes = accepted.Length == 0 ? 0 : node.Write(fileOffset, accepted);
            if (writtenBytes > 0)
            {
                Touch();
            }

            return status != VfsStatus.Ok || writtenBytes == bytes.Length ? status : VfsStatus.NoSpace;
        }
    }

    public VfsStatus SetLength(long lengthBytes)
    {
        lock (disk.Gate)
        {
            var status = Before(DiskCall.SetLength, writes: true, out _);
            if (status == VfsStatus.Ok)
            {
                node.SetLength(lengthBytes);
                Touch();
            }

            return status;
        }
    }

    public VfsStatus Allocate(AllocationMode mode, long fileOffset, long lengthBytes)
    {
        lock (disk.Gate)
        {
            var status = Before(DiskCall.Allocate, writes: true, out _);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            if (mode.HasFlag(AllocationMode.PunchHole) || mode.HasFlag(AllocationMode.Zero))
            {
                node.Zero(fileOffset, lengthBytes);
                Touch();
            }

            if (!mode.HasFlag(AllocationMode.PunchHole) && node.Reserve(fileOffset, lengthBytes) < fileOffset + lengthBytes)
            {
                return VfsStatus.NoSpace;
            }

            if (!mode.HasFlag(AllocationMode.KeepLength) && fileOffset + lengthBytes > node.Content.Length)
            {
                node.SetLength(fileOffset + lengthBytes);
                Touch();
            }

            return VfsStatus.Ok;
        }
    }

    public VfsStatus SetAttributes(in AttributeChange change)
    {
        lock (disk.Gate)
        {
            var status = Before(DiskCall.SetAttributes, writes: true, out _);
            return status == VfsStatus.Ok ? disk.Change(node, change) : status;
        }
    }

    /// <inheritdoc/>
    /// <remarks>As on Linux, a flush that fails forgets what it could not write: it never becomes durable, though reads still show it.</remarks>
    public VfsStatus Sync(bool dataOnly)
    {
        lock (disk.Gate)
        {
            var status = Before(DiskCall.Sync, writes: false, out _);
            if (status == VfsStatus.Ok)
            {
                node.Flush(dataOnly);
            }
            else
            {
                node.Unflushed.Clear();
            }

            return status;
        }
    }

    public void Dispose()
    {
        lock (disk.Gate)
        {
            if (!_isClosed && !disk.Faults.IsStopped)
            {
                node.OpenCount--;
                node.FreeIfGone();
            }

            _isClosed = true;
        }
    }

    private VfsStatus Before(DiskCall call, bool writes, out bool isShort)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        var status = disk.Faults.Before(call, path, out isShort);
        return status == VfsStatus.Ok && writes && !isWritable ? VfsStatus.InvalidHandle : status;
    }

    private void Touch() => node.Attributes = node.Attributes with { MtimeNs = disk.NextNs(), CtimeNs = disk.NextNs() };
}
