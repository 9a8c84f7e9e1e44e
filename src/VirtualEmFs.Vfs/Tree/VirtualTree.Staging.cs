using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Scheduling;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Staged files in the tree: what a name means, which node shows it, and how a file that is written to becomes staged.</summary>
public sealed partial class VirtualTree
{
    // Its own lane: a source whose disk hangs must not stop writers.
    private const string StagingLane = "\0staging";

    // Two files at once fill two cores; more would only wait for each other.
    private const int RestoringLimit = 2;

    private readonly TreeWriting? _writing;
    private readonly SharedGate _names = new();                        // renames of folders pass alone
    private readonly SemaphoreSlim _restoring = new(RestoringLimit, RestoringLimit);
    private long _stagingVersion;                                      // counts changes of staged names, for listings

    private StagingArea Area => _writing!.Area;

    /// <summary>Drops what is remembered about the names of a folder, since the mount itself has changed them.</summary>
    internal void ForgetNames(string folderPath)
    {
        Interlocked.Increment(ref _stagingVersion);
        var status = _source.Stat(folderPath, followLinks: folderPath.Length == 0, out var stat);
        if (status == VfsStatus.Ok && _nodes.Find(NodeKey.OfSource(stat.Version, NodeKind.Directory)) is { } folder)
        {
            folder.Index = null;
        }
    }

    /// <summary>What a name means now. On an I/O thread.</summary>
    private async Task<Outcome<NameMeaning>> MeaningOf(Node folder, string name)
    {
        string path = PathOf(folder.Facts.Path, name);
        if (_foreign.TryGet(path, out _))
        {
            return VfsStatus.Corrupt;
        }

        var staged = _writing?.Area.Index.Find(path);
        if (staged is { Entry.IsInPlace: false })
        {
            return new NameMeaning(staged, null, null);
        }

        var status = _source.Stat(path, followLinks: false, out var stat);
        if (status == VfsStatus.Ok)
        {
            return new NameMeaning(staged, stat, null);
        }

        if (status != VfsStatus.NotFound)
        {
            return status;
        }

        var index = CurrentIndex(folder);
        return index.Status != VfsStatus.Ok ? index.Status
            : await FindClaim(folder, index.Value, name) is { } claim ? new NameMeaning(null, null, claim)
            : default(NameMeaning);
    }

    /// <summary>The archive that a name means; on a writable mount only the name that is listed means it.</summary>
    private async Task<FolderNames.Claim?> FindClaim(Node folder, FolderIndex index, string name)
    {
        var names = new FolderNames(index, await FindArchives(folder, index, name), BindingsOf(folder));
        return names.Resolve(name) is { } claim
            && (_writing is null || claim.File.Outcome != ProbeOutcome.Archive || names.NameOf(claim.Archive).VirtualName == name)
            ? claim
            : null;
    }

    /// <summary>The node of a staged file, with a reference of the kernel's; null when it is being archived at this moment.</summary>
    private Node? ReferStaged(string path, StagedFile staged, Func<NodeKey, NodeKind, NodeFacts, Node> refer)
    {
        if (Area.Stat(staged, out var stat) != VfsStatus.Ok)
        {
            return null;
        }

        var key = NodeKey.OfStaged(staged.Id);
        var node = refer(key, NodeKind.File, FactsOfStaged(path, staged, stat));
        Attach(node, staged);
        return node;
    }

    /// <summary>Makes a node show a staged file; its handles, if any, read and write that from now on.</summary>
    private VfsStatus Attach(Node node, StagedFile staged)
    {
        lock (node)
        {
            if (node.Staged is not null)
            {
                return VfsStatus.Ok;
            }

            var status = node.HandleCount > 0 ? Area.Open(staged, node.HandleCount, node.WriterCount) : VfsStatus.Ok;
            if (status == VfsStatus.Ok)
            {
                node.Staged = staged;
            }

            return status;
        }
    }

