using VirtualEmFs.Vfs.Reading;
using VirtualEmFs.Vfs.Tree;

namespace VirtualEmFs.Mount.Status;

/// <summary>Figures of the tree behind a mount.</summary>
/// <param name="Hits">Parts of reads answered from the cache.</param>
/// <param name="Misses">Parts of reads that waited for a decode.</param>
/// <param name="Decodes">Blocks decoded, read-ahead and failures included.</param>
/// <param name="QueuedBlocks">Blocks that wait for a decode thread.</param>
/// <param name="LeasesInUse">Blocks that reads and decodes hold at this moment; those that are only kept not counted.</param>
/// <param name="WaitingOperations">Lookups, listings and opens that wait for an I/O thread.</param>
/// <param name="Nodes">Files and folders that the kernel knows.</param>
public sealed record TreeStatus(
    long CacheBytes, long CacheBudgetBytes, long Hits, long Misses, long Decodes, long ReadAheads, long FailedDecodes, int QueuedBlocks,
    long LeasesInUse, int WaitingOperations, int OpenArchives, int OpenHandles, int Nodes, long Probes,
    IReadOnlyList<RestoringFile> Restoring, IReadOnlyList<FileError> Errors)
{
    /// <summary>Puts the figures of a tree and its reader together.</summary>
    public static TreeStatus Of(TreeStatistics tree, ReadStatistics reading) => new(
        reading.CacheUsedBytes, reading.CacheBudgetBytes, reading.Hits, reading.Misses, reading.Decodes, reading.ReadAheads, reading.Failures,
        reading.QueuedBlocks, reading.LeasesInUse, tree.WaitingCount, reading.OpenArchives, tree.OpenHandleCount, tree.NodeCount,
        tree.ProbeCount, tree.Restoring, tree.Errors);
}
