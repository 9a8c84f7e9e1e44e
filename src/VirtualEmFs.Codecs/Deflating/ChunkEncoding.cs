using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VirtualEmFs.Native.Deflate;

namespace VirtualEmFs.Codecs.Deflating;

/// <summary>
/// The working memory of one thread's <see cref="ChunkEncoder"/>, and its steps: shuffle, survey the segments, join alike neighbours to
/// blocks, write them, and let libdeflate try the planes at the end that have structure.
/// </summary>
internal sealed unsafe class ChunkEncoding
{
    // libdeflate's levels for planes with structure. Smoothed volumes are within 2 % of level 6 at level 1, three times as fast. Where an
    // eighth lies in runs there is a mask, and level 6 has little left to search.
    private const int PlainEffort = 1, MaskedEffort = 6;

    // Equal neighbours over those of independent symbols, from which matches beat our own coder: smoothing of 12-bit volumes by one
    // voxel gives 1.8 and gains nothing, by 1.5 voxels 2.3 and 3 %.
    private const double LeastStructure = 2.2;

    // Runs of this length are masks; smooth planes have shorter ones by chance.
    private const int MaskRun = 64;

    // Deciding whether two segments share a code: what a header costs, and each code in it.
    private const double HeaderBits = 80, HeaderBitsPerSymbol = 3.5;

    private readonly SegmentSurvey _survey = new();
    private readonly BlockCode _code = new();
    private readonly BlockEncoder _encoder = new();
    private readonly DeflateCompressor?[] _compressors = new DeflateCompressor?[13];
    private byte[] _planes = [];
    private byte[] _tail = [];
    private Segment[] _segments = [];
    private uint[] _counts = [];
    private Run[] _runs = [];
    private int _segmentCount;

    /// <summary>See <see cref="ChunkEncoder.BoundBytes"/>.</summary>
    public static int BoundBytes(int lengthBytes)
    {
        // Every block takes the smaller of its code and stored form, which adds 6 bytes a block; and the writer stores words.
        long blocks = (lengthBytes / Segment.LengthBytes) + (lengthBytes / ushort.MaxValue) + 9L;
        return checked((int)(lengthBytes + (6 * blocks) + 32));
    }

    public int Encode(ReadOnlySpan<byte> samples, int elementLengthBytes, int level, Span<byte> destination)
    {
        ReadOnlySpan<byte> bytes = samples;
        if (elementLengthBytes > 1)
        {
            Grow(ref _planes, samples.Length);
            SampleShuffle.Shuffle(samples, elementLengthBytes, _planes);
            bytes = _planes.AsSpan(0, samples.Length);
        }

        // SAFETY: the destination has BoundBytes, which covers every block in its stored form and the writer's whole words.
        fixed (byte* start = destination)
        {
            var writer = new BitWriter(start);
            writer.Write(0x0178, 16); // deflate, window of 32 KiB, no dictionary (RFC 1950)
            if (level == 0 || bytes.IsEmpty)
            {
                BlockEncoder.WriteStored(ref writer, bytes, isLast: true);
            }
            else
            {
                WriteBlocks(ref writer, bytes, elementLengthBytes, level);
            }

            writer.AlignToByte();
            int lengthBytes = (int)(writer.LengthBits / 8);
            BinaryPrimitives.WriteUInt32BigEndian(destination[lengthBytes..], Adler32.Compute(bytes));
            return lengthBytes + 4;
        }
    }

    private void WriteBlocks(ref BitWriter writer, ReadOnlySpan<byte> bytes, int planeCount, int level)
    {
        Survey(bytes, planeCount);
        int tail = FindTail(bytes.Length / planeCount, level);
        int lastOfHead = tail < 0 ? _segmentCount : tail;
        int head = JoinSegments(0, lastOfHead);
        if (tail < 0)
        {
            WriteCoded(ref writer, bytes, 0, head, isLast: true);
            return;
        }

        WriteCoded(ref writer, bytes, 0, head, isLast: false);
        // The head's blocks stand at the front of the list, the tail's from `tail` on.
        int tailBlocks = JoinSegments(tail, _segmentCount);
        long ownBits = 0;
        for (int block = tail; block < tail + tailBlocks; block++)
        {
            ownBits += Math.Min(Build(block), BlockEncoder.StoredLengthBits(_segments[block].End - _segments[block].Start));
        }

        ReadOnlySpan<byte> structured = bytes[_segments[tail].Start..];
        ReadOnlySpan<byte> theirs = Deflate(structured, level > 0 ? level : EffortFor(tail, tailBlocks));
        bool isAligned = writer.Count == 0;
        if (!theirs.IsEmpty && (theirs.Length + (isAligned ? 0 : 5)) * 8L < ownBits)
        {
            if (!isAligned)
            {
                BlockEncoder.WriteStored(ref writer, [], isLast: false);
            }

            writer.WriteBytes(theirs);
        }
        else
        {
            WriteCoded(ref writer, bytes, tail, tailBlocks, isLast: true);
        }
    }

