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
    /// <exception cref="ArchiveException">A disk fails, or verification does; nothing is left under the temporary path.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left.</exception>
    ArchivingResult Archive(ArchiveTask task, CancellationToken cancellation);

    /// <summary>Tells what <see cref="Archive"/> would do, and writes nothing.</summary>
    /// <exception cref="ArchiveException">The raw file cannot be read.</exception>
    ArchivingResult Forecast(ArchiveTask task, CancellationToken cancellation);

    /// <summary>How long a file must be quiet before it is archived; null where its rule does not say.</summary>
    TimeSpan? DelayOf(string relativePath);

    /// <summary>Writes the bytes that reads of an archive's virtual file show, header included, from the start of a file.</summary>
    /// <param name="progress">Told how many bytes were written since the last call.</param>
    /// <exception cref="ArchiveException">The archive is damaged or its disk fails; or the destination's, with its status in words.</exception>
    void Restore(ArchiveDescription description, MrcView view, IDiskFile destination, Action<long> progress, CancellationToken cancellation);
}

/// <summary>One file to be archived.</summary>
/// <param name="RawPath">Absolute path of the raw file.</param>
/// <param name="TemporaryPath">Absolute path under which the archive comes into being, in the folder of its final name; nothing is there.</param>
/// <param name="RelativePath">The file's name in the source, by which rules are chosen.</param>
/// <param name="EarlierArchivePath">The archive that the samples came out of: limits of unchanged frames are kept, and nothing is clamped again.</param>
/// <param name="Inode">st_ino that the file has and keeps; the archive records it.</param>
public sealed record ArchiveTask(string RawPath, string TemporaryPath, string RelativePath, string? EarlierArchivePath, ulong Inode);

/// <summary>What became of an <see cref="ArchiveTask"/>.</summary>
/// <param name="KeptRawReason">One sentence when the file is no exact MRC file, or its rule keeps it raw; then there is no archive, and the
/// raw file goes to the source unchanged. Null when there is an archive.</param>
/// <param name="Rule">The rule that decided.</param>
/// <param name="Bits">Bits stored; the largest, where frames differ.</param>
/// <param name="GuardedFrames">Frames whose bits the precision guard raised.</param>
/// <param name="ClampedSamples">Samples that were moved to a limit.</param>
/// <param name="RawLengthBytes">Bytes before.</param>
/// <param name="ArchiveLengthBytes">Bytes after.</param>
public sealed record ArchivingResult(
    string? KeptRawReason, string Rule = "", int Bits = 0, long GuardedFrames = 0, long ClampedSamples = 0, long RawLengthBytes = 0, long ArchiveLengthBytes = 0);
