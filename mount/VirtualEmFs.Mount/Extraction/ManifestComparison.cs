using System.Security.Cryptography;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Commands;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>
/// Compares archives, which were decoded already, with the checksums of the files that they were made from. What was truncated cannot have its
/// original's checksum: for that, the checksum counts that was stored when the original was read.
/// </summary>
internal sealed class ManifestComparison(IArchiveFormats formats, ChecksumManifest manifest, CancellationToken cancellation)
{
    /// <summary>Compares every archive that is sound so far, on all cores.</summary>
    public void Run(IEnumerable<VerifyReport> reports)
    {
        using var slots = new DecodeSlots(Environment.ProcessorCount);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        Parallel.ForEach(reports, parallel, () => new WorkerBuffer(), (report, _, buffer) =>
        {
            try
            {
                Compare(report, buffer, slots);
            }
            catch (IOException e)
            {
                report.Fail(0, e.Message);
            }

            return buffer;
        }, static _ => { });
    }

    private void Compare(VerifyReport report, WorkerBuffer buffer, DecodeSlots slots)
    {
        VirtualFile[] files = [.. NamedArchive.VirtualFilesOf(formats, report.File)];
        ArchiveOrigin? origin = report.Ok ? ArchiveOrigin.Read(report.File) : null;

        // A folder's members were one file: its name is the original's.
        string shownName = files is [{ Member: null } only] ? only.Name : origin?.Name ?? "";
        ChecksumManifest.Entry[] entries = manifest.EntriesFor(report.File, shownName, origin?.Name);
        if (!report.Ok)
        {
            return;
        }

        if (entries.Length == 0)
        {
            report.Fail(0, $"{report.File}: {manifest.Path} lists no file that it was made from");
            return;
        }

        foreach (ChecksumManifest.Entry entry in entries)
        {
            if (Match(report.File, entry, origin, files, buffer, slots) is string original)
            {
                report.Original = original;
                return;
            }
        }

        report.Fail(0, $"{report.File}: it was made from another file than the {entries[0].Name} of {manifest.Path}");
    }

    /// <summary>What the archive is to the file of an entry; null when they have nothing to do with each other.</summary>
    private string? Match(
        string path, ChecksumManifest.Entry entry, ArchiveOrigin? origin, VirtualFile[] files, WorkerBuffer buffer, DecodeSlots slots)
    {
        if (entry.FullPath == Path.GetFullPath(path))
        {
            using FileStream file = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file)) == entry.Sha256 ? "unchanged itself" : null;
        }

        bool isFromThere = origin?.Sha256 == entry.Sha256;
        if (origin is null or { IsExact: true } && files is [{ Member: null } only])
        {
            ArchiveDescription description = only.Describe();
            using IArchive archive = formats.Open(description);
            if (VirtualFileHash.Compute(archive, VirtualMrc.Create(description, only.View), buffer, slots, cancellation) == entry.Sha256)
            {
                return $"{entry.Name} byte for byte";
            }
        }

        return isFromThere ? $"made from {entry.Name}" : null;
    }
}
