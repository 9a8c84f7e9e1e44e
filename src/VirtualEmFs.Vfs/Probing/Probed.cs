using System.Collections.Immutable;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Vfs.Probing;

/// <summary>What is kept of a probe: enough for names and attributes; the description itself may have been dropped.</summary>
/// <param name="Reason">One sentence where the outcome is not an archive.</param>
/// <param name="LengthBytes">Length of the virtual file.</param>
/// <param name="MemberCount">Members of a folder.</param>
/// <param name="LinkedFiles">Absolute paths of the further files of a set.</param>
/// <param name="Timestamp">When it was probed, in ticks of the time provider.</param>
/// <param name="Description">Null when it was dropped, or when there is none.</param>
internal sealed record Probed(
    ProbeOutcome Outcome, string? Reason, ArchiveContent Content, long LengthBytes, int MemberCount, ImmutableArray<string> LinkedFiles,
    long Timestamp, ArchiveDescription? Description)
{
    public static Probed Of(ProbeResult result, long timestamp)
    {
        if (result is not { Outcome: ProbeOutcome.Archive, Description: { } description })
        {
            return new Probed(result.Outcome, result.Reason, default, 0, 0, [], timestamp, null);
        }

        description = VirtualMrc.Normalise(description);
        return new Probed(
            ProbeOutcome.Archive, null, description.Content,
            description.Content == ArchiveContent.Folder ? 0 : VirtualMrc.LengthOf(description),
            description.Members.Length, description.Files.RemoveAt(0), timestamp, description);
    }
}
