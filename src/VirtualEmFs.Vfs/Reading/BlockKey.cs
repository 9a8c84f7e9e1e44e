namespace VirtualEmFs.Vfs.Reading;

/// <summary>A block of one version of an archive.</summary>
/// <param name="ArchiveId">Number of the archive's version in this process; never re-used.</param>
internal readonly record struct BlockKey(long ArchiveId, long Block);
