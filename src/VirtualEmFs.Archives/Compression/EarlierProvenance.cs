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
    // An archive of 300,000 images has 2.4 MB of the longest field.
    private const long LargestFieldLengthBytes = 256 << 20;

    /// <summary>The root group's content; null for an archive of other programs.</summary>
    public static (Provenance Provenance, FrameRecord[] Records)? Read(Hdf5File file)
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
        return (provenance, ReadRecords(file, group));
    }

    private static long? Int64(Hdf5.Attribute? attribute) =>
        attribute is { Data.Length: sizeof(long) } ? MemoryMarshal.Read<long>(attribute.Data.Span) : null;

    /// <summary>One record for each frame; empty where a field is missing.</summary>
    private static FrameRecord[] ReadRecords(Hdf5File file, Hdf5Object group)
    {
        float[]? largestErrors = Field<float>(file, group, ProvenanceNames.LargestError, SampleType.Float32);
        float[]? rmsErrors = Field<float>(file, group, ProvenanceNames.RmsError, SampleType.Float32);
        float[]? steps = Field<float>(file, group, ProvenanceNames.StepOverSigma, SampleType.Float32);
        long[]? truncated = Field<long>(file, group, ProvenanceNames.Truncated, SampleType.Int64);
        byte[]? clamped = Field<byte>(file, group, ProvenanceNames.Clamped, SampleType.UInt8);
        uint[]? checksums = Field<uint>(file, group, ProvenanceNames.Checksum, SampleType.UInt32);
        if (largestErrors is null || rmsErrors?.Length != largestErrors.Length || steps?.Length != largestErrors.Length
            || truncated?.Length != largestErrors.Length || clamped?.Length != largestErrors.Length || checksums?.Length != largestErrors.Length)
        {
            return [];
        }

        return
        [
            .. Enumerable.Range(0, largestErrors.Length).Select(frame => new FrameRecord(
                largestErrors[frame], rmsErrors[frame], steps[frame], truncated[frame], clamped[frame] != 0, checksums[frame])),
        ];
    }

    private static T[]? Field<T>(Hdf5File file, Hdf5Object group, string name, SampleType type)
        where T : unmanaged
    {
        if (file.Find(group, name) is not { IsDataset: true } found)
        {
            return null;
        }

        var dataset = new Hdf5Dataset(found);
        long lengthBytes = dataset.Dataspace.ElementCount * type.LengthBytes();
        return dataset.Datatype.AsSampleType() == type && !dataset.NeedsByteSwap && lengthBytes <= LargestFieldLengthBytes
            && dataset.Layout is ContiguousLayout { Address: >= 0 } layout
            ? MemoryMarshal.Cast<byte, T>(file.Reader.Read(layout.Address, lengthBytes, name)).ToArray()
            : null;
    }
}
