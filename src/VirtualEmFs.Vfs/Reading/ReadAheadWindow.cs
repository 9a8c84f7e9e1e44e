namespace VirtualEmFs.Vfs.Reading;

/// <summary>
/// Tells sequential reading from random reading, and which blocks to decode ahead of a sequential reader. A first read that may be
/// for the header never reads ahead: it decodes one block.
/// </summary>
/// <remarks>Any thread: the kernel sends the reads of one reader from several threads, slightly out of order.</remarks>
internal sealed class ReadAheadWindow(long blockCount, int maximumBlocks)
{
    private readonly Lock _gate = new();
    private long _nextOffset;     // guarded by _gate: where a sequential reader goes on
    private long _aheadBlock;     // guarded by _gate: first block not yet read ahead
    private int _sequentialReads; // guarded by _gate

    /// <summary>Notes a read and answers the run of blocks to queue: first block and count.</summary>
    public (long FirstBlock, int Count) Advance(long payloadOffset, long endOffset, long lastBlock)
    {
        lock (_gate)
        {
            // Two reads of 1 MiB may swap places on the way from the kernel.
            const long Disorder = 2 << 20;
            bool isNear = payloadOffset <= _nextOffset + Disorder && endOffset >= _nextOffset - Disorder;
            if (isNear && endOffset <= _nextOffset)
            {
                // Late, or a repetition: it tells nothing.
                return (0, 0);
            }

            // A first read of this length is no look at a header: cp, dd and mrcfile go on to the end.
            const long LongRead = 256 << 10;
            bool isHeader = _nextOffset == 0 && endOffset < LongRead;
            _sequentialReads = isNear && !isHeader ? Math.Min(_sequentialReads + 1, 16) : 0;
            _nextOffset = endOffset;
            if (_sequentialReads == 0)
            {
                _aheadBlock = lastBlock + 1;
                return (0, 0);
            }

            int windowBlocks = Math.Min(4 * _sequentialReads, maximumBlocks);
            long first = Math.Max(_aheadBlock, lastBlock + 1);
            long end = Math.Min(lastBlock + 1 + windowBlocks, blockCount);
            if (end <= first)
            {
                return (0, 0);
            }

            _aheadBlock = end;
            return (first, (int)(end - first));
        }
    }
}
