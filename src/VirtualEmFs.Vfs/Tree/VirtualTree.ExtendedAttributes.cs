using System.Globalization;
using System.Text;
using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Tree;

public sealed partial class VirtualTree
{
    private const string OwnPrefix = "user.emfs.";

    public void GetExtendedAttribute(ulong nodeId, string name, IReply<byte[]> reply)
    {
        if (!TryFind(nodeId, reply, out var node))
        {
            return;
        }

        if (name.StartsWith(OwnPrefix, StringComparison.Ordinal))
        {
            Answer(LaneOf(node), reply, async () =>
            {
                var own = await OwnAttributes(node);
                return own.Status != VfsStatus.Ok ? own.Status
                    : own.Value.Find(attribute => attribute.Name == name) is { Value: { } value } ? Encoding.UTF8.GetBytes(value)
                    : VfsStatus.NoData;
            });
        }
        else if (!HasExtendedAttributes(node))
        {
            reply.Fail(VfsStatus.NoData);
        }
        else
        {
            Answer(LaneOf(node), reply, () => Task.FromResult<Outcome<byte[]>>(GetExtendedAttribute(node, name, out byte[] value) is var status
                && status == VfsStatus.Ok ? value : OrStale(status)));
        }
    }

    public void SetExtendedAttribute(ulong nodeId, string name, ReadOnlySpan<byte> value, ExtendedAttributeMode mode, IReply<Done> reply)
    {
        byte[] copy = value.ToArray();
        ChangeExtendedAttribute(nodeId, name, (disk, path) => disk.SetExtendedAttribute(path, name, copy, mode), reply);
    }

    public void RemoveExtendedAttribute(ulong nodeId, string name, IReply<Done> reply) =>
        ChangeExtendedAttribute(nodeId, name, (disk, path) => disk.RemoveExtendedAttribute(path, name), reply);

    private void ChangeExtendedAttribute(ulong nodeId, string name, Func<IDisk, string, VfsStatus> change, IReply<Done> reply)
    {
        if (!TryFind(nodeId, reply, out var node))
        {
            return;
        }

        if (_writing is null || !HasExtendedAttributes(node) || name.StartsWith(OwnPrefix, StringComparison.Ordinal))
        {
            reply.Fail(_writing is null ? VfsStatus.ReadOnly : VfsStatus.NotPermitted);
            return;
        }

        Answer(LaneOfBytes(node), reply, async () =>
        {
            var status = await ChangeFile(node, reply as ISlowReply, (_, path) => change(_writing.Disk, path));
            return status == VfsStatus.Ok ? default(Done) : status;
        });
    }

    /// <summary>Files have those of the file that holds their bytes; on a read-only mount only files of the source have any.</summary>
    private bool HasExtendedAttributes(Node node) => node.Key.Flavour == NodeFlavour.Source
        || (_writing is not null && node.Key.Flavour is NodeFlavour.Staged or NodeFlavour.Mrc or NodeFlavour.MrcAsStack or NodeFlavour.MrcAsVolume);

    /// <summary>A file that went elsewhere in this moment, into its archive for instance, is looked up again.</summary>
    private static VfsStatus OrStale(VfsStatus status) => status == VfsStatus.NotFound ? VfsStatus.Stale : status;

    private VfsStatus GetExtendedAttribute(Node node, string name, out byte[] value) => node.Staged is { } staged
        ? _writing!.Disk.GetExtendedAttribute(Area.RawPathOf(staged.Entry), name, out value)
        : _source.GetExtendedAttribute(AttributePathOf(node), name, out value);

    /// <summary>Path in the source of the file whose attributes a node shows: that to which the link of an archive leads.</summary>
    private string AttributePathOf(Node node) =>
        node.Key.Alias is not null && _source.ResolveLinks(node.Facts.Path, out string target) == VfsStatus.Ok && IsInSource(target)
            ? target[_source.RootPath.Length..].TrimStart('/')
            : node.Facts.Path;

    /// <summary>Gives the raw file of an archive the attributes that programs set on it.</summary>
    private VfsStatus CopyExtendedAttributes(string archivePath, string rawPath)
    {
        var disk = _writing!.Disk;
        var status = disk.ListExtendedAttributes(archivePath, out var names);
        if (status == VfsStatus.NotSupported)
        {
            return VfsStatus.Ok;
        }

        foreach (string name in status == VfsStatus.Ok ? names : [])
        {
            if (name.StartsWith("user.", StringComparison.Ordinal) && status == VfsStatus.Ok)
            {
                status = disk.GetExtendedAttribute(archivePath, name, out byte[] value);
                status = status == VfsStatus.Ok ? disk.SetExtendedAttribute(rawPath, name, value, ExtendedAttributeMode.CreateOrReplace) : status;
                status = status == VfsStatus.NotSupported ? VfsStatus.Ok : status; // a staging disk that holds none must not keep anybody from writing
            }
        }

        return status;
    }

