using System.Collections.Immutable;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>Small and large images in one file: each is held whole or read in parts by its own size, whatever the first one's is.</summary>
public sealed class MixedSizesTests : IDisposable
{
    private const int Small = 8;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, Small, 3300, Small, 1500)] // 660 chunks: HDF5 fails beyond some hundred where the trees are made for the first image
    [InlineData(3, Small, 2000, Small, 1500, Small, Small, Small, Small, Small, Small, Small, Small, Small, Small)]
    [InlineData(3, 2000, Small, Small, 1500)]
    public void WriteImages_OfAnySizes_ReadsLargeOnesInParts(int threads, params int[] sizes)
    {
        using var input = new SquareImages(_folder.PathOf("in"), sizes, areStored: false);
        using (ArchiveBuilder builder = Builder(input, threads, Treatment.Explicit(0, LimitRequest.None)))
        {
            builder.WriteImages();
            builder.Close(SomeProvenance);
            Assert.Equal(sizes.Length, builder.Expected.Count);
        }

        Assert.InRange(input.MostSamples, 1, 300_000);
        AssertHolds(sizes, (image, i) => SquareImages.ValueOf(image, i));
    }

    /// <summary>Integers of an archive: a large image is not kept as a whole set of chunks either.</summary>
    [Fact]
    public void WriteImages_OfStoredIntegers_WritesEachChunkBeforeManyMoreAreRead()
    {
        int[] sizes = [Small, 4000];
        using var input = new SquareImages(_folder.PathOf("in"), sizes, areStored: true);
        var steps = new ReadsBeforeWrites(input);
        using (ArchiveBuilder builder = Builder(input, threads: 1, Treatment.Explicit(5, LimitRequest.None), steps))
        {
            builder.WriteImages();
            builder.Close(SomeProvenance);
        }

        Assert.Equal(1, steps.MostChunksAhead);
        AssertHolds(sizes, (image, i) => (int)SquareImages.ValueOf(image, i) % 256);
    }

    /// <summary>More samples than an array holds: what fails is the reading, not the arithmetic.</summary>
    [Theory]
    [InlineData(50_000)]
    [InlineData(46_000)]
    public void WriteImages_FarTooLarge_FailsWithWhatTheInputSays(int size)
    {
        using var input = new SquareImages(_folder.PathOf("in"), [Small, size], areStored: false) { FailsAbove = Small };
        using ArchiveBuilder builder = Builder(input, threads: 2, Treatment.Explicit(0, LimitRequest.None));
        Assert.Equal("no chunk was written", Assert.Throws<ArchiveException>(builder.WriteImages).Reason);
        Assert.InRange(input.MostSamples, 1, 300_000);
    }

    private static Provenance SomeProvenance => new()
    {
        ProgramVersion = "test", Time = DateTimeOffset.UnixEpoch, Rule = "", OriginalName = "in", OriginalMtimeNs = 0,
    };

    private ArchiveBuilder Builder(ICompressionInput input, int threads, Treatment treatment, ICommitSteps? steps = null)
    {
        var options = new CompressionOptions { Threads = threads, Steps = steps ?? UnobservedSteps.Instance };
        var planner = new ImagePlanner(input, options, treatment, earlier: null, TestContext.Current.CancellationToken);
        return new ArchiveBuilder(input, options, planner, _folder.PathOf("out.hdf"), TestContext.Current.CancellationToken);
    }

    private void AssertHolds(int[] sizes, Func<int, long, float> valueOf)
    {
        var formats = new ArchiveFormats();
        ArchiveDescription folder = formats.Probe(_folder.PathOf("out.hdf")).Description!;
        Assert.Equal(ArchiveContent.Folder, folder.Content);
        for (int image = 0; image < sizes.Length; image++)
        {
            using IArchive archive = formats.Open(formats.DescribeMember(folder, image));
            Assert.Equal(new FrameShape(sizes[image], sizes[image], 1), archive.Description.Shape);
            float[] expected = [.. Enumerable.Range(0, sizes[image] * sizes[image]).Select(i => valueOf(image, i))];
            SparseSamples.AssertSame(expected, DecodedArchive.Values(archive, 0), $"image {image}");
        }
    }

    /// <summary>Images whose samples tell image and place; counts what is asked for.</summary>
    private sealed class SquareImages(string path, int[] sizes, bool areStored) : ICompressionInput
    {
        private int _mostSamples;
        private int _readCount;

        public int MostSamples => _mostSamples;

        public int ReadCount => _readCount;

        public int FailsAbove { get; init; } = int.MaxValue;

        public SourceFile File => throw new NotSupportedException(path);

        public ArchiveContent Content => ArchiveContent.Folder;

        public int ImageCount => sizes.Length;

        public ImmutableArray<Eman2Field> GroupFields => [];

        public (int? Mode, ReadOnlyMemory<byte> Header) Mrc => (null, default);

        public static float ValueOf(int image, long sample) => (image + 1) * (sample % 251);

        public InputImage Describe(int image) => new(
            sizes[image], sizes[image], 0, new AngstromVector(1, 1, 1), default, [],
            areStored ? new StoredImage(this, SampleType.UInt8, new Rescale(0, 255, 8), null, 0, []) : null);

        public void ReadRows(int image, long firstRow, Span<float> destination)
        {
            Count(image, destination.Length);
            for (int i = 0; i < destination.Length; i++)
            {
                destination[i] = ValueOf(image, (firstRow * sizes[image]) + i);
            }
        }

        public void ReadStoredRows(int image, long firstRow, Span<byte> destination)
        {
            Count(image, destination.Length);
            for (int i = 0; i < destination.Length; i++)
            {
                destination[i] = unchecked((byte)(int)ValueOf(image, (firstRow * sizes[image]) + i));
            }
        }

        public void Dispose()
        {
        }

        private void Count(int image, int lengthSamples)
        {
            Interlocked.Increment(ref _readCount);
            for (int most = _mostSamples; most < lengthSamples; most = _mostSamples)
            {
                Interlocked.CompareExchange(ref _mostSamples, lengthSamples, most);
            }

            if (sizes[image] > FailsAbove)
            {
                throw new ArchiveException(path, "no chunk was written", image);
            }
        }
    }

    /// <summary>Chunks that were read and not yet written.</summary>
    private sealed class ReadsBeforeWrites(SquareImages input) : ICommitSteps
    {
        private int _written;

        public int MostChunksAhead { get; private set; }

        public void Before(CommitStep step)
        {
            if (step == CommitStep.WriteChunk)
            {
                MostChunksAhead = Math.Max(MostChunksAhead, input.ReadCount - _written);
                _written++;
            }
        }
    }
}
