using System.Collections.Immutable;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Nodes;

namespace VirtualEmFs.Vfs.Probing;

/// <summary>What is kept of a probe: enough for names and attributes; the description itself may have been dropped.</summary>
/// <param name="Reason">One sentence where the outcome is not an archive.</param>
/// <param name="LengthBytes">Length of the virtual file.</param>
/// <param name="MemberCount">Members of a folder.</param>
/// <param name="LinkedFiles">Absolute paths of the further files of a set.</param>
/// <param name="RecordedInode">st_ino that the virtual file took over; null for none.</param>
/// <param name="HasOwnHeader">As <see cref="ArchiveDescription.HasOwnHeader"/>.</param>
/// <param name="IsOwn">As <see cref="ArchiveDescription.IsOwn"/>.</param>
/// <param name="IsOfMount">The mount made it: it is always called NAME.hdf and appears as NAME, whatever that is.</param>
/// <param name="Timestamp">When it was probed, in ticks of the time provider.</param>
/// <param name="Description">Null when it was dropped, or when there is none.</param>
internal sealed record Probed(
    ProbeOutcome Outcome, string? Reason, ArchiveContent Content, long LengthBytes, int MemberCount, ImmutableArray<string> LinkedFiles,
    ulong? RecordedInode, bool HasOwnHeader, bool IsOwn, bool IsOfMount, long Timestamp, ArchiveDescription? Description)
{
    /// <summary>st_ino of a node of this archive: the recorded one is the virtual file's under its own name.</summary>
    public ulong InodeOf(NodeKey key) => key.Flavour == NodeFlavour.Mrc && RecordedInode is ulong inode ? inode : key.InodeNumber;

    public static Probed Of(ProbeResult result, long timestamp)
    {
        if (result is not { Outcome: ProbeOutcome.Archive, Description: { } description })
        {
            return new Probed(result.Outcome, result.Reason, default, 0, 0, [], null, false, false, false, timestamp, null);
        }

        description = VirtualMrc.Normalise(description);
        return new Probed(
            ProbeOutcome.Archive, null, description.Content,
            description.Content == ArchiveContent.Folder ? 0 : VirtualMrc.LengthOf(description),
            description.Members.Length, description.Files.RemoveAt(0), description.RecordedInode, description.HasOwnHeader,
            description.IsOwn, description.IsOfMount, timestamp, description);
    }
}
