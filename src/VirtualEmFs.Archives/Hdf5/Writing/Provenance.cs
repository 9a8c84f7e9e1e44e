using System.Globalization;
using System.Runtime.InteropServices;
using VirtualEmFs.Native.Hdf5;

namespace VirtualEmFs.Archives.Hdf5.Writing;

/// <summary>What an archive was made from and how: the root group <c>/VirtualEmFs</c>.</summary>
public sealed record Provenance
{
    /// <summary>Version of the group's own layout.</summary>
    public const int FormatVersion = 1;

    public required string ProgramVersion { get; init; }

    /// <summary>When the archive was made.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The rule that decided, in words.</summary>
    public required string Rule { get; init; }

    /// <summary>SHA-256 of the rules' file, as hexadecimal digits; null for built-in rules and explicit options.</summary>
    public string? RulesSha256 { get; init; }

    /// <summary>File name of the original, without folders.</summary>
    public required string OriginalName { get; init; }

    /// <summary>Modification time of the original, nanoseconds since 1970.</summary>
    public required long OriginalMtimeNs { get; init; }

    /// <summary>SHA-256 of the original's bytes, as hexadecimal digits; null when it was not asked for.</summary>
    public string? OriginalSha256 { get; init; }

    /// <summary>MRC mode of the original; null when it was no MRC file.</summary>
    public int? MrcMode { get; init; }

    /// <summary>Header and extended header of the original, byte for byte; empty when it was no MRC file.</summary>
    public ReadOnlyMemory<byte> MrcHeader { get; init; }

    /// <summary>
    /// st_ino under which the original was known and the archive goes on to be, and st_ino of the archive itself: a copy of the archive is
    /// another file, and its own number tells. Null for archives that take over nothing.
    /// </summary>
    public (ulong Shown, ulong Archive)? Inodes { get; init; }

    /// <summary>Writes the group, once.</summary>
    /// <exception cref="Hdf5Exception">The disk fails.</exception>
    internal void Write(Hdf5Writer writer, ReadOnlySpan<FrameRecord> frames)
    {
        using GroupHandle group = writer.CreateGroup(writer.Root, ProvenanceNames.Group);
        writer.WriteAttribute(group, ProvenanceNames.FormatVersion, Hdf5Type.Int32, MemoryMarshal.AsBytes<int>([FormatVersion]));
        writer.WriteAttribute(group, ProvenanceNames.ProgramVersion, ProgramVersion);
        writer.WriteAttribute(group, ProvenanceNames.Time, Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        writer.WriteAttribute(group, ProvenanceNames.Rule, Rule);
        writer.WriteAttribute(group, ProvenanceNames.OriginalName, OriginalName);
        writer.WriteAttribute(group, ProvenanceNames.OriginalMtimeNs, Hdf5Type.Int64, MemoryMarshal.AsBytes<long>([OriginalMtimeNs]));
        if (RulesSha256 is not null)
        {
            writer.WriteAttribute(group, ProvenanceNames.RulesSha256, RulesSha256);
        }

        if (OriginalSha256 is not null)
        {
            writer.WriteAttribute(group, ProvenanceNames.OriginalSha256, OriginalSha256);
        }

        if (MrcMode is int mode)
        {
            writer.WriteAttribute(group, ProvenanceNames.MrcMode, Hdf5Type.Int32, MemoryMarshal.AsBytes<int>([mode]));
        }

        if (Inodes is (ulong shown, ulong archive))
        {
            writer.WriteAttribute(group, ProvenanceNames.Inode, Hdf5Type.UInt64, MemoryMarshal.AsBytes<ulong>([shown]));
            writer.WriteAttribute(group, ProvenanceNames.ArchiveInode, Hdf5Type.UInt64, MemoryMarshal.AsBytes<ulong>([archive]));
        }

        if (!MrcHeader.IsEmpty)
        {
            uint checksum = ProvenanceChecksums.OfHeader(MrcMode, MrcHeader.Span);
            writer.WriteAttribute(group, ProvenanceNames.MrcHeaderChecksum, Hdf5Type.UInt32, MemoryMarshal.AsBytes<uint>([checksum]));
            writer.WriteDataset(group, ProvenanceNames.MrcHeader, Hdf5Type.UInt8, [MrcHeader.Length], MrcHeader.Span);
        }

        WriteFrames(writer, group, frames);
    }

    /// <summary>A dataset for each field: attributes of each image would cost six times the room.</summary>
    private static void WriteFrames(Hdf5Writer writer, GroupHandle group, ReadOnlySpan<FrameRecord> frames)
    {
        var largestErrors = new float[frames.Length];
        var rmsErrors = new float[frames.Length];
        var steps = new float[frames.Length];
        var truncated = new long[frames.Length];
        var clamped = new byte[frames.Length];
        var checksums = new uint[frames.Length];
        var limitsChecksums = new uint[frames.Length];
        for (int frameIndex = 0; frameIndex < frames.Length; frameIndex++)
        {
            FrameRecord frame = frames[frameIndex];
            largestErrors[frameIndex] = frame.LargestError;
            rmsErrors[frameIndex] = frame.RmsError;
            steps[frameIndex] = frame.StepOverSigma;
            truncated[frameIndex] = frame.TruncatedCount;
            clamped[frameIndex] = (byte)(frame.IsClamped ? 1 : 0);
            checksums[frameIndex] = frame.Checksum;
            limitsChecksums[frameIndex] = frame.LimitsChecksum!.Value;
        }

        ReadOnlySpan<long> shape = [frames.Length];
        writer.WriteDataset(group, ProvenanceNames.LargestError, Hdf5Type.Float32, shape, MemoryMarshal.AsBytes(largestErrors.AsSpan()));
        writer.WriteDataset(group, ProvenanceNames.RmsError, Hdf5Type.Float32, shape, MemoryMarshal.AsBytes(rmsErrors.AsSpan()));
        writer.WriteDataset(group, ProvenanceNames.StepOverSigma, Hdf5Type.Float32, shape, MemoryMarshal.AsBytes(steps.AsSpan()));
        writer.WriteDataset(group, ProvenanceNames.Truncated, Hdf5Type.Int64, shape, MemoryMarshal.AsBytes(truncated.AsSpan()));
        writer.WriteDataset(group, ProvenanceNames.Clamped, Hdf5Type.UInt8, shape, clamped);
        writer.WriteDataset(group, ProvenanceNames.Checksum, Hdf5Type.UInt32, shape, MemoryMarshal.AsBytes(checksums.AsSpan()));
        writer.WriteDataset(group, ProvenanceNames.LimitsChecksum, Hdf5Type.UInt32, shape, MemoryMarshal.AsBytes(limitsChecksums.AsSpan()));
    }
}
