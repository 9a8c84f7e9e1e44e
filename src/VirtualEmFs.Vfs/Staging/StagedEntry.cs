using System.Text.Json.Serialization;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>What the journal knows about a staged file.</summary>
/// <param name="Id">Never used again for another file of the staging folder; the raw file is named by it.</param>
/// <param name="Path">Path in the source under which programs see the file.</param>
/// <param name="IsInPlace">The raw file lies in the source under <paramref name="Path"/> itself, and not in the staging folder.</param>
/// <param name="Inode">st_ino, which the file keeps when it is archived.</param>
/// <param name="Base">The archive that the file stands for; null for a new file.</param>
/// <param name="ParkedReason">One sentence when it is not archived until someone asks for it.</param>
/// <param name="RawInode">Inode number of a raw file that lies in the source: another that has its name later is nothing that was written through the
/// mount, and stays raw. Null for one in the staging folder.</param>
/// <param name="Origin">The archive that the samples came back from, and that stays as it is, since another program wrote it or a link led there: its limits
/// hold on.</param>
internal sealed record StagedEntry(
    long Id,
    [property: JsonConverter(typeof(EscapedName))] string Path,
    bool IsInPlace,
    ulong Inode,
    ArchiveBase? Base = null,
    string? ParkedReason = null,
    ulong? RawInode = null,
    ArchiveBase? Origin = null);

/// <summary>An archive that a staged file came out of; one of the mount it replaces when it is archived.</summary>
/// <param name="Path">Path in the source.</param>
/// <param name="KeepsLimits">The samples came back from it, so that their limits hold on; false when the file was emptied first.</param>
internal sealed record ArchiveBase([property: JsonConverter(typeof(EscapedName))] string Path, FileIdentity Identity, bool KeepsLimits);

/// <summary>Where a file that is about to be staged belongs.</summary>
/// <param name="Status">Why it belongs nowhere any more.</param>
/// <param name="Path">Path in the source under which programs see it.</param>
/// <param name="Archive">The archive that it came out of; null where it replaces none.</param>
/// <param name="Origin">As <see cref="StagedEntry.Origin"/>.</param>
internal readonly record struct StagedPlace(VfsStatus Status, string Path, ArchiveBase? Archive, ArchiveBase? Origin = null);

/// <summary>Tells a file from any other that may have its name later. Without the device, whose number may change when the machine restarts.</summary>
/// <param name="LengthBytes">0 for a folder.</param>
/// <param name="MtimeNs">0 for a folder. Renaming changes the other time.</param>
internal readonly record struct FileIdentity(ulong Inode, long LengthBytes, long MtimeNs)
{
    public static FileIdentity Of(in SourceStat stat) => stat.Kind == NodeKind.Directory
        ? new FileIdentity(stat.Version.Inode, 0, 0)
        : new FileIdentity(stat.Version.Inode, stat.Version.LengthBytes, stat.Version.MtimeNs);
}

/// <summary>A change in the source that belongs to a change of staged names: both happen or none.</summary>
/// <param name="Path">Path in the source.</param>
/// <param name="NewPath">Set for a rename, null for a removal.</param>
/// <param name="Identity">Of the file: another one that has taken the name meanwhile is left alone.</param>
/// <param name="Mode">For a rename.</param>
/// <param name="Replaces">The one file that a rename may replace.</param>
internal sealed record SourceAction(
    [property: JsonConverter(typeof(EscapedName))] string Path,
    [property: JsonConverter(typeof(EscapedName))] string? NewPath,
    FileIdentity Identity,
    RenameMode Mode = RenameMode.Replace,
    FileIdentity? Replaces = null);
