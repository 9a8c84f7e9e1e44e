using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Opens files of the source, staged files, and archives of the version that was looked up.</summary>
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

        // One who opens for writing may be about to empty it (cp over it): to the kernel that is a change of its length, after this.
        var damage = _damage.Of(description);
        bool isServed = _options.Damaged == DamagePolicy.Serve;
        if (damage is not null && !isServed)
        {
            NoteDamage(description.Files[0], Describe(damage));
            if (!forWriting)
            {
                return VfsStatus.Corrupt;
            }
        }

        var frames = _reader.Open(description);
        if (frames.FirstDamage is { } met && damage is null)
        {
            MarkDamage(description, damage = met);
            if (!isServed && !forWriting)
            {
                frames.Dispose();
                return VfsStatus.Corrupt;
            }
        }

        var mrc = VirtualMrc.Create(description, node.Key.View, _options.UseStrictStatistics);
        var counted = _writing is null ? VfsStatus.Ok : await CountHandleInTurn(node, forWriting);
        if (counted == VfsStatus.Ok && node.Facts.ShownPath is { } shownPath && node.Staged is null && IsStagedNow(shownPath))
        {
            // Looked up in the moment in which it was written to: that file has another node by now.
            UncountHandle(node, forWriting);
            counted = VfsStatus.Stale;
        }

        if (counted != VfsStatus.Ok)
        {
            frames.Dispose();
            return counted;
        }

        bool keepsCache = _nodes.Open(node, node.Key.Version, file: null);
        bool endsAtDamage = damage is not null && isServed;
        ulong handle = AddHandle(new MrcHandle(node, description, mrc, frames, endsAtDamage, forWriting));
        return new OpenedFile(handle, KeepCache: keepsCache && damage is null, DirectIo: endsAtDamage);
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
}
