using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Tests.Vfs.Tree.Writing;

/// <summary>An archiver that lets a test look on before it works, and counts what it does.</summary>
internal sealed class GatedArchiver(IArchiver archiver) : IArchiver
{
    private int _restoreCount, _archiveCount;

    /// <summary>Told the name.</summary>
    public Action<string>? Archiving { get; set; }

    public Action? Restoring { get; set; }

    public int RestoreCount => Volatile.Read(ref _restoreCount);

    public int ArchiveCount => Volatile.Read(ref _archiveCount);

    public ArchivingResult Archive(ArchiveTask task, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _archiveCount);
        Archiving?.Invoke(task.RelativePath);
        return archiver.Archive(task, cancellation);
    }

    public void Restore(ArchiveDescription description, MrcView view, IDiskFile destination, Action<long> progress, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _restoreCount);
        Restoring?.Invoke();
        archiver.Restore(description, view, destination, progress, cancellation);
    }

    public ArchivingResult Forecast(ArchiveTask task, CancellationToken cancellation) => archiver.Forecast(task, cancellation);

    public TimeSpan? DelayOf(string relativePath) => archiver.DelayOf(relativePath);

    public bool ShowsSame(string archivePath, string rawPath, CancellationToken cancellation) => archiver.ShowsSame(archivePath, rawPath, cancellation);
}
