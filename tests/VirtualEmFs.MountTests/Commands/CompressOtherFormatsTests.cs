using Xunit;

namespace VirtualEmFs.MountTests.Commands;

/// <summary><c>emfs compress</c> on TIFF and EER files: which it finds, what it keeps, and what it says of those that it cannot read.</summary>
public sealed class CompressOtherFormatsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CompressOtherFormatsTests()
    {
        Directory.CreateDirectory(_folder.PathOf("project", "Movies"));
        File.Copy(GoldenData.PathOf("relion", "tiff/u16_odd_61x47.tif"), _folder.PathOf("project", "Movies", "counts.tif"));
        File.Copy(GoldenData.PathOf("relion", "eer/f4i_65002_2k/f4i_65002_2k.eer"), _folder.PathOf("project", "Movies", "movie.eer"));
        Programs.Check(Programs.Emfs, "extract", _folder.PathOf("project", "Movies", "counts.tif"), "-o", _folder.PathOf("project", "average.mrcs"));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Compress_AFolder_TakesOtherFormatsWhenAsked()
    {
        Programs.Check(Programs.Emfs, "compress", "-r", _folder.PathOf("project"));
        Assert.Equal(["Movies/counts.tif", "Movies/movie.eer", "average.mrcs", "average.mrcs.hdf"], Files());
        Programs.Check(Programs.Emfs, "compress", "-r", "--only-unfinished", "--all-formats", "--eer-grouping", "5", _folder.PathOf("project"));
        string[] expected = ["Movies/counts.hdf", "Movies/counts.tif", "Movies/movie.eer", "Movies/movie.hdf", "average.mrcs", "average.mrcs.hdf"];
        Assert.Equal(expected, Files());

        // Archives are no input: a second run finds nothing new.
        Programs.Check(Programs.Emfs, "compress", "-r", "--only-unfinished", "--all-formats", "--eer-grouping", "5", _folder.PathOf("project"));
        Assert.Equal(expected, Files());
    }

    /// <summary>Summed frames cannot replace a movie of single electrons.</summary>
    [Fact]
    public void Compress_DeleteOriginals_KeepsEerMovies()
    {
        ProgramResult result = Programs.Run(
            TimeSpan.FromMinutes(2), Programs.Emfs,
            ["compress", "-r", "--all-formats", "--eer-grouping", "5", "--delete-originals", _folder.PathOf("project")]);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("movie.eer: warning: the original stays", result.Error, StringComparison.Ordinal);
        Assert.Equal(["Movies/counts.hdf", "Movies/movie.eer", "Movies/movie.hdf", "average.mrcs.hdf"], Files());
        Assert.Equal(
            File.ReadAllBytes(GoldenData.PathOf("relion", "eer/f4i_65002_2k/f4i_65002_2k.eer")), File.ReadAllBytes(_folder.PathOf("project", "Movies", "movie.eer")));
    }

    /// <summary>Who multiplies by an EER gain reference gets pictures that look right and are wrong; the archive must go on saying so, and its archive, too.</summary>
    [Fact]
    public void Compress_OfAnEerMovie_KeepsTheNoteOnItsGain()
    {
        string movie = _folder.PathOf("project", "Movies", "movie.eer"), again = _folder.PathOf("again.hdf");
        Programs.Check(Programs.Emfs, "compress", "--eer-grouping", "2", "-o", _folder.PathOf("once.hdf"), movie);
        Programs.Check(Programs.Emfs, "compress", "-o", again, _folder.PathOf("once.hdf"));
        Directory.CreateDirectory(_folder.PathOf("source"));
        File.Move(again, _folder.PathOf("source", "again.hdf"));
        using var mount = MountedProcess.Start(_folder.PathOf("source"));
        string virtualFile = mount.PathOf("again.mrcs");
        Assert.Contains("divides", Programs.Check("getfattr", "--only-values", "-n", "user.emfs.gain", virtualFile), StringComparison.Ordinal);
        Assert.Contains("divides", System.Text.Encoding.ASCII.GetString(File.ReadAllBytes(virtualFile), 224, 800), StringComparison.Ordinal);
        Assert.Contains("divides", Programs.Check(Programs.Emfs, "info", _folder.PathOf("source", "again.hdf")), StringComparison.Ordinal);
    }

    [Fact]
    public void Compress_AnUnsupportedTiff_SaysWhatIsUnsupported()
    {
        string picture = _folder.PathOf("picture.tif");
        Programs.Check(Programs.Python, "-c", "import sys, numpy, tifffile; tifffile.imwrite(sys.argv[1], numpy.zeros((32, 32, 3), 'u1'), photometric='rgb')", picture);
        ProgramResult result = Programs.Run(TimeSpan.FromMinutes(1), Programs.Emfs, ["compress", picture]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("samples", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("MRC", result.Error, StringComparison.Ordinal);
    }

    private string[] Files() =>
        [.. Directory.GetFiles(_folder.PathOf("project"), "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(_folder.PathOf("project"), path)).Order(StringComparer.Ordinal)];
}
