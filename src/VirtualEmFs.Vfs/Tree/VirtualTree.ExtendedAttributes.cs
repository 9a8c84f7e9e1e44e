using System.Globalization;
using System.Text;
using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;

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
        else if (node.Key.Flavour != NodeFlavour.Source)
        {
            reply.Fail(VfsStatus.NoData);
        }
        else
        {
            Answer(LaneOf(node), reply, () => Task.FromResult<Outcome<byte[]>>(
                _source.GetExtendedAttribute(node.Facts.Path, name, out byte[] value) is var status && status == VfsStatus.Ok ? value : status));
        }
    }

    public void ListExtendedAttributes(ulong nodeId, IReply<IReadOnlyList<string>> reply)
    {
        if (!TryFind(nodeId, reply, out var node))
        {
            return;
        }

        Answer(LaneOf(node), reply, async () =>
        {
            var names = new List<string>();
            if (node.Key.Flavour == NodeFlavour.Source)
            {
                var status = _source.ListExtendedAttributes(node.Facts.Path, out var sourceNames);
                if (status is not (VfsStatus.Ok or VfsStatus.NotSupported))
                {
                    return status;
                }

                names.AddRange(sourceNames ?? []);
            }

            var own = await OwnAttributes(node);
            if (own.Status != VfsStatus.Ok)
            {
                return own.Status;
            }

            names.AddRange(own.Value.Select(attribute => attribute.Name));
            return Outcome<IReadOnlyList<string>>.Of(names);
        });
    }

    /// <summary>What is told about archives: of their virtual files, and of files that only look like archives, why they are not.</summary>
    private async Task<Outcome<List<(string Name, string Value)>>> OwnAttributes(Node node)
    {
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
