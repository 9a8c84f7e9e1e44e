namespace VirtualEmFs.Vfs.Reading;

/// <summary>What the read engine has done so far, and what it is doing.</summary>
/// <param name="Hits">Parts of reads answered from the cache.</param>
/// <param name="Misses">Parts of reads that waited for a decode.</param>
/// <param name="Decodes">Blocks decoded, failures included.</param>
/// <param name="ReadAheads">Of these, blocks that nobody had asked for when they were queued.</param>
/// <param name="Failures">Decodes that failed.</param>
/// <param name="CacheUsedBytes">Memory that blocks occupy, being read or kept.</param>
/// <param name="QueuedBlocks">Blocks that wait for a decode thread.</param>
/// <param name="LeasesInUse">Leases of memory that a read or a decode holds at this moment; kept blocks not counted.</param>
/// <param name="OpenArchives">Archives held open, idle ones included.</param>
public readonly record struct ReadStatistics(
    long Hits, long Misses, long Decodes, long ReadAheads, long Failures, long CacheUsedBytes, long CacheBudgetBytes, int QueuedBlocks,
    int OpenArchives, long LeasesInUse);
