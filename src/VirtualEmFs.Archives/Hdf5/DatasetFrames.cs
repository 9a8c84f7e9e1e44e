using VirtualEmFs.Archives.Hdf5.ChunkIndexes;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>
/// A dataset of one to three dimensions as frames: sections of (nz, ny, nx), one frame of (ny, nx), or one row of (nx).
/// </summary>
/// <remarks>Made from the header alone; <see cref="Layout"/> reads the chunk index.</remarks>
internal sealed class DatasetFrames
{
    // Contiguous samples are cut so that a header needs one small piece; a block takes four of them in one read.
    private const int ContiguousPieceBytes = 64 * 1024;

    // What one read of rows must decode at least: more does not fit any sensible memory budget.
    private const long MaximumPieceBytes = 256 << 20;

    // 4 Mi pieces are 128 MiB: a chunked volume of 4096 sections of 4096 × 4096 in EMAN2's chunks has 2 Mi.
    private const int MaximumPieces = 4 << 20;

    private readonly Hdf5Dataset _dataset;
    private readonly long _baseOffset;

    /// <param name="baseOffset">File offset of address 0.</param>
    public DatasetFrames(Hdf5Dataset dataset, long baseOffset)
    {
        (_dataset, _baseOffset) = (dataset, baseOffset);
        int rank = dataset.Dataspace.Dimensions.Length;
        if (dataset.Dataspace.Kind != DataspaceKind.Simple || rank is < 1 or > 3)
        {
            throw new Hdf5FormatException(dataset.Dataspace.Kind == DataspaceKind.Null ? "the image is empty" : $"the image has {rank} dimensions");
        }

        if (dataset.HasExternalFiles)
        {
            throw new Hdf5FormatException("the image is stored in other files, which is not supported");
        }

        SampleType = dataset.Datatype.AsSampleType()
            ?? throw new Hdf5FormatException($"its samples are of the datatype {dataset.Datatype.Class} with {dataset.Datatype.SizeBytes} bytes, which is not supported");
        Nx = Dimension(rank, 1);
        Ny = Dimension(rank, 2);
        Nz = Dimension(rank, 3);
        Pipeline = FilterTable.PipelineOf(dataset);
        PieceShape = ShapeOfPieces(rank);
        if (PieceShape.LengthSamples > MaximumPieceBytes / SampleType.LengthBytes())
        {
            throw new Hdf5FormatException($"its samples come in pieces of {PieceShape.LengthSamples} samples, more than can be read at once");
        }
    }

    public int Nx { get; }

    public int Ny { get; }

    public int Nz { get; }

    public SampleType SampleType { get; }

    public Pipeline Pipeline { get; }

    public PieceShape PieceShape { get; }

    /// <summary>Why the samples cannot all be there: they reach beyond the file's end. Null when that is not known from the header.</summary>
    public string? FindTruncation(long fileLengthBytes) => _dataset.Layout switch
    {
        ContiguousLayout { Address: >= 0 } contiguous when _baseOffset + contiguous.Address + LengthBytes > fileLengthBytes
            => "its samples reach beyond the end of the file",
        _ => null,
    };

    /// <summary>Finds every piece.</summary>
    /// <param name="firstFrame">Frame of the virtual file at which this dataset's first section stands.</param>
    public FrameLayout Layout(int firstFrame, Rescale rescale) => new()
    {
        FirstFrame = firstFrame,
        FrameCount = Nz,
        SampleType = SampleType,
        Rescale = rescale,
        Pipeline = Pipeline,
        PieceShape = PieceShape,
        Pieces = _dataset.Layout switch
        {
            ContiguousLayout layout => Rows(layout.Address, layout.LengthBytes),
            CompactLayout layout => Rows(layout.Address, layout.LengthBytes),
            _ => Chunks(),
        },
        EndsWithFrame = _dataset.Layout is not ChunkedLayout,
        FillSample = FillSample(),
    };

    private long LengthBytes => (long)Nx * Ny * Nz * SampleType.LengthBytes();

    private int Dimension(int rank, int fromFastest)
    {
        if (fromFastest > rank)
        {
            return 1;
        }

        long length = _dataset.Dataspace.Dimensions[rank - fromFastest];
        return length is > 0 and <= int.MaxValue
            ? (int)length
            : throw new Hdf5FormatException(length == 0 ? "the image is empty" : $"the image has a side of {length} samples");
    }

