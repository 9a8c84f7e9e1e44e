using System.Buffers;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Tree;

public sealed partial class VirtualTree
{
    public void Open(ulong nodeId, bool forWriting, IReply<OpenedFile> reply)
    {
        Interlocked.Increment(ref _openCount);
        if (!TryFind(nodeId, reply, out var node))
        {
            return;
        }

        var refusal = node.Kind == NodeKind.Directory ? VfsStatus.IsDirectory
            : forWriting && _writing is null ? VfsStatus.ReadOnly
            : forWriting && node.Key.Flavour is NodeFlavour.Member or NodeFlavour.Converted ? VfsStatus.NotPermitted
            : node.Kind != NodeKind.File ? VfsStatus.InvalidArgument
            : VfsStatus.Ok;
        if (refusal != VfsStatus.Ok)
        {
            reply.Fail(refusal);
            return;
        }

        Answer(LaneOf(node), reply, () => OpenNode(node, forWriting));
    }

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

    private async Task<Outcome<OpenedFile>> OpenNode(Node node, bool forWriting) =>
        StagedOf(node) is not null ? await OpenStaged(node, forWriting)
        : node.Key.IsVirtualFile ? await OpenArchive(node, forWriting)
        : await OpenSource(node, forWriting);

    /// <summary>Opens a file's own bytes. A file that has grown or changed in place is the same file, with other pages.</summary>
    private async Task<Outcome<OpenedFile>> OpenSource(Node node, bool forWriting)
    {
        var status = OpenFile(node.Facts.Path, forWriting, out var file);
        if (status != VfsStatus.Ok)
        {
            return status == VfsStatus.NotFound ? VfsStatus.Stale : status;
        }

        bool isKept = false;
        try
        {
            status = file!.Stat(out var stat);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            if (!IsSameFile(node, stat))
            {
                return VfsStatus.Stale;
            }

            node.Facts = FactsOfSource(node.Facts.Path, node.Key, stat);
            status = _writing is null ? VfsStatus.Ok : await CountHandleInTurn(node, forWriting);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            bool keepsCache = _nodes.Open(node, stat.Version, file);
            isKept = true;
            return new OpenedFile(AddHandle(new SourceHandle(node, file, forWriting)), keepsCache, DirectIo: false);
        }
        finally
        {
            if (!isKept)
            {
                file!.Dispose();
            }
        }
    }

    private VfsStatus OpenFile(string path, bool forWriting, out ISourceFile? file)
    {
        if (_writing is null)
        {
            return _source.OpenFile(path, out file);
        }

        var status = _writing.Disk.Open(_source.FullPath(path), forWriting ? DiskAccess.ReadWrite : DiskAccess.Read, 0, out var opened);
        file = opened;
        return status;
    }

    private async Task<Outcome<OpenedFile>> OpenArchive(Node node, bool forWriting)
    {
        var found = await DescribeArchive(node);
        if (found.Status != VfsStatus.Ok)
        {
            return found.Status;
        }

        var description = found.Value.Archive;
        if (node.Key.Flavour == NodeFlavour.Member)
        {
            description = VirtualMrc.Normalise(_formats.DescribeMember(description, node.Key.Member));
        }

        var damage = _damage.Of(description);
        bool isServed = _options.Damaged == DamagePolicy.Serve;
        if (damage is not null && !isServed)
        {
            NoteDamage(description.Files[0], Describe(damage));
            return VfsStatus.Corrupt;
        }

        var frames = _reader.Open(description);
        if (frames.FirstDamage is { } met && damage is null)
        {
            MarkDamage(description, damage = met);
            if (!isServed)
            {
                frames.Dispose();
                return VfsStatus.Corrupt;
            }
        }

        var mrc = VirtualMrc.Create(description, node.Key.View, _options.UseStrictStatistics);
        var counted = _writing is null ? VfsStatus.Ok : await CountHandleInTurn(node, forWriting);
        if (counted != VfsStatus.Ok)
        {
            frames.Dispose();
            return counted;
        }

        bool keepsCache = _nodes.Open(node, node.Key.Version, file: null);
        ulong handle = AddHandle(new MrcHandle(node, description, mrc, frames, endsAtDamage: damage is not null, forWriting));
        return new OpenedFile(handle, KeepCache: keepsCache && damage is null, DirectIo: damage is not null);
    }

    /// <summary>The description of a virtual node's archive, after making sure that it is still that version.</summary>
    private async Task<Outcome<(ArchiveDescription Archive, SourceStat Stat)>> DescribeArchive(Node node)
    {
        string path = node.Facts.Path;
        var status = _source.Stat(path, followLinks: true, out var stat);
        if (status != VfsStatus.Ok)
        {
            return status == VfsStatus.NotFound ? VfsStatus.Stale : status;
        }

        if (stat.Version != node.Key.Version)
        {
            return VfsStatus.Stale;
        }

        string fullPath = _source.FullPath(path);
        if (!_probes.TryPeek(stat.Version, out var probed) || probed.Description?.Files[0] != fullPath)
        {
            status = _source.ResolveLinks(path, out fullPath);
            if (status != VfsStatus.Ok)
            {
                return status == VfsStatus.NotFound ? VfsStatus.Stale : status;
            }

            // A set whose folder was renamed has all its paths elsewhere now, though no file of it has changed.
            if (probed?.Description is { Files.Length: > 1 } moved && moved.Files[0] != fullPath)
            {
                _probes.Forget(stat.Version);
            }

            probed = await _probes.Probe(stat.Version, fullPath, needsDescription: true);
        }

        return probed.Outcome switch
        {
            ProbeOutcome.Archive => (At(fullPath, probed.Description!), stat),
            // It was an archive when it was looked up.
            ProbeOutcome.BeingWritten => VfsStatus.Stale,
            _ => VfsStatus.Corrupt,
        };
    }

    /// <summary>An archive whose folder was renamed is the same under another path.</summary>
    private static ArchiveDescription At(string fullPath, ArchiveDescription description) =>
        description.Files.Length > 1 || description.Files[0] == fullPath ? description : description with { Files = [fullPath] };

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