    /// <summary>
    /// The staged file that a node shows now. A file that waited where it lies, and stays there raw after all, is a file of the source again.
    /// </summary>
    private static StagedFile? StagedOf(Node node)
    {
        if (node.Staged is not { IsGone: true } gone || node.Key.Flavour != NodeFlavour.Source)
        {
            return node.Staged;
        }

        lock (node)
        {
            // Whoever has it open was there when it was removed.
            if (node.HandleCount == 0 && ReferenceEquals(node.Staged, gone))
            {
                node.Staged = null;
            }

            return node.Staged;
        }
    }

    /// <summary>Counts a new handle; on a staged file its raw file is open from then on.</summary>
    private VfsStatus CountHandle(Node node, bool isWriter)
    {
        lock (node)
        {
            var status = node.Staged is { } staged ? Area.Open(staged, 1, isWriter ? 1 : 0) : VfsStatus.Ok;
            if (status == VfsStatus.Ok)
            {
                node.HandleCount++;
                node.WriterCount += isWriter ? 1 : 0;
            }

            return status;
        }
    }

    private void UncountHandle(Node node, bool isWriter)
    {
        StagedFile? staged;
        lock (node)
        {
            node.HandleCount--;
            node.WriterCount -= isWriter ? 1 : 0;
            staged = node.Staged;
        }

        if (staged is not null)
        {
            Area.Close(staged, isWriter);
        }
    }

    /// <summary>Opens a staged file. Waits while it is being put into its place.</summary>
    private async Task<Outcome<OpenedFile>> OpenStaged(Node node, bool forWriting)
    {
        var staged = node.Staged!;
        await staged.Names.WaitAsync();
        try
        {
            var status = CountHandle(node, forWriting);
            if (status != VfsStatus.Ok)
            {
                return status;
            }

            // Every change goes through the kernel, so that its pages are always right.
            _nodes.Open(node, node.Key.Version, file: null);
            return new OpenedFile(AddHandle(new StagedHandle(node, forWriting)), KeepCache: true, DirectIo: false);
        }
        finally
        {
            staged.Names.Release();
        }
    }

    /// <summary>
    /// The raw file that a change of a node's file goes to. An archive's samples come back first; a plain MRC file of the source is from now on one
    /// that waits to be archived.
    /// </summary>
    /// <param name="keepsSamples">False when the file is emptied anyway.</param>
    /// <returns>Null for a file of the source that is no MRC file.</returns>
    private async Task<Outcome<StagedFile?>> StageForChange(Node node, bool keepsSamples, ISlowReply? slow)
    {
        if (StagedOf(node) is { } known)
        {
            return known;
        }

        if (!node.Key.IsVirtualFile && !MrcNames.IsMrcName(NameOf(node.Facts.Path)))
        {
            return Outcome<StagedFile?>.Of(null);
        }

        slow?.MayTakeLong();
        await node.Staging.WaitAsync();
        try
        {
            if (StagedOf(node) is { } staged)
            {
                return staged;
            }

            return node.Key.IsVirtualFile ? await StageArchive(node, keepsSamples) : Adopt(node);
        }
        finally
        {
            node.Staging.Release();
        }
    }

    private Outcome<StagedFile?> Adopt(Node node)
    {
        if (_source.Stat(node.Facts.Path, followLinks: false, out var stat) != VfsStatus.Ok || !IsSameFile(node, stat))
        {
            return Outcome<StagedFile?>.Of(null); // open, and without a name: nothing is left to archive
        }

        var status = Area.Adopt(node.Facts.Path, node.Facts.Attributes.Inode, staged => Attach(node, staged), out var staged);
        return status == VfsStatus.Ok ? staged : status;
    }