    private PieceShape ShapeOfPieces(int rank)
    {
        if (_dataset.Layout is not ChunkedLayout chunked)
        {
            long rows = ContiguousPieceBytes / ((long)Nx * SampleType.LengthBytes());
            return new PieceShape(1, (int)Math.Clamp(rows, 1, Ny), Nx);
        }

        if (chunked.ChunkDimensions.Length != rank)
        {
            throw new Hdf5FormatException($"chunks have {chunked.ChunkDimensions.Length} dimensions, their image {rank}");
        }

        long Side(int fromFastest) => fromFastest > rank ? 1 : chunked.ChunkDimensions[rank - fromFastest];
        return new PieceShape((int)Side(3), (int)Side(2), (int)Side(1));
    }

    /// <summary>Uncompressed samples in one run, cut at rows.</summary>
    private Piece[] Rows(long address, long? lengthBytes)
    {
        if (address == FieldReader.Undefined)
        {
            return [];
        }

        if (!_dataset.Filters.IsEmpty)
        {
            throw new Hdf5FormatException("an image without chunks has filters");
        }

        if (lengthBytes < LengthBytes)
        {
            throw new Hdf5FormatException($"the image has {lengthBytes} bytes where it needs {LengthBytes}");
        }

        long rowLengthBytes = (long)Nx * SampleType.LengthBytes();
        int rowsPerPiece = PieceShape.Rows;
        long piecesPerFrame = (Ny + rowsPerPiece - 1L) / rowsPerPiece;
        var pieces = new Piece[CheckCount(piecesPerFrame * Nz)];
        int count = 0;
        for (int frame = 0; frame < Nz; frame++)
        {
            for (long row = 0; row < Ny; row += rowsPerPiece)
            {
                long rowCount = Math.Min(rowsPerPiece, Ny - row);
                long archiveOffset = _baseOffset + address + (((frame * (long)Ny) + row) * rowLengthBytes);
                pieces[count++] = new Piece(0, archiveOffset, (int)(rowCount * rowLengthBytes), 0, frame, (int)row, 0);
            }
        }

        return pieces;
    }

    private Piece[] Chunks()
    {
        var pieces = new List<Piece>();
        long chunkLengthBytes = PieceShape.LengthSamples * SampleType.LengthBytes();
        uint knownFilters = (uint)((1UL << _dataset.Filters.Length) - 1);
        int maskShift = _dataset.NeedsByteSwap ? 1 : 0;
        _dataset.ForEachChunk((coordinates, in chunk) =>
        {
            if (chunk.Address < 0 || chunk.LengthBytes is < 1 or > int.MaxValue)
            {
                throw new Hdf5FormatException("a chunk has no place in the file");
            }

            uint mask = chunk.FilterMask & knownFilters;
            if (mask == knownFilters && chunk.LengthBytes != chunkLengthBytes)
            {
                throw new Hdf5FormatException($"an uncompressed chunk has {chunk.LengthBytes} bytes instead of {chunkLengthBytes}");
            }

            int rank = coordinates.Length;
            CheckCount(pieces.Count + 1L);
            pieces.Add(new Piece(
                0,
                _baseOffset + chunk.Address,
                (int)chunk.LengthBytes,
                mask << maskShift,
                rank > 2 ? (int)(coordinates[rank - 3] * PieceShape.Frames) : 0,
                rank > 1 ? (int)(coordinates[rank - 2] * PieceShape.Rows) : 0,
                (int)(coordinates[rank - 1] * PieceShape.Columns)));
        });
        return InOrder(pieces);
    }

    private static Piece[] InOrder(List<Piece> pieces)
    {
        bool isSorted = true;
        for (int i = 1; i < pieces.Count && isSorted; i++)
        {
            isSorted = Compare(pieces[i - 1], pieces[i]) < 0;
        }

        if (!isSorted)
        {
            pieces.Sort(Compare);
            for (int i = 1; i < pieces.Count; i++)
            {
                if (Compare(pieces[i - 1], pieces[i]) == 0)
                {
                    throw new Hdf5FormatException("a chunk is stored twice");
                }
            }
        }

        return [.. pieces];
    }

    private static int Compare(Piece a, Piece b)
    {
        int order = a.FirstFrame.CompareTo(b.FirstFrame);
        order = order != 0 ? order : a.FirstRow.CompareTo(b.FirstRow);
        return order != 0 ? order : a.FirstColumn.CompareTo(b.FirstColumn);
    }

    private static long CheckCount(long count) => count <= MaximumPieces
        ? count
        : throw new Hdf5FormatException($"an image in more than {MaximumPieces} pieces is not supported");

    private byte[] FillSample()
    {
        byte[] fill = _dataset.Fill.ToArray();
        if (fill.Length != SampleType.LengthBytes())
        {
            return [];
        }

        if (_dataset.NeedsByteSwap)
        {
            Array.Reverse(fill);
        }

        return fill.AsSpan().ContainsAnyExcept((byte)0) ? fill : [];
    }
}
