using System.Collections.Concurrent;
using System.Text;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.WriteBack;

namespace VirtualEmFs.Tests.Vfs.WriteBack;

/// <summary>Makes archives that are the raw bytes behind a word. A raw file is a complete MRC file when it ends with a full stop.</summary>
internal sealed class FakeArchiver(IDisk disk) : IArchiver
{
    private int _runningCount;

    /// <summary>What was to be archived, in this order.</summary>
    public ConcurrentQueue<ArchiveTask> Tasks { get; } = new();

    public int MostAtOnce { get; private set; }

    /// <summary>Called in the middle of each archiving: may wait, throw, or look at the cancellation.</summary>
    public Action<ArchiveTask, CancellationToken>? Midway { get; set; }

    public Dictionary<string, TimeSpan> Delays { get; } = [];

    public static byte[] ArchiveOf(string raw) => Encoding.ASCII.GetBytes("archive of " + raw);

    public ArchivingResult Archive(ArchiveTask task, CancellationToken cancellation)
    {
        Tasks.Enqueue(task);
        lock (Tasks)
        {
            MostAtOnce = Math.Max(MostAtOnce, ++_runningCount);
        }

        try
        {
            string raw = Read(task.RawPath);
            Midway?.Invoke(task, cancellation);
            cancellation.ThrowIfCancellationRequested();
            if (!raw.EndsWith('.'))
            {
                return new ArchivingResult("the file is incomplete");
            }

            Require(task.TemporaryPath, disk.Open(task.TemporaryPath, DiskAccess.CreateNew, 0x180, out var file));
            using (file)
            {
                byte[] archive = ArchiveOf(raw);
                var status = file!.Write(0, archive, out _);
                status = status == VfsStatus.Ok ? RawCopy.MirrorAttributes(disk, task.RawPath, task.TemporaryPath) : status;
                status = status == VfsStatus.Ok ? file.Sync(dataOnly: false) : status;
                if (status != VfsStatus.Ok)
                {
                    _ = disk.Unlink(task.TemporaryPath);
                }

                Require(task.TemporaryPath, status);
                return ResultOf(raw);
            }
        }
        finally
        {
            lock (Tasks)
            {
                _runningCount--;
            }
        }
    }

    public ArchivingResult Forecast(ArchiveTask task, CancellationToken cancellation) =>
        Read(task.RawPath) is var raw && raw.EndsWith('.') ? ResultOf(raw) : new ArchivingResult("the file is incomplete");

    public bool ShowsSame(string archivePath, string rawPath, CancellationToken cancellation) => Read(archivePath) == "archive of " + Read(rawPath);

    public TimeSpan? DelayOf(string relativePath) => Delays.TryGetValue(relativePath, out var delay) ? delay : null;

    public void Restore(ArchiveDescription description, MrcView view, IDiskFile destination, Action<long> progress, CancellationToken cancellation) =>
        throw new NotSupportedException();

    private static ArchivingResult ResultOf(string raw) => new(null, "the rule", 10, 1, 2, raw.Length, raw.Length + 11);

    private string Read(string path)
    {
        Require(path, disk.Open(path, DiskAccess.Read, 0, out var file));
        using (file)
        {
            Require(path, file!.Stat(out var stat));
            var bytes = new byte[stat.Version.LengthBytes];
            Require(path, file.Read(0, bytes, out _));
            return Encoding.ASCII.GetString(bytes);
        }
    }

    private static void Require(string path, VfsStatus status)
    {
        if (status != VfsStatus.Ok)
        {
            throw new DiskFailedException(path, $"cannot be read or written: {status}", status);
        }
    }
}