    /// <summary>Cuts the planes into segments, and counts each.</summary>
    private void Survey(ReadOnlySpan<byte> bytes, int planeCount)
    {
        int planeLength = bytes.Length / planeCount;
        int perPlane = Math.Max(1, (planeLength + (Segment.LengthBytes / 2)) / Segment.LengthBytes);
        _segmentCount = perPlane * planeCount;
        Grow(ref _segments, _segmentCount);
        Grow(ref _counts, _segmentCount * BlockCode.SymbolCount);
        Grow(ref _runs, (bytes.Length / 5) + 16);
        int runCount = 0;
        for (int i = 0; i < _segmentCount; i++)
        {
            (int plane, int part) = Math.DivRem(i, perPlane);
            ref Segment segment = ref _segments[i];
            segment.Start = (plane * planeLength) + (int)((long)part * planeLength / perPlane);
            segment.End = (plane * planeLength) + (int)((part + 1L) * planeLength / perPlane);
            segment.FirstRun = runCount;
            _survey.Run(bytes, ref segment, _runs, CountsOf(i));
            runCount += segment.RunCount;
        }
    }

    /// <summary>
    /// The first segment of the planes at the end, if any, in which neighbours depend on each other beyond runs, so that matches may pay.
    /// </summary>
    private int FindTail(int planeLength, int level)
    {
        int perPlane = 0;
        while (perPlane < _segmentCount && _segments[perPlane].Start < planeLength)
        {
            perPlane++;
        }

        int tail = -1;
        for (int first = _segmentCount - perPlane; first >= 0; first -= perPlane)
        {
            int equal = 0, literals = 0;
            double expected = 0;
            foreach (ref Segment segment in _segments.AsSpan(first, perPlane))
            {
                equal += segment.EqualNeighbours;
                expected += segment.ExpectedEqualNeighbours;
                literals += segment.LiteralCount;
            }

            bool isStructured = SegmentSurvey.IsStructured(equal, expected)
                && (equal > LeastStructure * expected || expected > LeastStructure * equal);
            if (isStructured || level >= 9)
            {
                tail = first;
            }
            else if (literals > planeLength / 64)
            {
                break; // noise
            }
        }

        return tail;
    }

    /// <summary>
    /// Joins neighbours for which one code costs no more than two. A block takes the place of a segment: its counts, extent and runs.
    /// </summary>
    /// <returns>Blocks, which follow each other from <paramref name="first"/> on.</returns>
    private int JoinSegments(int first, int end)
    {
        if (first == end)
        {
            return 0;
        }

        int block = first;
        double blockBits = SegmentSurvey.EntropyBits(CountsOf(first));
        Span<uint> joined = stackalloc uint[BlockCode.SymbolCount];
        for (int next = first + 1; next < end; next++)
        {
            Span<uint> counts = CountsOf(block), others = CountsOf(next);
            for (int symbol = 0; symbol < joined.Length; symbol++)
            {
                joined[symbol] = counts[symbol] + others[symbol];
            }

            joined[BlockCode.EndOfBlock] = 1;
            double nextBits = SegmentSurvey.EntropyBits(others), joinedBits = SegmentSurvey.EntropyBits(joined);
            double header = HeaderBits + (HeaderBitsPerSymbol * (others.Length - others.Count(0u)));
            ref Segment segment = ref _segments[next];
            if (joinedBits <= blockBits + nextBits + header)
            {
                joined.CopyTo(counts);
                blockBits = joinedBits;
                ref Segment target = ref _segments[block];
                target.End = segment.End;
                target.RunCount += segment.RunCount;
                target.SymbolBits = Math.Max(target.SymbolBits, segment.SymbolBits);
            }
            else
            {
                block++;
                _segments[block] = segment;
                others.CopyTo(CountsOf(block));
                blockBits = nextBits;
            }
        }

        return block + 1 - first;
    }

    private void WriteCoded(ref BitWriter writer, ReadOnlySpan<byte> bytes, int first, int blockCount, bool isLast)
    {
        for (int i = first; i < first + blockCount; i++)
        {
            Segment block = _segments[i];
            bool isLastBlock = isLast && i == first + blockCount - 1;
            if (Build(i) < BlockEncoder.StoredLengthBits(block.End - block.Start))
            {
                _encoder.Write(
                    ref writer, bytes, block.Start, block.End, _runs.AsSpan(block.FirstRun, block.RunCount), block.SymbolBits, _code, isLastBlock);
            }
            else
            {
                BlockEncoder.WriteStored(ref writer, bytes[block.Start..block.End], isLastBlock);
            }
        }
    }

    private long Build(int block)
    {
        _code.Build(CountsOf(block));
        return _code.LengthBits;
    }

    /// <summary>A raw deflate stream by libdeflate, in memory of our own; empty when it is longer than the bytes.</summary>
    private ReadOnlySpan<byte> Deflate(ReadOnlySpan<byte> bytes, int level)
    {
        DeflateCompressor compressor = _compressors[level] ??= new DeflateCompressor(level);
        Grow(ref _tail, bytes.Length);
        int lengthBytes = compressor.Compress(bytes, _tail.AsSpan(0, bytes.Length));
        return lengthBytes == 0 ? [] : _tail.AsSpan(2, lengthBytes - 6); // without zlib's header and checksum
    }

    private int EffortFor(int first, int blockCount)
    {
        long all = 0, inRuns = 0;
        foreach (ref Segment block in _segments.AsSpan(first, blockCount))
        {
            all += block.End - block.Start;
            foreach (Run run in _runs.AsSpan(block.FirstRun, block.RunCount))
            {
                inRuns += run.Length >= MaskRun ? run.Length : 0;
            }
        }

        return inRuns >= all / 8 ? MaskedEffort : PlainEffort;
    }

    private Span<uint> CountsOf(int segment) => _counts.AsSpan(segment * BlockCode.SymbolCount, BlockCode.SymbolCount);

    private static void Grow<T>(ref T[] array, int length)
    {
        if (array.Length < length)
        {
            array = GC.AllocateUninitializedArray<T>(length);
        }
    }
}
