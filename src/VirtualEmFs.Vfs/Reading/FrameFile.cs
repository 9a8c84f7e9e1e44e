using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Reading;

/// <summary>One opening of an archive: cuts reads into parts of blocks, and reads ahead when they are sequential.</summary>
/// <remarks>Any thread.</remarks>
internal sealed class FrameFile : IFrameFile
{
    private readonly ReadEngine _engine;
    private readonly OpenArchives _archives;
    private readonly OpenArchive _archive;
    private readonly FramePayload _payload;
    private readonly ReadAheadWindow _window;
    private int _disposed;

    public FrameFile(ReadEngine engine, OpenArchives archives, OpenArchive archive)
    {
        (_engine, _archives, _archive) = (engine, archives, archive);
        FrameShape shape = Description.Shape;
        _payload = new FramePayload(shape, Description.Grid, MrcRendering.RowLengthBytes(Description.MrcMode, shape.Nx));

        // The longest block stands at the end of the first slab or later: any but the first, which is short.
        BlockExtent typical = Description.Grid.ExtentOf(Math.Min(1, Description.Grid.BlockCount - 1));
        long blockLengthBytes = (long)typical.FrameCount * typical.RowCount * shape.Nx * Description.SampleType.LengthBytes();
        _window = new ReadAheadWindow(Description.Grid.BlockCount, engine.ReadAheadBlocks(blockLengthBytes));
    }

    public ArchiveDescription Description => _archive.Archive.Description;

    public ArchiveDamage? FirstDamage => _archive.FirstDamage;

    public void Read(ReadOnlyMemory<byte> prefix, long payloadOffset, int lengthBytes, IReadReply reply)
    {
        var read = new PendingRead(_engine.Buffers, _payload, payloadOffset - prefix.Length, prefix.Length + lengthBytes, reply);
        prefix.Span.CopyTo(read.Bytes(0, prefix.Length));
        if (lengthBytes > 0)
        {
            ReadPayload(read, payloadOffset, lengthBytes, prefix.Length);
        }

        read.EndPart();
    }

    private void ReadPayload(PendingRead read, long payloadOffset, int lengthBytes, int replyOffset)
    {
        long endOffset = payloadOffset + lengthBytes;
        int? badFrame = _archive.FirstDamagedFrame(_payload.FrameOf(payloadOffset), _payload.FrameOf(endOffset - 1));
        if (badFrame is int frame)
        {
            read.FailFrom(frame, VfsStatus.Corrupt, _engine.ServeDamaged);
            if (!_engine.ServeDamaged)
            {
                return;
            }

            endOffset = Math.Max(payloadOffset, _payload.OffsetOf(frame));
        }

        long lastBlock = -1;
        for (long offset = payloadOffset; offset < endOffset;)
        {
            (long block, long blockOffset, long runLengthBytes) = _payload.Locate(offset);
            int partLengthBytes = (int)Math.Min(runLengthBytes, endOffset - offset);
            read.ExpectPart();
            _engine.Serve(_archive, new ReadPart(read, block, blockOffset, partLengthBytes, replyOffset));
            lastBlock = block;
            replyOffset += partLengthBytes;
            offset += partLengthBytes;
        }

        if (lastBlock >= 0)
        {
            (long aheadBlock, int count) = _window.Advance(payloadOffset, endOffset, lastBlock);
            for (int i = 0; i < count; i++)
            {
                _engine.ReadAhead(_archive, aheadBlock + i);
            }
        }
    }

    public void TolerateAttributeChanges(long? mtimeNs) => _archive.Archive.TolerateAttributeChanges(mtimeNs);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _archives.Close(_archive);
        }
    }
}
