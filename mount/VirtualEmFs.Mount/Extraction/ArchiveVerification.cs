using VirtualEmFs.Frames;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>Decodes every block of one archive, or of one member of it, and keeps nothing.</summary>
internal sealed class ArchiveVerification(IArchive archive, Action<IOException?> report) : IBlockJob
{
    public long BlockCount => archive.Description.Grid.BlockCount;

    public void Process(long block, WorkerBuffer buffer, DecodeSlots slots)
    {
        BlockExtent extent = archive.Description.Grid.ExtentOf(block);
        archive.Decode(extent, buffer.Stored(archive.FormatOf(extent).LengthBytes), slots);
    }

    public void Finish(IOException? fault) => report(fault);

    public void Dispose() => archive.Dispose();
}
