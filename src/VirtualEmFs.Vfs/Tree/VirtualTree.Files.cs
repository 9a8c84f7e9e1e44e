using System.Buffers;
using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Tree;

public sealed partial class VirtualTree
{
    public void Read(ulong handle, long fileOffset, int lengthBytes, IReadReply reply)
    {
        Interlocked.Increment(ref _readCount);
        if (!_handles.TryGetValue(handle, out var open) || open is FolderHandle)
        {
            reply.Fail(VfsStatus.InvalidHandle);
        }
        else if (fileOffset < 0 || lengthBytes < 0)
        {
            reply.Fail(VfsStatus.InvalidArgument);
        }
        else if (open.Node.Staged is { } staged)
        {
            _ = _queue.Run(LaneOfBytes(open.Node), () =>
            {
                Reply(nameof(Read), () => ReadSource(staged.Raw, fileOffset, lengthBytes, reply));
                return Task.CompletedTask;
            });
        }
        else if (open is MrcHandle mrc)
        {
            mrc.Read(fileOffset, lengthBytes, new DamageReply(this, mrc, mrc.Mrc.Map.Clip(fileOffset, lengthBytes), reply));
        }
        else
        {
            var file = ((SourceHandle)open).File;
            _ = _queue.Run(LaneOf(open.Node), () =>
            {
                Reply(nameof(Read), () => ReadSource(file, fileOffset, lengthBytes, reply));
                return Task.CompletedTask;
            });
        }
    }

    public void Release(ulong handle) => Close(handle);

    public void Seek(ulong handle, long fileOffset, SeekKind kind, IReply<long> reply)
    {
        if (!_handles.TryGetValue(handle, out var open) || open is FolderHandle)
        {
            reply.Fail(VfsStatus.InvalidHandle);
        }
        else if (open.Node.Staged is { } staged)
        {
            Answer(LaneOfBytes(open.Node), reply, () => Task.FromResult<Outcome<long>>(
                staged.Raw.Seek(fileOffset, kind, out long result) is var status && status == VfsStatus.Ok ? result : status));
        }
        else if (open is MrcHandle { Mrc.LengthBytes: var length })
        {
            // All data; the only hole is the end.
            if (fileOffset < 0 || fileOffset >= length)
            {
                reply.Fail(VfsStatus.NoSuchOffset);
            }
            else
            {
                reply.Ok(kind == SeekKind.Data ? fileOffset : length);
            }
        }
        else
        {
            var file = ((SourceHandle)open).File;
            Answer(LaneOf(open.Node), reply, () => Task.FromResult<Outcome<long>>(
                file.Seek(fileOffset, kind, out long result) is var status && status == VfsStatus.Ok ? result : status));
        }
    }

    private static void ReadSource(ISourceFile file, long fileOffset, int lengthBytes, IReadReply reply)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(lengthBytes);
        try
        {
            var status = file.Read(fileOffset, buffer.AsSpan(0, lengthBytes), out int readBytes);
            if (status == VfsStatus.Ok)
            {
                reply.Data(buffer.AsSpan(0, readBytes));
            }
            else
            {
                reply.Fail(status);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ulong AddHandle(OpenHandle handle)
    {
        handle.SeenFlushFailureCount = handle.Node.Staged?.FlushFailureCount ?? 0;
        ulong id = Interlocked.Increment(ref _lastHandle);
        _handles[id] = handle;
        return id;
    }

    private void Close(ulong handle)
    {
        if (!_handles.TryRemove(handle, out var open))
        {
            return;
        }

        _nodes.Close(open.Node, (open as SourceHandle)?.File);
        if (_writing is not null && open is not FolderHandle)
        {
            UncountHandle(open.Node, open.IsWriter);
        }

        switch (open)
        {
            case SourceHandle source:
                source.File.Dispose();
                break;
            case MrcHandle mrc:
                NoteDamageOf(mrc);
                mrc.Frames.Dispose();
                break;
        }
    }

    private static string Describe(ArchiveDamage damage) =>
        damage.FrameIndex is int frame ? $"frame {frame}: {damage.Reason}" : damage.Reason;

    private void NoteDamageOf(MrcHandle handle)
    {
        if (handle.Frames.FirstDamage is { } damage)
        {
            MarkDamage(handle.Description, damage);
        }
    }

    private void MarkDamage(ArchiveDescription description, ArchiveDamage damage)
    {
        if (_damage.Mark(description, damage))
        {
            NoteDamage(description.Files[0], Describe(damage));
        }
    }

    /// <summary>Marks an archive whose decoding fails, and keeps short reads from a kernel that would fill them with zeros.</summary>
    private sealed class DamageReply(VirtualTree tree, MrcHandle handle, int lengthBytes, IReadReply reply) : IReadReply
    {
        public void Data(ReadOnlySpan<byte> bytes)
        {
            if (bytes.Length < lengthBytes)
            {
                tree.NoteDamageOf(handle);
                // A private mapping has pages even where the file is opened without the kernel's cache.
                if (!handle.EndsAtDamage || reply.FillsPages)
                {
                    reply.Fail(VfsStatus.Corrupt);
                    return;
                }
            }

            reply.Data(bytes);
        }

        public void Fail(VfsStatus status)
        {
            if (status == VfsStatus.Corrupt)
            {
                tree.NoteDamageOf(handle);
            }

            reply.Fail(status);
        }
    }
}
