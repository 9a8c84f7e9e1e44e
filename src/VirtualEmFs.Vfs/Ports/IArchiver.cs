using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Vfs.Ports;

/// <summary>Makes archives from raw MRC files, and raw files from archives, for the write-back.</summary>
/// <remarks>Any thread; calls run side by side. Slow: never from a thread that answers requests.</remarks>
public interface IArchiver
{
    /// <summary>
    /// Compresses a raw file into a complete, flushed and verified archive under <see cref="ArchiveTask.TemporaryPath"/>. The raw file
    /// is only read. Giving the archive its name is the caller's part.
    /// </summary>
    /// <exception cref="DiskFailedException">A disk fails, or is full; nothing is left under the temporary path.</exception>
    /// <exception cref="ArchiveException">The raw file changed meanwhile, or verification fails; likewise.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; likewise.</exception>
    ArchivingResult Archive(ArchiveTask task, CancellationToken cancellation);

    /// <summary>Tells what <see cref="Archive"/> would do, and writes nothing.</summary>
    /// <exception cref="ArchiveException">The raw file cannot be read.</exception>
    ArchivingResult Forecast(ArchiveTask task, CancellationToken cancellation);

    /// <summary>Whether reads of an archive's virtual file show exactly the bytes of a raw file, header included.</summary>
    /// <param name="archivePath">Absolute path of an archive that the mount wrote.</param>
    /// <param name="rawPath">Absolute path of the raw file.</param>
    /// <returns>False also when the archive cannot be read.</returns>
    /// <exception cref="ArchiveException">The raw file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    bool ShowsSame(string archivePath, string rawPath, CancellationToken cancellation);

    /// <summary>How long a file must be quiet before it is archived; null where its rule does not say.</summary>
    TimeSpan? DelayOf(string relativePath);

    /// <summary>Writes the bytes that reads of an archive's virtual file show, header included, from the start of a file.</summary>
    /// <param name="destination">Empty. After a failure it holds a part, in pieces.</param>
    /// <param name="progress">Told how many bytes were written since the last call; on any thread, one call at a time.</param>
    /// <exception cref="DiskFailedException">A disk fails, or the destination's is full.</exception>
    /// <exception cref="ArchiveException">The archive is damaged, or changed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    void Restore(ArchiveDescription description, MrcView view, IDiskFile destination, Action<long> progress, CancellationToken cancellation);
}

/// <summary>A disk refused or failed; what was under way can be tried again when it has recovered.</summary>
/// <param name="path">The file concerned.</param>
/// <param name="reason">One sentence.</param>
/// <param name="status"><see cref="VfsStatus.NoSpace"/> and <see cref="VfsStatus.QuotaExceeded"/> for a full disk.</param>
public sealed class DiskFailedException(string path, string reason, VfsStatus status, Exception? inner = null)
    : ArchiveException(path, reason, inner: inner)
{
    public VfsStatus Status { get; } = status;
}

/// <summary>One file to be archived.</summary>
/// <param name="RawPath">Absolute path of the raw file.</param>
/// <param name="TemporaryPath">Absolute path under which the archive comes into being, in the folder of its final name; nothing is there.</param>
/// <param name="RelativePath">The file's name in the source, by which rules are chosen.</param>
/// <param name="EarlierArchivePath">The archive that the samples came out of: limits of unchanged frames are kept, and nothing is clamped again.</param>
/// <param name="Inode">st_ino that the file has and keeps; the archive records it.</param>
/// <param name="IsAwaited">Somebody waits for it; otherwise whatever else the machine does goes first.</param>
public sealed record ArchiveTask(
    string RawPath, string TemporaryPath, string RelativePath, string? EarlierArchivePath, ulong Inode, bool IsAwaited = false);

/// <summary>What became of an <see cref="ArchiveTask"/>.</summary>
/// <param name="KeptRawReason">One sentence when the file is no exact MRC file, or its rule keeps it raw; then there is no archive, and the
/// raw file goes to the source unchanged. Null when there is an archive.</param>
/// <param name="Rule">The rule that decided.</param>
/// <param name="Bits">Bits stored; the largest, where frames differ; 0 for lossless float32, which counts as most.</param>
/// <param name="GuardedFrames">Frames whose bits the precision guard raised.</param>
/// <param name="ClampedSamples">Samples that were moved to a limit.</param>
/// <param name="RawLengthBytes">Bytes before.</param>
/// <param name="ArchiveLengthBytes">Bytes after; a forecast predicts them.</param>
public sealed record ArchivingResult(
    string? KeptRawReason, string Rule = "", int Bits = 0, long GuardedFrames = 0, long ClampedSamples = 0, long RawLengthBytes = 0, long ArchiveLengthBytes = 0);
