using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>Decodes every block of one archive, or of one member of it, compares checksums where the archive has them, and keeps nothing.</summary>
internal sealed class ArchiveVerification : IBlockJob
{
    private readonly IArchive _archive;
    private readonly Func<int, FrameRecord>? _recordOf;
    private readonly Action<IOException?> _report;

    // For each block, a part for each of its frames; no two threads work on one block.
    private readonly (uint Checksum, int LengthBytes)[]?[] _parts;

    // For each frame; every block of it has the same.
    private readonly uint[] _limitsChecksums;

    /// <param name="archive">Owned from here on.</param>
    /// <param name="recordOf">What the archive says about a frame; null where it says nothing.</param>
    /// <param name="report">Called once at the end.</param>
    public ArchiveVerification(IArchive archive, Func<int, FrameRecord>? recordOf, Action<IOException?> report)
    {
        (_archive, _recordOf, _report) = (archive, recordOf, report);
        _parts = new (uint, int)[]?[recordOf is null ? 0 : BlockCount];
        _limitsChecksums = new uint[recordOf is null ? 0 : archive.Description.Shape.FrameCount];
    }

    public long BlockCount => _archive.Description.Grid.BlockCount;

    public void Process(long block, WorkerBuffer buffer, DecodeSlots slots)
    {
        BlockExtent extent = _archive.Description.Grid.ExtentOf(block);
        BlockFormat format = _archive.FormatOf(extent);
        Span<byte> stored = buffer.Stored(format.LengthBytes);
        _archive.Decode(extent, stored, slots);
        if (_recordOf is not null)
        {
            _limitsChecksums.AsSpan(extent.FirstFrame, extent.FrameCount).Fill(ProvenanceChecksums.OfLimits(format.SampleType, format.Rescale));
            var parts = new (uint, int)[extent.FrameCount];
            int lengthBytes = stored.Length / parts.Length;
            for (int i = 0; i < parts.Length; i++)
            {
                parts[i] = (Crc32C.Append(0, stored.Slice(i * lengthBytes, lengthBytes)), lengthBytes);
            }

            _parts[block] = parts;
        }
    }

    public void Finish(IOException? fault) => _report(fault ?? (_recordOf is null ? null : FindDifference(_recordOf)));

    public void Dispose() => _archive.Dispose();

    private ArchiveException? FindDifference(Func<int, FrameRecord> recordOf)
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

        for (int frame = 0; frame < checksums.Length; frame++)
        {
            FrameRecord record = recordOf(frame);
            if (record.LimitsChecksum is uint limitsChecksum && limitsChecksum != _limitsChecksums[frame])
            {
                return Difference(frame, "its type or limits (rendermin, rendermax, renderbits) are not those that were stored");
            }

            if (record.Checksum != checksums[frame])
            {
                return Difference(frame, "its samples are not those that were stored");
            }
        }

        return null;
    }

    private ArchiveException Difference(int frame, string what) => new(_archive.Description.Files[0], what + ": their checksum differs", frame);
}
