namespace VirtualEmFs.Archives.Hdf5.Writing;

/// <summary>Names below the root group that EMAN2 ignores, where an archive keeps what it was made from.</summary>
public static class ProvenanceNames
{
    public const string Group = "VirtualEmFs";

    // Attributes.
    public const string FormatVersion = "format_version";
    public const string ProgramVersion = "program_version";
    public const string Time = "time";
    public const string Rule = "rule";
    public const string RulesSha256 = "rules_sha256";
    public const string OriginalName = "original_name";
    public const string OriginalMtimeNs = "original_mtime_ns";
    public const string OriginalSha256 = "original_sha256";
    public const string MrcMode = "mrc_mode";
    public const string Inode = "inode";
    public const string ArchiveInode = "archive_inode";
    public const string MrcHeaderChecksum = "mrc_header_crc32c";

    // Datasets: the header's bytes, and one element for each frame.
    public const string MrcHeader = "mrc_header";
    public const string LargestError = "largest_error";
    public const string RmsError = "rms_error";
    public const string StepOverSigma = "step_over_sigma";
    public const string Truncated = "truncated";
    public const string Clamped = "clamped";
    public const string Checksum = "crc32c";
    public const string LimitsChecksum = "limits_crc32c";
}