    /// <summary>
    /// Our own are answered by name and not listed, so that no copy takes them along: rsync -X would fail to set or to remove them, and
    /// a copy elsewhere would claim to be what it was copied from.
    /// </summary>
    public void ListExtendedAttributes(ulong nodeId, IReply<IReadOnlyList<string>> reply)
    {
        if (!TryFind(nodeId, reply, out var node))
        {
            return;
        }

        if (!HasExtendedAttributes(node))
        {
            reply.Ok([]);
            return;
        }

        Answer(LaneOf(node), reply, () =>
        {
            var status = node.Staged is { } staged
                ? _writing!.Disk.ListExtendedAttributes(Area.RawPathOf(staged.Entry), out var names)
                : _source.ListExtendedAttributes(AttributePathOf(node), out names);
            return Task.FromResult(status is VfsStatus.Ok or VfsStatus.NotSupported
                ? Outcome<IReadOnlyList<string>>.Of([.. (names ?? []).Where(name => !name.StartsWith(OwnPrefix, StringComparison.Ordinal))])
                : OrStale(status));
        });
    }

    /// <summary>What is told about archives: of their virtual files, and of files that only look like archives, why they are not.</summary>
    private async Task<Outcome<List<(string Name, string Value)>>> OwnAttributes(Node node)
    {
        if (node.Staged is { } staged)
        {
            return OwnAttributesOf(staged);
        }

        if (node.Key.Flavour == NodeFlavour.Source)
        {
            return await OwnAttributesOfSource(node);
        }

        var found = await DescribeArchive(node);
        if (found.Status != VfsStatus.Ok)
        {
            return found.Status;
        }

        var description = found.Value.Archive;
        if (node.Key.Flavour == NodeFlavour.Member)
        {
            description = _formats.DescribeMember(description, node.Key.Member);
        }

        var damage = _damage.Of(description);
        var rescale = description.Rescale;
        int bits = rescale.IsNone ? 8 * description.SampleType.LengthBytes() : rescale.Bits;
        List<(string, string)> attributes =
        [
            (OwnPrefix + "source", description.Files[0]),
            (OwnPrefix + "bits", bits.ToString(CultureInfo.InvariantCulture)),
            (OwnPrefix + "codec", description.Codec),
            (OwnPrefix + "state", damage is null ? "archive" : "damaged"),
        ];
        if (!rescale.IsNone)
        {
            attributes.Add((OwnPrefix + "rendermin", rescale.Minimum.ToString("R", CultureInfo.InvariantCulture)));
            attributes.Add((OwnPrefix + "rendermax", rescale.Maximum.ToString("R", CultureInfo.InvariantCulture)));
        }

        if (description.OriginalSha256 is { } sha256)
        {
            attributes.Add((OwnPrefix + "original_sha256", sha256));
        }

        if (description.Gain is { } gain)
        {
            attributes.Add((OwnPrefix + "gain", gain));
        }

        if (damage is not null)
        {
            attributes.Add((OwnPrefix + "error", Describe(damage)));
        }

        return attributes;
    }

    private static List<(string Name, string Value)> OwnAttributesOf(StagedFile staged)
    {
        List<(string, string)> attributes = [(OwnPrefix + "state", staged.State.ToString().ToLowerInvariant())];
        if (staged.Entry.ParkedReason is { } reason)
        {
            attributes.Add((OwnPrefix + "reason", reason));
        }

        return attributes;
    }

    private async Task<Outcome<List<(string Name, string Value)>>> OwnAttributesOfSource(Node node)
    {
        string path = node.Facts.Path;
        if (node.Kind != NodeKind.File || !ArchiveName.TryParse(path[(path.LastIndexOf('/') + 1)..], out _)
            || await FindArchive(FolderOf(path), path[(path.LastIndexOf('/') + 1)..], isProbed: true) is not { Probed: { } probed })
        {
            return new List<(string, string)>();
        }

        List<(string, string)> attributes =
        [
            (OwnPrefix + "state", probed.Outcome switch
            {
                ProbeOutcome.Archive => "archive",
                ProbeOutcome.NoImages => "no images",
                ProbeOutcome.BeingWritten => "being written",
                _ => "broken",
            }),
        ];
        if (probed is { Outcome: ProbeOutcome.Broken or ProbeOutcome.NoImages, Reason: { } reason })
        {
            // Why a file is shown as it is, or cannot be shown.
            attributes.Add((OwnPrefix + (probed.Outcome == ProbeOutcome.Broken ? "error" : "reason"), reason));
        }

        return attributes;
    }
}
