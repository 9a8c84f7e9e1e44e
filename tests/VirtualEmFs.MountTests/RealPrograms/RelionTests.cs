using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>RELION's programs, run on the mount and on the extracted files: what they write must be the same.</summary>
[Collection(typeof(ProjectCollection))]
public sealed class RelionTests(ProjectMount project)
{
    /// <summary>RELION writes the time into its labels, so headers are compared up to them.</summary>
    private const int LabelsOffset = 220, HeaderLengthBytes = 1024;

    [Fact]
    public void ImageHandler_Statistics_AreThoseOfTheExtractedFiles()
    {
        foreach (string file in ProjectMount.Files)
        {
            string[] arguments = ["--i", file, "--stats"];
            string mounted = Programs.CheckIn(project.Mounted, "relion_image_handler", arguments);
            Assert.Contains("stddev=", mounted, StringComparison.Ordinal);
            Assert.Equal(Programs.CheckIn(project.Extracted, "relion_image_handler", arguments), mounted);
        }
    }

    [Fact]
    public void ImageHandler_Copy_WritesThePixelsOfTheMount()
    {
        string copy = Path.Combine(project.NewFolder(), "copy.mrc");
        Programs.CheckIn(project.Mounted, "relion_image_handler", "--i", "Maps/map.mrc", "--o", copy);
        byte[] expected = File.ReadAllBytes(Path.Combine(project.Extracted, "Maps/map.mrc"));
        Assert.Equal(expected[HeaderLengthBytes..], File.ReadAllBytes(copy)[HeaderLengthBytes..]);
    }

    /// <summary>One movie is an archive under its virtual name, the other a TIFF under its own.</summary>
    [Fact]
    public void MotionCorrection_OfAnArchiveAndANativeTiff_GivesTheSameAverages() => AssertSameOutput(
        "relion_run_motioncorr",
        ["--i", "movies.star", "--o", "MotionCorr", "--use_own", "--j", "2", "--patch_x", "1", "--patch_y", "1"],
        ["MotionCorr/Movies/stack.mrc", "MotionCorr/Movies/native.mrc"],
        ["MotionCorr/corrected_micrographs.star"]);

    [Fact]
    public void Extraction_OfParticles_GivesTheSameStack() => AssertSameOutput(
        "relion_preprocess",
        [
            "--i", "micrographs.star", "--coord_dir", "Coordinates", "--coord_suffix", "_pick.star", "--part_dir", "Extract",
            "--part_star", "Extract/particles.star", "--extract", "--extract_size", "64", "--norm", "--bg_radius", "24",
        ],
        ["Extract/Micrographs/mic.mrcs"],
        ["Extract/particles.star"]);

    [Fact]
    public void StackCreation_FromImagesOfAStack_GivesTheSameStack() => AssertSameOutput(
        "relion_stack_create", ["--i", "particles.star", "--o", "stack"], ["stack.mrcs"], ["stack.star"]);

    private void AssertSameOutput(string program, string[] arguments, string[] images, string[] tables)
    {
        string mounted = project.NewJob(project.Mounted), extracted = project.NewJob(project.Extracted);
        Programs.CheckIn(extracted, program, arguments);
        Programs.CheckIn(mounted, program, arguments);
        foreach (string image in images)
        {
            byte[] expected = File.ReadAllBytes(Path.Combine(extracted, image)), actual = File.ReadAllBytes(Path.Combine(mounted, image));
            Assert.True(expected.Length > HeaderLengthBytes);
            Assert.Equal(expected[..LabelsOffset], actual[..LabelsOffset]);
            Assert.Equal(expected[HeaderLengthBytes..], actual[HeaderLengthBytes..]);
        }

        foreach (string table in tables)
        {
            Assert.Equal(File.ReadAllText(Path.Combine(extracted, table)), File.ReadAllText(Path.Combine(mounted, table)));
        }
    }
}
