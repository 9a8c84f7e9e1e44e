using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>mrcfile, numpy and h5py on the mount.</summary>
[Collection(typeof(ProjectCollection))]
public sealed class PythonTests(ProjectMount project)
{
    [Fact]
    public void Mrcfile_OpenAndMmap_GiveTheExtractedSamples() => AssertPrintsOk("""
        import sys, mrcfile, numpy
        for name in sys.argv[3:]:
            with mrcfile.open(f'{sys.argv[1]}/{name}') as mounted, mrcfile.open(f'{sys.argv[2]}/{name}') as extracted:
                assert numpy.array_equal(mounted.data, extracted.data), name
                assert mounted.data.dtype == numpy.float32, name
                assert mounted.header.tobytes() == extracted.header.tobytes(), name
                assert mounted.is_image_stack() == name.endswith('s'), name
                assert abs(float(mounted.voxel_size.x) - 1.25) < 1e-6, name
            with mrcfile.mmap(f'{sys.argv[1]}/{name}') as mounted, mrcfile.mmap(f'{sys.argv[2]}/{name}') as extracted:
                assert numpy.array_equal(mounted.data, extracted.data), name
        print('ok')
        """);

    /// <summary>Pages are touched in an order of no sense, so that each is a read of its own.</summary>
    [Fact]
    public void Memmap_ReadInRandomOrder_GivesTheExtractedSamples() => AssertPrintsOk("""
        import sys, numpy
        for name in sys.argv[3:]:
            mounted, extracted = (numpy.memmap(f'{root}/{name}', '<f4', 'r', 1024) for root in sys.argv[1:3])
            assert mounted.shape == extracted.shape, name
            starts = numpy.random.default_rng(5).permutation(numpy.arange(0, mounted.size, 1024))
            assert all(numpy.array_equal(mounted[at:at + 1024], extracted[at:at + 1024]) for at in starts), name
        print('ok')
        """);

    /// <summary>Programs that know EMAN2's format go on using it inside the mount.</summary>
    [Fact]
    public void H5py_UnderTheArchivesOwnName_ReadsTheArchive() => Assert.Equal("ok", Programs.Check(Programs.Python, "-c", """
        import sys, h5py, numpy
        for name, count in (('Particles/particles.hdf', 60), ('Movies/stack.hdf', 8), ('Maps/map.hdf', 1)):
            with h5py.File(f'{sys.argv[1]}/{name}') as mounted, h5py.File(f'{sys.argv[2]}/{name}') as source:
                groups = mounted['/MDF/images'], source['/MDF/images']
                assert len(groups[0]) == count, name
                for image in groups[1]:
                    assert numpy.array_equal(groups[0][image]['image'][()], groups[1][image]['image'][()]), name
                    assert dict(groups[0][image].attrs) == dict(groups[1][image].attrs), name
        print('ok')
        """, project.Mounted, project.Source).Trim());

    private void AssertPrintsOk(string script) =>
        Assert.Equal("ok", Programs.Check(Programs.Python, ["-c", script, project.Mounted, project.Extracted, .. ProjectMount.Files]).Trim());
}
