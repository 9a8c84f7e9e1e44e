using Xunit;

namespace VirtualEmFs.MountTests.Golden;

/// <summary>A folder of every format, beside tables and plain files, with names that compete.</summary>
public sealed class MixedFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public MixedFolderTests()
    {
        Directory.CreateDirectory(_folder.PathOf("source"));
        string hdf = GoldenData.PathOf("eman2", "row4_float_span0_5bit", "archive.hdf");
        string tiff = GoldenData.PathOf("relion", "tiff/u16_odd_61x47.tif");
        string eer = GoldenData.PathOf("relion", "eer/f4i_65002_2k/f4i_65002_2k.eer");
        Put("map.hdf", hdf);
        Put("movie.tif", tiff);
        Put("counts.eer", eer);

        // One stem, three formats: HDF5 has the short name, then TIFF, then EER.
        Put("same.eer", eer);
        Put("same.tif", tiff);
        Put("same.hdf", hdf);

        // A real file keeps its name, whatever archive would have it.
        Put("real.tif", tiff);
        File.WriteAllText(Source("real.mrcs"), "not an MRC file");
        File.WriteAllText(Source("particles.star"), "data_\n");
        File.WriteAllText(Source("picture.tif"), "not a TIFF file");
        Programs.Check(Programs.Python, "-c", """
            import sys
            import mrcfile, numpy as np
            values = np.arange(-600, 600, dtype='i2').reshape(2, 24, 25)
            with mrcfile.new(sys.argv[1] + '/packed.mrc') as mrc:
                mrc.set_data(values)
            with mrcfile.new(sys.argv[1] + '/single.mrc') as mrc:
                mrc.set_data(values.astype('f4'))
            big = mrcfile.new(sys.argv[1] + '/big.mrc')
            big.set_data(values.astype('>f4'))
            big.close()
            """, Source(""));
        Programs.Check(
            Programs.Python, Path.Combine(GoldenData.RepositoryRoot, "tests/python/mrcz_file.py"), Source("section.mrcz"), "zstd", "2", "i2", "<", "64", "48", "3", "1");
        File.Move(Source("section.mrcz.f32"), _folder.PathOf("section.f32"));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Listing_OfAllFormats_ShowsEachUnderItsName()
    {
        using var mount = MountedProcess.Start(Source(""), "--eer-grouping", "5");
        Assert.Equal(
            [
                "big.mrc", "counts.mrc", "map.mrc", "movie.mrcs", "packed.mrc", "particles.star", "picture.tif", "real.mrcs", "same.eer.mrc", "same.mrc",
                "same.tif.mrcs", "section.mrcs", "single.mrc",
            ],
            Directory.GetFiles(mount.MountPoint).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string plain in new[] { "big.mrc", "packed.mrc", "particles.star", "picture.tif", "real.mrcs", "single.mrc" })
        {
            Assert.True(File.ReadAllBytes(mount.PathOf(plain)).AsSpan().SequenceEqual(File.ReadAllBytes(Source(plain))), plain);
        }

        Assert.Equal(
            "the file is no archive of a known format", Programs.Check("getfattr", "--only-values", "-n", "user.emfs.reason", mount.PathOf("picture.tif")));
        foreach ((string left, string right) in new[] { ("same.tif.mrcs", "movie.mrcs"), ("same.eer.mrc", "counts.mrc"), ("same.mrc", "map.mrc") })
        {
            Assert.True(new MrcBytes(File.ReadAllBytes(mount.PathOf(left))).Samples.SequenceEqual(new MrcBytes(File.ReadAllBytes(mount.PathOf(right))).Samples));
        }

        AssertSection(mount.PathOf("section.mrcs"));
    }

    [Fact]
    public void Float32_OfPlainMrcFiles_ShowsThemUnderTheirOwnNames()
    {
        using var mount = MountedProcess.Start(Source(""), "--float32");
        var single = new MrcBytes(File.ReadAllBytes(Source("single.mrc")));
        foreach (string name in new[] { "packed.mrc", "big.mrc", "single.mrc" })
        {
            var shown = new MrcBytes(File.ReadAllBytes(mount.PathOf(name)));
            Assert.Equal(single.Shape, shown.Shape);
            Assert.True(single.Samples.SequenceEqual(shown.Samples), name);
            Assert.Equal(new FileInfo(mount.PathOf(name)).Length, new FileInfo(Source("single.mrc")).Length);
        }

        Assert.Equal(File.ReadAllBytes(Source("single.mrc")), File.ReadAllBytes(mount.PathOf("single.mrc")));
        Assert.Equal("not an MRC file", File.ReadAllText(mount.PathOf("real.mrcs")));
        Assert.Contains("mode 1", Programs.Check(Programs.Emfs, "info", "--float32", Source("packed.mrc")), StringComparison.Ordinal);
        string extracted = _folder.PathOf("extracted/");
        Programs.Check(Programs.Emfs, "extract", "--float32", "-o", extracted, Source("packed.mrc"));
        Assert.Equal(File.ReadAllBytes(mount.PathOf("packed.mrc")), File.ReadAllBytes(Path.Combine(extracted, "packed.mrc")));
    }

    [Fact]
    public void Commands_OfMrcz_KnowIt()
    {
        Assert.Contains("MRCZ", Programs.Check(Programs.Emfs, "info", Source("section.mrcz")), StringComparison.Ordinal);
        Assert.Contains("ok", Programs.Check(Programs.Emfs, "verify", Source("section.mrcz")), StringComparison.Ordinal);
        Programs.Check(Programs.Emfs, "extract", "-o", _folder.PathOf("section.mrcs"), Source("section.mrcz"));
        AssertSection(_folder.PathOf("section.mrcs"));
    }

    private void AssertSection(string path) => Assert.Equal(
        File.ReadAllBytes(_folder.PathOf("section.f32")), File.ReadAllBytes(path)[1024..]);

    private void Put(string name, string original) => File.Copy(original, Source(name));

    private string Source(string name) => Path.Combine(_folder.PathOf("source"), name);
}
