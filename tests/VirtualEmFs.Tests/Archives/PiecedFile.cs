using System.Collections.Immutable;
using System.IO.Compression;
using VirtualEmFs.Archives;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Tests.Archives;

/// <summary>
/// A file of hand-made pieces with its frame map, and the samples that must come out: random frames, cut into boxes, stored
/// through a pipeline in any order.
/// </summary>
internal sealed class PiecedFile : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    /// <summary>How to lay out the pieces.</summary>
    public sealed record Options
    {
        public SampleType SampleType { get; init; } = SampleType.UInt8;

        public ImmutableArray<FilterStep> Steps { get; init; } = [new(FilterKind.Deflate)];

        public bool AreRowsReversed { get; init; }

        public bool EndsWithFrame { get; init; }

        /// <summary>Bytes between pieces.</summary>
        public int GapBytes { get; init; }

        /// <summary>Pieces lie in random order, as after overwriting.</summary>
        public bool IsScattered { get; init; }

        /// <summary>Every third piece was never written.</summary>
        public bool HasHoles { get; init; }

        public byte[] FillSample { get; init; } = [];
    }

    public PiecedFile(FrameShape shape, PieceShape box, Options options)
    {
        (Shape, Box) = (shape, box);
        int sampleLengthBytes = options.SampleType.LengthBytes();
        SampleLengthBytes = sampleLengthBytes;
        Samples = new byte[shape.LengthSamples * sampleLengthBytes];
        var random = new Random(7);
        for (int i = 0; i < Samples.Length; i++)
        {
            Samples[i] = (byte)random.Next(32);
        }

        var boxes = new List<Piece>();
        for (int frame = 0; frame < shape.FrameCount; frame += box.Frames)
        {
            for (int row = 0; row < shape.Ny; row += box.Rows)
            {
                for (int column = 0; column < shape.Nx; column += box.Columns)
                {
                    boxes.Add(new Piece(0, 0, 0, 0, frame, row, column));
                }
            }
        }

        var written = boxes.ToArray();
        if (options.IsScattered)
        {
            random.Shuffle(written);
        }

        var pieces = new List<Piece>();
        using (var file = File.OpenWrite(_path))
        {
            file.Write("head"u8);
            for (int i = 0; i < written.Length; i++)
            {
                var piece = written[i];
                byte[] decoded = Cut(piece, options, isHole: options.HasHoles && i % 3 == 1);
                if (options.HasHoles && i % 3 == 1)
                {
                    continue;
                }

                byte[] stored = options.Steps.Aggregate(decoded, (bytes, step) => Store(bytes, step));
                pieces.Add(piece with { ArchiveOffset = file.Position, StoredLengthBytes = stored.Length });
                file.Write(stored);
                file.Write(new byte[options.GapBytes]);
            }
        }

        Layout = new FrameLayout
        {
            FirstFrame = 0,
            FrameCount = shape.FrameCount,
            SampleType = options.SampleType,
            Rescale = Rescale.None,
            Pipeline = new Pipeline(options.Steps),
            PieceShape = box,
            Pieces = pieces.OrderBy(piece => (piece.FirstFrame, piece.FirstRow, piece.FirstColumn)).ToArray(),
            AreRowsReversed = options.AreRowsReversed,
            EndsWithFrame = options.EndsWithFrame,
            FillSample = options.FillSample,
        };
    }

    public string FilePath => _path;

    public FrameShape Shape { get; }

    public PieceShape Box { get; }

    public int SampleLengthBytes { get; }

    /// <summary>All samples in the order of the virtual file.</summary>
    public byte[] Samples { get; }

    /// <summary>May be replaced to try a damaged map.</summary>
    public FrameLayout Layout { get; set; }

    public MappedArchive Open()
    {
        var source = SourceFile.Open(_path);
        var description = new ArchiveDescription
        {
            Format = "test",
            Content = ArchiveContent.Stack,
            Shape = Shape,
            Version = source.Version,
            Files = [_path],
            SampleType = Layout.SampleType,
            Codec = Layout.Pipeline.Name,
            Grid = BlockGrid.ForPieces(Shape, Box, SampleLengthBytes),
        };
        return new MappedArchive(description, new OneLayout(Layout), [source]);
    }

    /// <summary>The samples of a block.</summary>
    public byte[] Expected(BlockExtent extent)
    {
        int rowLengthBytes = Shape.Nx * SampleLengthBytes;
        return [.. Enumerable.Range(extent.FirstFrame, extent.FrameCount).SelectMany(frame =>
            Samples.AsSpan(((frame * Shape.Ny) + extent.FirstRow) * rowLengthBytes, extent.RowCount * rowLengthBytes).ToArray())];
    }

    public void Dispose() => File.Delete(_path);

    // The samples of one box as its pipeline takes them in; a hole's are replaced by the fill sample.
    private byte[] Cut(Piece piece, Options options, bool isHole)
    {
        int rows = options.EndsWithFrame ? Math.Min(Box.Rows, Shape.Ny - piece.FirstRow) : Box.Rows;
        byte[] cut = new byte[Box.Frames * rows * Box.Columns * SampleLengthBytes];
        for (int frame = 0; frame < Box.Frames; frame++)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < Box.Columns; column++)
                {
                    (int z, int y, int x) = (piece.FirstFrame + frame, piece.FirstRow + row, piece.FirstColumn + column);
                    if (z >= Shape.FrameCount || y >= Shape.Ny || x >= Shape.Nx)
                    {
                        continue;
                    }

                    y = options.AreRowsReversed ? Shape.Ny - 1 - y : y;
                    var sample = Samples.AsSpan(((((z * Shape.Ny) + y) * Shape.Nx) + x) * SampleLengthBytes, SampleLengthBytes);
                    if (isHole)
                    {
                        sample.Clear();
                        options.FillSample.CopyTo(sample);
                    }

                    sample.CopyTo(cut.AsSpan(((((frame * rows) + row) * Box.Columns) + column) * SampleLengthBytes));
                }
            }
        }

        return cut;
    }

    private static byte[] Store(byte[] bytes, FilterStep step)
    {
        switch (step.Kind)
        {
            case FilterKind.ByteSwap:
                return [.. bytes.Chunk(step.Parameters[0]).SelectMany(each => each.Reverse())];
            case FilterKind.Deflate:
                using (var target = new MemoryStream())
                {
                    using (var zlib = new ZLibStream(target, CompressionLevel.Fastest))
                    {
                        zlib.Write(bytes);
                    }

                    return target.ToArray();
                }

            default:
                throw new ArgumentOutOfRangeException(nameof(step));
        }
    }

    private sealed class OneLayout(FrameLayout layout) : FrameMap
    {
        public override FrameLayout LayoutOf(int frameIndex) => layout;
    }
}
