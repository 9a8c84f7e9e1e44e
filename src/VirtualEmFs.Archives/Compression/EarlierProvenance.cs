using System.Globalization;
using System.Runtime.InteropServices;
using VirtualEmFs.Archives.Hdf5;
using VirtualEmFs.Archives.Hdf5.Eman2;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Compression;

/// <summary>Reads back what an archive of our own says about its origin and its frames, so that compressing it again loses none of it.</summary>
internal static class EarlierProvenance
{
    /// <summary>The root group's content; null for an archive of other programs.</summary>
    public static (Provenance Provenance, FrameRecord[] Records, bool IsHeaderAsWritten)? Read(Hdf5File file)
    {
        if (file.Find(file.Root, ProvenanceNames.Group) is not { IsGroup: true } group)
        {
            return null;
        }

        string? Text(string name) => group.FindAttribute(name)?.AsText(file.Reader, file.Superblock.Sizes);
        PreservedHeader header = PreservedHeader.Read(file, group);
        var provenance = new Provenance
        {
            ProgramVersion = Text(ProvenanceNames.ProgramVersion) ?? "",
            Time = DateTimeOffset.TryParse(Text(ProvenanceNames.Time), CultureInfo.InvariantCulture, out DateTimeOffset time) ? time : DateTimeOffset.UnixEpoch,
            Rule = Text(ProvenanceNames.Rule) ?? "",
            RulesSha256 = Text(ProvenanceNames.RulesSha256),
            OriginalName = Text(ProvenanceNames.OriginalName) ?? "",
            OriginalMtimeNs = Int64(group.FindAttribute(ProvenanceNames.OriginalMtimeNs)) ?? 0,
            OriginalSha256 = Text(ProvenanceNames.OriginalSha256),
            MrcMode = header.Mode,
            MrcHeader = header.Bytes,
        };
        return (provenance, ReadRecords(file, group), header.IsAsWritten);
    }

    private static long? Int64(Hdf5.Attribute? attribute) =>
        attribute is { Data.Length: sizeof(long) } ? MemoryMarshal.Read<long>(attribute.Data.Span) : null;

    /// <summary>One record for each frame; empty where a field is missing.</summary>
    private static FrameRecord[] ReadRecords(Hdf5File file, Hdf5Object group)
    {
        float[]? largestErrors = RecordedFields.Read<float>(file, group, ProvenanceNames.LargestError, SampleType.Float32);
        float[]? rmsErrors = RecordedFields.Read<float>(file, group, ProvenanceNames.RmsError, SampleType.Float32);
        float[]? steps = RecordedFields.Read<float>(file, group, ProvenanceNames.StepOverSigma, SampleType.Float32);
        long[]? truncated = RecordedFields.Read<long>(file, group, ProvenanceNames.Truncated, SampleType.Int64);
        byte[]? clamped = RecordedFields.Read<byte>(file, group, ProvenanceNames.Clamped, SampleType.UInt8);
        uint[]? checksums = RecordedFields.Read<uint>(file, group, ProvenanceNames.Checksum, SampleType.UInt32);
        if (largestErrors is null || rmsErrors?.Length != largestErrors.Length || steps?.Length != largestErrors.Length
            || truncated?.Length != largestErrors.Length || clamped?.Length != largestErrors.Length || checksums?.Length != largestErrors.Length)
        {
            return [];
        }

        // Older archives do not have these.
        uint[]? limitsChecksums = RecordedFields.Read<uint>(file, group, ProvenanceNames.LimitsChecksum, SampleType.UInt32);
        bool hasLimits = limitsChecksums?.Length == largestErrors.Length;
        return
        [
            .. Enumerable.Range(0, largestErrors.Length).Select(frame => new FrameRecord(
                largestErrors[frame], rmsErrors[frame], steps[frame], truncated[frame], clamped[frame] != 0, checksums[frame],
                hasLimits ? limitsChecksums![frame] : null)),
        ];
    }
}
