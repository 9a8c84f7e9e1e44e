using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Hdf5.Eman2;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5.Eman2;

/// <summary>What the largest archives of the field cost: reads of the disk, and memory.</summary>
public sealed class LargeArchiveTests : IDisposable
{
    // 100 MiB for 300,000 images, whatever is allocated on the way included.
    private const long MostBytesPerImage = (100 << 20) / 300_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("earliest")]
    [InlineData("latest")]
    public void Stack_OfThirtyThousandImages_IsReadWhereItIsLookedAt(string format) => AssertStackIsCheap(30_000, format);

    [Theory]
    [InlineData("earliest")]
    [InlineData("latest")]
    [Trait("Category", "soak")]
    public void Stack_OfThreeHundredThousandImages_StaysBelowAHundredMebibytes(string format) => AssertStackIsCheap(300_000, format);

    /// <summary>512 × 1024 × 1024 samples in chunks of 8 rows; the byte that is asked for first is the last section's.</summary>
    [Theory]
    [InlineData("earliest", 1300)] // a node of the version 1 B-tree has at most 64 chunks
    [InlineData("latest", 100)]
    public void Volume_Of65536Chunks_HasItsMapFromFewReads(string format, int mostReads)
    {
        string path = _folder.PathOf("volume.hdf");
        Python.Run($$"""
            import h5py, numpy, zlib
            with h5py.File({{Python.Quote(path)}}, 'w', libver={{Python.Quote(format)}}) as file:
                images = file.create_group('/MDF/images')
                images.attrs.create('imageid_max', numpy.array([0], numpy.int32))
                image = images.create_dataset('0/image', (512, 1024, 1024), 'u1', chunks=(1, 8, 1024), compression='gzip', compression_opts=1)
                for z in range(512):
                    for y in range(0, 1024, 8):
                        image.id.write_direct_chunk((z, y, 0), zlib.compress(bytes([(z + y) % 251]) * 8192, 1))
            """);
        var eman2 = new Eman2Hdf5Format();
        using SourceFile file = SourceFile.Open(path);
        ArchiveDescription description = eman2.Probe(file, path).Description!;
        long probeReads = file.ReadCount;
        FrameMap map = eman2.OpenMap([file], description);
        FrameLayout layout = map.LayoutOf(511);
        Assert.Equal(65_536, layout.Pieces.Length);
        long mapReads = file.ReadCount - probeReads;

        using var archive = new MappedArchive(description, map, [file]);
        using var slots = new DecodeSlots(1);
        byte[] rows = new byte[8 * 1024];
        archive.Decode(new BlockExtent(511, 1, 1016, 8), rows, slots);
        Assert.Equal(-1, rows.AsSpan().IndexOfAnyExcept((byte)((511 + 1016) % 251)));
        Assert.Equal((1, mapReads + 2), (probeReads, file.ReadCount));
        Assert.InRange(mapReads, 1, mostReads);
    }

    private void AssertStackIsCheap(int imageCount, string format)
    {
        string path = _folder.PathOf("stack.hdf");
        Python.Run($$"""
            import h5py, numpy
            with h5py.File({{Python.Quote(path)}}, 'w', libver={{Python.Quote(format)}}) as file:
                images = file.create_group('/MDF/images')
                images.attrs.create('imageid_max', numpy.array([{{imageCount - 1}}], numpy.int32))
                image = images.create_group('0')
                for name, value, kind in (('nx', 8, 'i4'), ('ny', 8, 'i4'), ('nz', 1, 'i4'), ('stored_renderbits', 5, 'i4'),
                                          ('stored_rendermin', 0, 'f4'), ('stored_rendermax', 31, 'f4')):
                    image.attrs.create('EMAN.' + name, numpy.array([value], kind))
                image.create_dataset('image', data=numpy.arange(64, dtype='u1').reshape(8, 8) % 32, chunks=(8, 8), compression='gzip')
                for index in range(1, {{imageCount}}):
                    h5py.h5o.copy(images.id, b'0', images.id, b'%d' % index)
            """);
        var eman2 = new Eman2Hdf5Format();
        using SourceFile file = SourceFile.Open(path);
        long allocatedBytes = GC.GetAllocatedBytesForCurrentThread();
        ArchiveDescription description = eman2.Probe(file, path).Description!;
        Assert.Equal((ArchiveContent.Stack, new FrameShape(8, 8, imageCount)), (description.Content, description.Shape));
        long probeReads = file.ReadCount;

        // The names alone: a symbol-table node of the oldest format holds at least four of them.
        Assert.InRange(probeReads, 1, (imageCount / 4) + 200);

        using var archive = new MappedArchive(description, eman2.OpenMap([file], description), [file]);
        using var slots = new DecodeSlots(1);
        byte[] samples = new byte[64], expected = [.. Enumerable.Range(0, 64).Select(i => (byte)(i % 32))];
        int[] looked = [.. Enumerable.Range(0, 100).Select(i => (int)((imageCount - 1L) * i / 99))];
        foreach (int image in looked)
        {
            archive.Decode(new BlockExtent(image, 1, 0, 8), samples, slots);
            Assert.Equal(expected, samples);
        }

        Assert.InRange(file.ReadCount - probeReads, looked.Length, 3 * looked.Length);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocatedBytes, 0, MostBytesPerImage * imageCount);
    }
}
