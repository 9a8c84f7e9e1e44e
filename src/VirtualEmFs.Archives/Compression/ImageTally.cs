using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Archives.Compression;

/// <summary>Gathers, section by section, what the chunks of one image say.</summary>
/// <remarks>One thread at a time; chunks in order.</remarks>
internal sealed class ImageTally(int sectionCount)
{
    private readonly QuantizationReport[] _reports = new QuantizationReport[sectionCount];
    private readonly uint[] _checksums = new uint[sectionCount];

    /// <summary>Of all sections.</summary>
    public QuantizationReport Total { get; private set; }

    /// <summary>Bytes of all chunks as stored.</summary>
    public long StoredLengthBytes { get; private set; }

    public void Add(in EncodedChunk chunk)
    {
        StoredLengthBytes += chunk.LengthBytes;
        foreach (ChunkPart part in chunk.Parts)
        {
            _reports[part.Section] = _reports[part.Section].Merge(part.Report);
            _checksums[part.Section] = Crc32C.Combine(_checksums[part.Section], part.Checksum, part.LengthBytes);
            Total = Total.Merge(part.Report);
        }
    }

    /// <summary>True unless an archive recorded other samples.</summary>
    /// <param name="earlier">What it said about the same samples; empty where they come from none.</param>
    public bool Agrees(ReadOnlySpan<FrameRecord> earlier)
    {
        for (int section = 0; section < earlier.Length; section++)
        {
            if (earlier[section].Checksum != _checksums[section])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The records that go into the archive.</summary>
    /// <param name="earlier">What an archive said about the same samples; empty where they come from none.</param>
    public FrameRecord[] Records(double stepOverSigma, bool clamps, ReadOnlySpan<FrameRecord> earlier)
    {
        var records = new FrameRecord[_reports.Length];
        for (int section = 0; section < records.Length; section++)
        {
            QuantizationReport report = _reports[section];
            records[section] = !earlier.IsEmpty ? earlier[section] : new FrameRecord(
                report.LargestError, (float)report.RmsError, (float)stepOverSigma, report.TruncatedCount, clamps, _checksums[section]);
        }

        return records;
    }
}
