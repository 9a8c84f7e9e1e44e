using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>Decodes every block of one archive, or of one member of it, compares checksums where the archive has them, and keeps nothing.</summary>
internal sealed class ArchiveVerification : IBlockJob
{
    private readonly IArchive _archive;
    private readonly Func<int, uint>? _checksumOf;
    private readonly Action<IOException?> _report;

    // For each block, a part for each of its frames; no two threads work on one block.
    private readonly (uint Checksum, int LengthBytes)[]?[] _parts;

    /// <param name="archive">Owned from here on.</param>
    /// <param name="checksumOf">CRC-32C of a frame's stored samples; null where the archive has none.</param>
    /// <param name="report">Called once at the end.</param>
    public ArchiveVerification(IArchive archive, Func<int, uint>? checksumOf, Action<IOException?> report)
    {
        (_archive, _checksumOf, _report) = (archive, checksumOf, report);
        _parts = new (uint, int)[]?[checksumOf is null ? 0 : BlockCount];
    }

    public long BlockCount => _archive.Description.Grid.BlockCount;

    public void Process(long block, WorkerBuffer buffer, DecodeSlots slots)
    {
        BlockExtent extent = _archive.Description.Grid.ExtentOf(block);
        Span<byte> stored = buffer.Stored(_archive.FormatOf(extent).LengthBytes);
        _archive.Decode(extent, stored, slots);
        if (_checksumOf is not null)
        {
            var parts = new (uint, int)[extent.FrameCount];
            int lengthBytes = stored.Length / parts.Length;
            for (int i = 0; i < parts.Length; i++)
            {
                parts[i] = (Crc32C.Append(0, stored.Slice(i * lengthBytes, lengthBytes)), lengthBytes);
            }

            _parts[block] = parts;
        }
    }

    public void Finish(IOException? fault) => _report(fault ?? (_checksumOf is null ? null : FindDifference(_checksumOf)));

    public void Dispose() => _archive.Dispose();

    private ArchiveException? FindDifference(Func<int, uint> checksumOf)
    {
        var checksums = new uint[_archive.Description.Shape.FrameCount];
        for (long block = 0; block < BlockCount; block++)
        {
            // Blocks of a frame follow each other in the order of its rows.
            int frame = _archive.Description.Grid.ExtentOf(block).FirstFrame;
            foreach ((uint checksum, int lengthBytes) in _parts[block]!)
            {
                checksums[frame] = Crc32C.Combine(checksums[frame], checksum, lengthBytes);
                frame++;
            }
        }

        int different = Enumerable.Range(0, checksums.Length).FirstOrDefault(frame => checksums[frame] != checksumOf(frame), -1);
        return different < 0 ? null : new ArchiveException(
            _archive.Description.Files[0], "its samples are not those that were stored: their checksum differs", different);
    }
}
