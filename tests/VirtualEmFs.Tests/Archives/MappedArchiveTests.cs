using VirtualEmFs.Archives;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Archives;

public sealed class MappedArchiveTests
{
    private static readonly FilterStep s_deflate = new(FilterKind.Deflate);

    private static readonly (FrameShape Shape, PieceShape Box)[] s_shapes =
    [
        (new(64, 48, 1), new(1, 8, 64)),       // EMAN2's rows
        (new(101, 37, 3), new(1, 8, 101)),     // the last row of pieces reaches beyond the frame
        (new(100, 70, 2), new(1, 32, 32)),     // tiles with edges on both sides
        (new(20, 30, 11), new(4, 7, 20)),      // boxes several frames deep, the last one not full
        (new(20, 30, 11), new(4, 30, 20)),     // whole slabs
        (new(17, 19, 5), new(3, 5, 7)),        // cubes with edges everywhere
        (new(33, 21, 2), new(1, 256, 256)),    // one piece larger than the frame
        (new(5, 400, 1), new(1, 1, 5)),        // single rows
    ];

    public static TheoryData<int, string> ShapesAndOptions()
    {
        var data = new TheoryData<int, string>();
        for (int i = 0; i < s_shapes.Length; i++)
        {
            foreach (string name in s_options.Keys)
            {
                data.Add(i, name);
            }
        }

        return data;
    }

    private static readonly Dictionary<string, PiecedFile.Options> s_options = new()
    {
        ["deflate"] = new() { Steps = [s_deflate] },
        ["16 bits, scattered"] = new() { SampleType = SampleType.UInt16, Steps = [s_deflate], IsScattered = true, GapBytes = 100 },
        ["holes"] = new() { Steps = [s_deflate], HasHoles = true },
        ["holes with fill"] = new() { SampleType = SampleType.Int16, Steps = [s_deflate], HasHoles = true, FillSample = [3, 200] },
        ["big-endian deflate"] = new() { SampleType = SampleType.Float32, Steps = [new(FilterKind.ByteSwap, [4]), s_deflate] },
        ["raw"] = new() { SampleType = SampleType.UInt16, Steps = [] },
        ["raw big-endian with holes"] = new()
        {
            SampleType = SampleType.UInt32, Steps = [new(FilterKind.ByteSwap, [4])], HasHoles = true, FillSample = [1, 2, 3, 4],
        },
        ["raw scattered"] = new() { Steps = [], IsScattered = true, GapBytes = 5000 },
        ["reversed"] = new() { Steps = [s_deflate], AreRowsReversed = true },
        ["reversed, cut off"] = new() { SampleType = SampleType.UInt16, Steps = [s_deflate], AreRowsReversed = true, EndsWithFrame = true },
        ["reversed raw, cut off"] = new() { SampleType = SampleType.UInt16, Steps = [], AreRowsReversed = true, EndsWithFrame = true },
    };

    /// <summary>Every way of cutting frames into blocks gives the same samples: whole pieces, parts of pieces, single rows.</summary>
    [Theory]
    [MemberData(nameof(ShapesAndOptions))]
    public void Decode_AnyShapeAndGrid_GivesTheSamples(int shapeIndex, string options)
    {
        var (shape, box) = s_shapes[shapeIndex];
        using var file = new PiecedFile(shape, box, s_options[options]);
        using var archive = file.Open();
        using var slots = new DecodeSlots(1);
        BlockGrid[] grids =
        [
            archive.Description.Grid,
            BlockGrid.ForPieces(shape, box, file.SampleLengthBytes, areRowsReversed: true),
            new(shape, 1, 1, 3),
            new(shape, shape.FrameCount, shape.Ny, shape.Ny),
            new(shape, Math.Min(2, shape.FrameCount), 5, 9),
        ];
        foreach (var grid in grids)
        {
            for (long block = 0; block < grid.BlockCount; block++)
            {
                AssertDecodes(file, archive, grid.ExtentOf(block), slots);
            }
        }
    }