    private async Task<Outcome<StagedFile?>> StageArchive(Node node, bool keepsSamples)
    {
        if (node.Key.Flavour is NodeFlavour.Member or NodeFlavour.Converted || node.Facts.ShownPath is not { } shownPath)
        {
            return VfsStatus.NotPermitted;
        }

        var found = await DescribeArchive(node);
        if (found.Status == VfsStatus.Stale && OpenArchiveOf(node) is { } open)
        {
            return await StageNameless(node, keepsSamples ? open : null);
        }

        if (found.Status != VfsStatus.Ok)
        {
            return found.Status;
        }

        var (description, stat) = found.Value;
        var length = node.Facts.Attributes.LengthBytes;
        if (keepsSamples && _writing!.Disk.GetCapacity(Area.FolderPath, out var capacity) == VfsStatus.Ok
            && (decimal)capacity.AvailableBlocks * capacity.FragmentLengthBytes < length)
        {
            return VfsStatus.NoSpace;
        }

        var archive = IsOwn(description) ? new ArchiveBase(node.Facts.Path, FileIdentity.Of(stat), keepsSamples) : null;
        var creation = new Creation(node.Facts.Attributes.Permissions, stat.Uid, stat.Gid);
        string archivePath = _source.FullPath(node.Facts.Path);
        var view = node.Key.View;
        await _restoring.WaitAsync();
        try
        {
            // On a thread of its own: a large tomogram takes seconds, and the lane belongs to others.
            return await Task.Factory.StartNew(
                () =>
                {
                    var status = Area.Take(
                        shownPath, node.Facts.Attributes.Inode, creation, archive,
                        keepsSamples ? (raw, rawPath) => Restore(description, view, archivePath, stat, raw, rawPath) : null,
                        staged => Bind(node, staged), out var staged);
                    return status == VfsStatus.Ok ? staged : (Outcome<StagedFile?>)status;
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            _restoring.Release();
        }
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

    private VfsStatus Bind(Node node, StagedFile staged)
    {
        var status = Attach(node, staged);
        if (status == VfsStatus.Ok)
        {
            _nodes.Rebind(node, NodeKey.OfStaged(staged.Id));
            node.Facts = node.Facts with { Path = staged.Entry.Path, ShownPath = null };
        }

        return status;
    }

    private VfsStatus Restore(ArchiveDescription description, MrcView view, string archivePath, SourceStat stat, IDiskFile raw, string rawPath)
    {
        try
        {
            _writing!.Archiver.Restore(description, view, raw, static _ => { }, CancellationToken.None);
        }
        catch (DiskFailedException exception)
        {
            return exception.Status;
        }

        var status = CopyExtendedAttributes(archivePath, rawPath);
        return status == VfsStatus.Ok ? raw.SetAttributes(new AttributeChange(AtimeNs: stat.AtimeNs, MtimeNs: stat.Version.MtimeNs)) : status;
    }

    /// <summary>True for archives of MRC files that this program made: replacing one loses nothing that another program wrote.</summary>
    private static bool IsOwn(ArchiveDescription description) => !description.PreservedHeader.IsEmpty;

    private NodeFacts FactsOfStaged(string path, StagedFile staged, in SourceStat stat)
    {
        var attributes = new NodeAttributes(
            staged.Entry.Inode, NodeKind.File, stat.Permissions, staged.IsGone ? 0 : 1u, stat.Uid, stat.Gid, 0,
            stat.Version.LengthBytes, stat.BlockCount, stat.AtimeNs, stat.Version.MtimeNs, stat.Version.CtimeNs);
        return new NodeFacts(path, attributes, _time.GetTimestamp());
    }

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>Writes one answered read to a raw file.</summary>
    private sealed class CopiedRun(IDiskFile raw, long fileOffset) : IReadReply
    {
        private readonly TaskCompletionSource<(VfsStatus Status, int LengthBytes)> _copied = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<(VfsStatus Status, int LengthBytes)> Copied => _copied.Task;

        public void Data(ReadOnlySpan<byte> bytes) => _copied.SetResult((raw.Write(fileOffset, bytes, out _), bytes.Length));

        public void Fail(VfsStatus status) => _copied.SetResult((status, 0));
    }
}
