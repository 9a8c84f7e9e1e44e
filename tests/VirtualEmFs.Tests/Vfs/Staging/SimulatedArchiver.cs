using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>An archiver whose archives are a marker and the raw bytes, written, flushed and verified on a <see cref="SimulatedDisk"/>.</summary>
internal sealed class SimulatedArchiver(SimulatedDisk disk) : IArchiver
{
    /// <summary>Raw files that begin with this byte are kept as they are.</summary>
    public const byte KeptRaw = 251;

    private static readonly byte[] s_marker = [252, 253, 254, 255];

    public static bool IsArchive(ReadOnlySpan<byte> bytes) => bytes.StartsWith(s_marker);

    /// <summary>What reads of an archive show.</summary>
    public static byte[] Shown(byte[] archive) => archive[s_marker.Length..];

    public ArchivingResult Archive(ArchiveTask task, CancellationToken cancellation)
    {
        byte[] raw = ReadAll(task.RawPath);
        if (raw is [KeptRaw, ..])
        {
            return new ArchivingResult("it is kept raw");
        }

        byte[] archive = [.. s_marker, .. raw];
        Require(disk.Open(task.TemporaryPath, DiskAccess.CreateNew, 0x1A4, out var file), task.TemporaryPath);
        bool isDone = false;
        try
        {
            using (file)
            {
                Require(file!.Write(0, archive.AsSpan(0, archive.Length / 2), out _), task.TemporaryPath);
                Require(file.Write(archive.Length / 2, archive.AsSpan(archive.Length / 2), out _), task.TemporaryPath);
                Require(disk.Stat(task.RawPath, out var stat), task.RawPath);
                Require(file.SetAttributes(new AttributeChange(MtimeNs: stat.Version.MtimeNs)), task.TemporaryPath);
                Require(file.Sync(dataOnly: false), task.TemporaryPath);
            }

            if (!ReadAll(task.TemporaryPath).AsSpan().SequenceEqual(archive))
            {
                throw new ArchiveException(task.TemporaryPath, "it reads back otherwise");
            }

            isDone = true;
        }
        finally
        {
            if (!isDone && !disk.Faults.IsStopped)
            {
                disk.Unlink(task.TemporaryPath);
            }
        }

        return new ArchivingResult(null, "fake", 8, 0, 0, raw.Length, archive.Length);
    }

    public ArchivingResult Forecast(ArchiveTask task, CancellationToken cancellation) => throw new NotSupportedException();

    public bool ShowsSame(string archivePath, string rawPath, CancellationToken cancellation) => Shown(ReadAll(archivePath)).AsSpan().SequenceEqual(ReadAll(rawPath));

    public TimeSpan? DelayOf(string relativePath) => null;

    public void Restore(ArchiveDescription description, MrcView view, IDiskFile destination, Action<long> progress, CancellationToken cancellation) =>
        throw new NotSupportedException();

    /// <summary>Fills a raw file with what reads of an archive show.</summary>
    public VfsStatus Restore(string archivePath, IDiskFile destination)
    {
        try
        {
            byte[] bytes = Shown(ReadAll(archivePath));
            var status = destination.Write(0, bytes, out _);
            disk.Stat(archivePath, out var stat);
            return status == VfsStatus.Ok ? destination.SetAttributes(new AttributeChange(MtimeNs: stat.Version.MtimeNs)) : status;
        }
        catch (DiskFailedException exception)
        {
            return exception.Status;
        }
    }

    private byte[] ReadAll(string path)
    {
        Require(disk.Open(path, DiskAccess.Read, 0, out var file), path);
        using (file)
        {
            Require(file!.Stat(out var stat), path);
            var bytes = new byte[stat.Version.LengthBytes];
            Require(file.Read(0, bytes, out _), path);
            return bytes;
        }
    }

    private static void Require(VfsStatus status, string path)
    {
        if (status != VfsStatus.Ok)
        {
            throw new DiskFailedException(path, $"the disk failed: {status}", status);
        }
    }
}