    [Fact]
    public void Decode_ChunksSideBySide_TakesOneReadForTheBlock()
    {
        using var file = new PiecedFile(new(512, 256, 1), new(1, 8, 512), new());
        using var archive = file.Open();
        using var slots = new DecodeSlots(1);
        AssertDecodes(file, archive, new BlockExtent(0, 1, 64, 128), slots);
        Assert.Equal(1, archive.ReadCount);
        Assert.Equal(16, archive.DecodedPieceCount);
        Assert.Equal(1, archive.DecodedBlockCount);
    }

    [Fact]
    public void Decode_SmallGaps_AreReadAlongAndLargeOnesAreNot()
    {
        using var slots = new DecodeSlots(1);
        foreach (var (gapBytes, reads) in ((int, int)[])[(4096, 1), (4097, 4)])
        {
            using var file = new PiecedFile(new(512, 32, 1), new(1, 8, 512), new() { GapBytes = gapBytes });
            using var archive = file.Open();
            AssertDecodes(file, archive, new BlockExtent(0, 1, 0, 32), slots);
            Assert.Equal(reads, archive.ReadCount);
        }
    }

    [Fact]
    public void Decode_RawRows_AreReadInOneGoWithoutTheRestOfThePiece()
    {
        using var file = new PiecedFile(new(512, 256, 1), new(1, 64, 512), new() { Steps = [] });
        using var archive = file.Open();
        using var slots = new DecodeSlots(1);
        AssertDecodes(file, archive, new BlockExtent(0, 1, 60, 9), slots);
        Assert.Equal(1, archive.ReadCount);
    }

    [Fact]
    public void Decode_NothingWritten_ReadsNothing()
    {
        using var file = new PiecedFile(new(8, 8, 1), new(1, 8, 8), new() { FillSample = [9] });
        file.Layout = file.Layout with { Pieces = default };
        using var archive = file.Open();
        using var slots = new DecodeSlots(1);
        byte[] block = new byte[64];
        archive.Decode(new BlockExtent(0, 1, 0, 8), block, slots);
        Assert.Equal(Enumerable.Repeat((byte)9, 64), block);
        Assert.Equal(0, archive.ReadCount);
    }

    [Fact]
    public void Decode_DamagedPiece_NamesFileFrameAndPlace()
    {
        using var file = new PiecedFile(new(16, 16, 3), new(1, 8, 16), new());
        var pieces = file.Layout.Pieces.ToArray();
        pieces[3] = pieces[3] with { ArchiveOffset = pieces[3].ArchiveOffset + 1 };
        file.Layout = file.Layout with { Pieces = pieces };
        using var archive = file.Open();
        using var slots = new DecodeSlots(1);
        AssertDecodes(file, archive, new BlockExtent(0, 1, 0, 16), slots);
        var exception = Assert.Throws<ArchiveException>(() => archive.Decode(new BlockExtent(1, 1, 0, 16), new byte[256], slots));
        Assert.Equal(1, exception.FrameIndex);
        Assert.Equal(file.FilePath, exception.ArchivePath);
        Assert.Contains("row 8", exception.Message);
        AssertDecodes(file, archive, new BlockExtent(1, 1, 0, 8), slots);
    }

    [Theory]
    [InlineData(1L << 40, 100, 0)]
    [InlineData(-5L, 100, 0)]
    [InlineData(4L, -1, 0)]
    [InlineData(4L, int.MaxValue, 0)]
    [InlineData(4L, 0, 0)]
    [InlineData(4L, 100, 1)]
    [InlineData(4L, 100, -1)]
    public void Decode_PieceThatLies_IsAnArchiveException(long archiveOffset, int storedLengthBytes, int fileIndex)
    {
        foreach (FilterStep[] steps in (FilterStep[][])[[s_deflate], []])
        {
            using var file = new PiecedFile(new(16, 8, 1), new(1, 8, 16), new() { Steps = [.. steps] });
            file.Layout = file.Layout with { Pieces = new Piece[] { new(fileIndex, archiveOffset, storedLengthBytes, 0, 0, 0, 0) } };
            using var archive = file.Open();
            using var slots = new DecodeSlots(1);
            Assert.Throws<ArchiveException>(() => archive.Decode(new BlockExtent(0, 1, 0, 8), new byte[128], slots));
        }
    }

