using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>RELION's programs on the virtual files of TIFF and EER movies, and on the extracted ones: what they write must be the same.</summary>
public sealed class RelionMovieTests : IDisposable
{
    private const int HeaderLengthBytes = 1024;

    private const string Table = """
        # version 30001

        data_optics

        loop_
        _rlnOpticsGroupName #1
        _rlnOpticsGroup #2
        _rlnMicrographOriginalPixelSize #3
        _rlnVoltage #4
        _rlnSphericalAberration #5
        _rlnAmplitudeContrast #6
        optics1 1 1.25 300 2.7 0.1

        # version 30001

        data_movies

        loop_
        _rlnMicrographMovieName #1
        _rlnOpticsGroup #2
        Movies/movie.mrcs 1

        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Programs_OnTheVirtualMovies_WriteWhatTheyWriteOnExtractedOnes()
    {
        string source = _folder.PathOf("source"), extracted = _folder.PathOf("extracted");
        Directory.CreateDirectory(source);
        File.Copy(GoldenData.PathOf("relion", "eer/f4i_65002_2k/f4i_65002_2k.eer"), Path.Combine(source, "movie.eer"));
        File.Copy(GoldenData.PathOf("relion", "tiff/u16_bigtiff.tif"), Path.Combine(source, "big.tif"));
        Programs.Check(Programs.Emfs, ["extract", "--eer-grouping", "1", "-o", extracted + "/", .. Directory.GetFiles(source)]);
        using var mount = MountedProcess.Start(source, "--eer-grouping", "1");
        string ofMount = RunAll("mounted", mount.MountPoint), ofFiles = RunAll("plain", extracted);
        foreach (string image in new[] { "MotionCorr/Movies/movie.mrc", "gain.mrc" })
        {
            AssertSame(ofMount, ofFiles, image, HeaderLengthBytes); // headers have the time in their labels
        }

        AssertSame(ofMount, ofFiles, "Converted/Movies/big.tif", 0);
        AssertSame(ofMount, ofFiles, "statistics.txt", 0);
    }

    private string RunAll(string name, string movies)
    {
        string job = _folder.PathOf(name);
        Directory.CreateDirectory(job);
        Directory.CreateSymbolicLink(Path.Combine(job, "Movies"), movies);
        File.WriteAllText(Path.Combine(job, "movies.star"), Table);
        File.WriteAllText(Path.Combine(job, "statistics.txt"), Programs.CheckIn(job, "relion_image_handler", "--i", "Movies/movie.mrcs", "--stats"));
        Programs.CheckIn(job, "relion_estimate_gain", "--i", "movies.star", "--o", "gain.mrc", "--max_frames", "4");
        Programs.CheckIn(job, "relion_convert_to_tiff", "--i", "Movies/big.mrcs", "--o", "Converted/", "--compression", "zip");
        Programs.CheckIn(job, "relion_run_motioncorr", "--i", "movies.star", "--o", "MotionCorr", "--use_own", "--j", "2", "--patch_x", "1", "--patch_y", "1");
        return job;
    }

    private static void AssertSame(string left, string right, string name, int skippedBytes)
    {
        byte[] expected = File.ReadAllBytes(Path.Combine(right, name)), actual = File.ReadAllBytes(Path.Combine(left, name));
        Assert.True(expected.Length > skippedBytes, $"{name} is empty");
        Assert.True(expected.AsSpan(skippedBytes).SequenceEqual(actual.AsSpan(skippedBytes)), $"{name} differs");
    }
}
