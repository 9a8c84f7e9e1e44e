using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Archives that lost their name while programs have them open, and are written to now: bytes without a name, which go with the last handle.</summary>
public sealed partial class VirtualTree
{
    /// <summary>
    /// Stages an archive whose name a staged file has already. One that was replaced while it is open goes on without a name. One that the staged file came
    /// out of is shown by that file's node: the kernel would keep pages of two nodes, which know nothing of each other's writes.
    /// </summary>
    private async Task<Outcome<StagedFile?>> StageBeside(Node node, StagedFile other, bool keepsSamples)
    {
        // Not by its path: the archive of another file may have taken that.
        var version = node.Key.Version;
        bool isBase = other.Entry.Base is { } archive
            && ((node.Key.Alias is not null && archive.Path == node.Facts.Path) || archive.Identity == new FileIdentity(version.Inode, version.LengthBytes, version.MtimeNs));
        return !isBase && OpenArchiveOf(node) is { } open ? await StageNameless(node, keepsSamples ? open : null) : VfsStatus.Stale;
    }

    private MrcHandle? OpenArchiveOf(Node node)
    {
        foreach (var handle in _handles.Values)
        {
            if (handle is MrcHandle mrc && ReferenceEquals(mrc.Node, node))
            {
                return mrc;
            }
        }

        return null;
    }

    /// <summary>True when an archive's name is gone, or another file's: no rename of the mount itself is under way, after which it has a new one. One that has
    /// other names is not gone with one of them.</summary>
    private async Task<bool> IsNameless(Node node)
    {
        if (node.Key.Alias is not null)
        {
            return false;
        }

        await _names.Enter();
        try
        {
            var status = _source.Stat(node.Facts.Path, followLinks: true, out var stat);
            return status is VfsStatus.NotFound or VfsStatus.NotDirectory || (status == VfsStatus.Ok && !IsOfFile(node, stat));
        }
        finally
        {
            _names.Leave();
        }
    }

    /// <summary>Goes on with an archive that was removed while a program has it open, and that is written to now: bytes without a name.</summary>
    /// <param name="open">Null when the file is emptied.</param>
    private async Task<Outcome<StagedFile?>> StageNameless(Node node, MrcHandle? open)
    {
        var status = Area.CreateNameless(node.Facts.Attributes.Inode, node.Facts.Attributes.Permissions, out var raw, out var staged);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        status = open is null ? VfsStatus.Ok : await CopyThrough(open, raw!);
        if (status == VfsStatus.Ok)
        {
            lock (node)
            {
                staged!.Open(node.HandleCount, node.WriterCount, _ => (VfsStatus.Ok, raw, false));
                node.Staged = staged;
            }

            _nodes.Rebind(node, NodeKey.OfStaged(staged.Id));
            return staged;
        }

        raw!.Dispose();
        return status;
    }

    /// <summary>Copies what reads of an open archive show.</summary>
    private static async Task<VfsStatus> CopyThrough(MrcHandle from, IDiskFile raw)
    {
        const int runBytes = 1 << 20;
        for (long offset = 0; offset < from.Mrc.LengthBytes;)
        {
            var run = new CopiedRun(raw, offset);
            from.Read(offset, runBytes, run);
            var (status, lengthBytes) = await run.Copied;
            if (status != VfsStatus.Ok || lengthBytes == 0)
            {
                return status == VfsStatus.Ok ? VfsStatus.Corrupt : status;
            }

            offset += lengthBytes;
        }

        return VfsStatus.Ok;
    }

    /// <summary>Writes one answered read to a raw file.</summary>
    private sealed class CopiedRun(IDiskFile raw, long fileOffset) : IReadReply
    {
        private readonly TaskCompletionSource<(VfsStatus Status, int LengthBytes)> _copied = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<(VfsStatus Status, int LengthBytes)> Copied => _copied.Task;

        public void Data(ReadOnlySpan<byte> bytes) => _copied.SetResult((raw.Write(fileOffset, bytes, out _), bytes.Length));

        public void Fail(VfsStatus status) => _copied.SetResult((status, 0));
    }
}
