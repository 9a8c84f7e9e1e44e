using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>How a file becomes staged when it is written to: an archive's samples come back, a plain MRC file waits where it lies.</summary>
public sealed partial class VirtualTree
{
    // Two files at once fill two cores; more would only wait for each other.
    private const int RestoringLimit = 2;

    // Each takes another rename within the time of one restoration.
    private const int StagingAttempts = 4;

    private readonly Restorations _restorations = new();
    private readonly SemaphoreSlim _restoring = new(RestoringLimit, RestoringLimit);

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

            if (!node.Key.IsVirtualFile)
            {
                return await Adopt(node);
            }

            // An archive that is renamed or removed while its samples come back is asked for them again.
            Outcome<StagedFile?> outcome;
            int attemptCount = 0;
            do
            {
                outcome = await StageArchive(node, keepsSamples);
            }
            while (outcome.Status is VfsStatus.Stale or VfsStatus.NotFound && ++attemptCount < StagingAttempts);
            return outcome;
        }
        finally
        {
            node.Staging.Release();
        }
    }

    /// <summary>A file with several names stays raw: archived under one of them, it would part from the others.</summary>
    private async Task<Outcome<StagedFile?>> Adopt(Node node)
    {
        await _names.Enter(); // no rename gives the file another name, or its name to another file
        try
        {
            string path = node.Facts.Path;
            if (_source.Stat(path, followLinks: false, out var stat) != VfsStatus.Ok || !IsSameFile(node, stat) || stat.LinkCount > 1)
            {
                return Outcome<StagedFile?>.Of(null); // or open, and without a name: nothing is left to archive
            }

            var status = Area.Adopt(path, found => IsSameFile(node, found), staged => Attach(node, staged), out var staged);
            return status is VfsStatus.Ok or VfsStatus.Stale ? Outcome<StagedFile?>.Of(staged) : status;
        }
        finally
        {
            _names.Leave();
        }
    }

    private async Task<Outcome<StagedFile?>> StageArchive(Node node, bool keepsSamples)
    {
        if (node.Key.Flavour is NodeFlavour.Member or NodeFlavour.Converted || node.Facts.ShownPath is not { } shownPath)
        {
            return VfsStatus.NotPermitted;
        }

        if (Area.Index.Find(shownPath) is { Entry.IsInPlace: false } other)
        {
            return await StageBeside(node, other, keepsSamples);
        }

        var found = await DescribeArchive(node);
        if (found.Status == VfsStatus.Stale && OpenArchiveOf(node) is { } open && await IsNameless(node))
        {
            return await StageNameless(node, keepsSamples ? open : null);
        }

        if (found.Status != VfsStatus.Ok)
        {
            return found.Status;
        }

        if (keepsSamples && !HasRoomFor(node.Facts.Attributes.LengthBytes))
        {
            return VfsStatus.NoSpace;
        }

        var (description, stat) = found.Value;
        Outcome<StagedFile?> taken;
        await _restoring.WaitAsync();
        try
        {
            // On a thread of its own: a large tomogram takes seconds, and the lane belongs to others.
            taken = await Task.Factory.StartNew(
                () => TakeArchive(node, shownPath, description, stat, keepsSamples),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            _restoring.Release();
        }

        return taken.Status == VfsStatus.AlreadyExists && Area.Index.Find(shownPath) is { } first
            ? await StageBeside(node, first, keepsSamples)
            : taken;
    }

    private bool HasRoomFor(long lengthBytes) =>
        _writing!.Disk.GetCapacity(Area.FolderPath, out var capacity) != VfsStatus.Ok
        || (decimal)capacity.AvailableBlocks * capacity.FragmentLengthBytes >= lengthBytes;

    /// <summary>Brings an archive's samples back, and gives the staged file the archive's name.</summary>
    /// <param name="shownPath">Its name when that begins; it may be renamed until the samples are back.</param>
    private Outcome<StagedFile?> TakeArchive(Node node, string shownPath, ArchiveDescription description, SourceStat stat, bool keepsSamples)
    {
        var view = node.Key.View;
        bool isIn = false;
        try
        {
            var status = Area.Take(
                node.Key.Alias is null ? node.Facts.Attributes.Inode : InodeNumbers.New(), // the archive's other names keep theirs
                new Creation(node.Facts.Attributes.Permissions, stat.Uid, stat.Gid),
                keepsSamples ? (raw, _) => Restore(description, view, shownPath, stat, raw) : null,
                rawPath => CopyExtendedAttributes(_source.FullPath(AttributePathOf(node)), rawPath),
                () =>
                {
                    _names.Enter().GetAwaiter().GetResult(); // renames took microseconds while the samples came back
                    isIn = true;
                    shownPath = node.Facts.ShownPath ?? "";

                    // Before the archive is looked for: who removes it from then on removes what came out of it.
                    _binding[shownPath] = true;
                    return PlaceOf(node, stat, description.IsOwn, keepsSamples);
                },
                staged => Area.Index.Find(shownPath) is { Entry.IsInPlace: false } ? VfsStatus.AlreadyExists : Bind(node, staged),
                out var staged);
            if (status == VfsStatus.Ok && !description.IsOwn && _source.Stat(FolderOf(shownPath), followLinks: true, out var folder) == VfsStatus.Ok)
            {
                // The archive stays, and goes on under its long name.
                string name = NameOf(shownPath);
                BindingsOf(folder.Version).Give(name, StagingArea.ArchivePathOf(name));
            }

            return status == VfsStatus.Ok ? staged : status;
        }
        finally
        {
            if (isIn)
            {
                _binding.TryRemove(shownPath, out _);
                _names.Leave();
            }
        }
    }

    /// <summary>What an archive is called now that its samples have come back; stale when it is gone, or another file.</summary>
    private StagedPlace PlaceOf(Node node, in SourceStat restored, bool isOwn, bool keepsSamples)
    {
        var facts = node.Facts;
        if (facts.ShownPath is not { } shownPath || _source.Stat(facts.Path, followLinks: true, out var now) != VfsStatus.Ok
            || now.Version.Device != restored.Version.Device || FileIdentity.Of(now) != FileIdentity.Of(restored))
        {
            return new StagedPlace(VfsStatus.Stale, "", null);
        }

        // What is archived takes the name: a link's place, and not that of the file to which it leads.
        var named = now;
        if (node.Key.Alias is not null && _source.Stat(facts.Path, followLinks: false, out named) != VfsStatus.Ok)
        {
            return new StagedPlace(VfsStatus.Stale, "", null);
        }

        var archive = new ArchiveBase(facts.Path, FileIdentity.Of(named), keepsSamples);
        if (isOwn && named.Kind == NodeKind.SymbolicLink && _source.ResolveLinks(facts.Path, out string target) == VfsStatus.Ok && IsInSource(target))
        {
            // Limits are those of the file to which it leads, wherever the link goes with a rename.
            var origin = new ArchiveBase(target[_source.RootPath.Length..].TrimStart('/'), FileIdentity.Of(now), keepsSamples);
            return new StagedPlace(VfsStatus.Ok, shownPath, archive with { KeepsLimits = false }, keepsSamples ? origin : null);
        }

        return new StagedPlace(VfsStatus.Ok, shownPath, isOwn ? archive : null, isOwn || !keepsSamples ? null : archive);
    }

    private VfsStatus Bind(Node node, StagedFile staged)
    {
        _changes.Note(FolderOf(staged.Entry.Path));
        var status = Attach(node, staged);
        if (status == VfsStatus.Ok)
        {
            _nodes.Rebind(node, NodeKey.OfStaged(staged.Id));
            node.Facts = node.Facts with { Path = staged.Entry.Path, ShownPath = null };
        }

        return status;
    }

    private VfsStatus Restore(ArchiveDescription description, MrcView view, string shownPath, SourceStat stat, IDiskFile raw)
    {
        using var restoration = _restorations.Begin(shownPath, VirtualMrc.LengthOf(description));
        try
        {
            _writing!.Archiver.Restore(description, view, raw, restoration.Add, CancellationToken.None);
        }
        catch (DiskFailedException exception)
        {
            return exception.Status;
        }
        catch (ArchiveChangedException)
        {
            return VfsStatus.Stale;
        }

        return raw.SetAttributes(new AttributeChange(AtimeNs: stat.AtimeNs, MtimeNs: stat.Version.MtimeNs));
    }
}