    /// <summary>A doubled piece would hide a hole: memory that nobody wrote would read as pixels.</summary>
    [Fact]
    public void Decode_PiecesOverOneAnother_IsAnArchiveException()
    {
        using var file = new PiecedFile(new(16, 16, 1), new(1, 8, 16), new());
        var first = file.Layout.Pieces.Span[0];
        file.Layout = file.Layout with { Pieces = new[] { first, first } };
        using var archive = file.Open();
        using var slots = new DecodeSlots(1);
        Assert.Throws<ArchiveException>(() => archive.Decode(new BlockExtent(0, 1, 0, 16), new byte[256], slots));
    }

    [Fact]
    public void Decode_FileRewrittenInPlace_IsArchiveChanged()
    {
        using var file = new PiecedFile(new(16, 16, 1), new(1, 8, 16), new());
        using var archive = file.Open();
        using var slots = new DecodeSlots(1);
        using (var writer = new FileStream(file.FilePath, FileMode.Open, FileAccess.Write))
        {
            writer.WriteByte((byte)'H');
        }

        File.SetLastWriteTimeUtc(file.FilePath, DateTime.UnixEpoch);
        Assert.Throws<ArchiveChangedException>(() => archive.Decode(new BlockExtent(0, 1, 0, 16), new byte[256], slots));
    }

    [Fact]
    public void Decode_FileBecameShorter_IsArchiveChanged()
    {
        using var file = new PiecedFile(new(16, 16, 1), new(1, 8, 16), new());
        using var archive = file.Open();
        using var slots = new DecodeSlots(1);
        using (var writer = new FileStream(file.FilePath, FileMode.Open, FileAccess.Write))
        {
            writer.SetLength(10);
        }

        Assert.Throws<ArchiveChangedException>(() => archive.Decode(new BlockExtent(0, 1, 0, 16), new byte[256], slots));
    }

    [Fact]
    public void FormatOf_Block_TellsTypeAndLength()
    {
        using var file = new PiecedFile(new(16, 16, 4), new(2, 8, 16), new() { SampleType = SampleType.UInt16 });
        using var archive = file.Open();
        Assert.Equal(new BlockFormat(SampleType.UInt16, Rescale.None, 2 * 5 * 16 * 2), archive.FormatOf(new BlockExtent(1, 2, 3, 5)));
        Assert.Throws<ArgumentOutOfRangeException>(() => archive.FormatOf(new BlockExtent(3, 2, 0, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => archive.FormatOf(new BlockExtent(0, 1, 15, 2)));
    }

    [Fact]
    public void Decode_SameBlocksFromManyThreads_GivesTheSamples()
    {
        using var file = new PiecedFile(new(100, 70, 6), new(1, 32, 32), new());
        using var archive = file.Open();
        using var slots = new DecodeSlots(2);
        var grid = archive.Description.Grid;
        Parallel.For(0, 8 * (int)grid.BlockCount, i => AssertDecodes(file, archive, grid.ExtentOf(i % grid.BlockCount), slots));
        Assert.Equal(8 * grid.BlockCount, archive.DecodedBlockCount);
    }

    private static void AssertDecodes(PiecedFile file, MappedArchive archive, BlockExtent extent, DecodeSlots slots)
    {
        byte[] block = new byte[archive.FormatOf(extent).LengthBytes + 2];
        block.AsSpan().Fill(0xEE);
        archive.Decode(extent, block.AsSpan(1..^1), slots);
        Assert.Equal(file.Expected(extent), block[1..^1]);
        Assert.Equal(0xEE, block[0]);
        Assert.Equal(0xEE, block[^1]);
    }
}
