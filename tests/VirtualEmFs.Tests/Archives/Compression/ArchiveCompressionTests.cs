using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>TIFF and EER movies as inputs of compression: without loss, the archive shows what the movie shows.</summary>
public sealed class ArchiveCompressionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tiff/u16_odd_61x47.tif")]
    [InlineData("tiff/f32_odd_tiled.tif")]
    [InlineData("tiff/u16_lzw2_be.tif")]
    [InlineData("eer/f4i_65002_2k/f4i_65002_2k.eer")]
    public void Compress_WithoutLoss_ShowsWhatTheMovieShows(string name)
    {
        string movie = GoldenData.PathOf("relion", name), archive = _folder.PathOf("movie.hdf");
        var formats = new ArchiveFormats(new FormatOptions { EerGrouping = 2 });
        var options = new CompressionOptions { Treatment = Treatment.Explicit(0, LimitRequest.None), Threads = 2 };
        var report = new Compressor(formats).Compress(movie, archive, options, TestContext.Current.CancellationToken);

        var (expected, actual) = (Describe(formats, movie), Describe(formats, archive));
        Assert.Equal((expected.Shape, expected.Content, expected.PixelSize), (actual.Shape, actual.Content, actual.PixelSize));
        Assert.Equal(expected.Shape.FrameCount, report.FrameCount);
        for (int frame = 0; frame < expected.Shape.FrameCount; frame++)
        {
            SparseSamples.AssertSame(Frame(formats, expected, frame), Frame(formats, actual, frame), $"{name} frame {frame}");
        }
    }

    /// <summary>Rows are asked for a few at a time; drawing a movie's frame for each of them would take hours.</summary>
    [Fact]
    public void ReadRows_OfOneFrame_DecodesItOnce()
    {
        string movie = GoldenData.PathOf("relion", "eer/f4i_65002_2k/f4i_65002_2k.eer");
        var formats = new CountingFormats(new ArchiveFormats(new FormatOptions { EerGrouping = 2 }));
        using var input = ArchiveCompressionInput.TryOpen(SourceFile.Open(movie), formats)!;
        Parallel.For(0, 64, i => input.ReadRows(1, i * 32, new float[32 * 2048]));
        Assert.Equal(1, formats.Opened!.DecodedPieceCount);
    }

    [Fact]
    public void Compress_OfADamagedMovie_Fails()
    {
        string movie = _folder.PathOf("movie.tif");
        File.WriteAllBytes(movie, File.ReadAllBytes(GoldenData.PathOf("relion", "tiff/u16_odd_61x47.tif")).AsSpan(0, 900));
        Assert.Throws<ArchiveException>(() => new Compressor(new ArchiveFormats()).Compress(
            movie, _folder.PathOf("movie.hdf"), new CompressionOptions(), TestContext.Current.CancellationToken));
        Assert.Equal([movie], Directory.GetFiles(_folder.Path));
    }

    private static ArchiveDescription Describe(ArchiveFormats formats, string path) =>
        formats.Probe(path).Description ?? throw new InvalidOperationException(formats.Probe(path).Reason);

    private static float[] Frame(ArchiveFormats formats, ArchiveDescription description, int frame)
    {
        using var archive = formats.Open(description);
        using var slots = new DecodeSlots(1);
        var extent = new BlockExtent(frame, 1, 0, description.Shape.Ny);
        var format = archive.FormatOf(extent);
        byte[] stored = new byte[format.LengthBytes];
        archive.Decode(extent, stored, slots);
        float[] samples = new float[description.Shape.FrameLengthSamples];
        RescaleKernels.ToFloat32(stored, format.SampleType, format.Rescale, samples);
        return samples;
    }

    private sealed class CountingFormats(ArchiveFormats formats) : IArchiveFormats
    {
        public MappedArchive? Opened { get; private set; }

        public ProbeResult Probe(string path) => formats.Probe(path);

        public ArchiveDescription DescribeMember(ArchiveDescription folder, int imageNumber) => formats.DescribeMember(folder, imageNumber);

        public IArchive Open(ArchiveDescription description) => Opened = (MappedArchive)formats.Open(description);
    }
}
