using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>RELION's programs writing through the mount, and to a plain folder.</summary>
[Collection(typeof(ProjectCollection))]
public sealed class RelionWritingTests(ProjectMount project)
{
    /// <summary>Extraction opens, appends to and closes its stack once for each particle.</summary>
    [Theory]
    [InlineData("1h")]
    [InlineData("0s")]
    public void Programs_ThroughTheMount_WriteWhatTheyWriteToAFolder(string delay)
    {
        using var folders = new WrittenTwice(delay);
        string job = project.NewJob(project.Extracted);
        folders.Run("cp", "-a", job + "/.", ".");
        folders.Run("relion_image_handler", "--i", "Maps/map.mrc", "--o", "filtered.mrc", "--lowpass", "10", "--angpix", "1.25");
        folders.Run("relion_image_handler", "--i", "Particles/particles.mrcs", "--o", "scaled.mrcs", "--multiply_constant", "3");
        folders.Run("relion_image_handler", "--i", "Maps/map.mrc", "--o", "filtered.mrc", "--multiply_constant", "2");
        folders.Run(
            "relion_run_motioncorr", "--i", "movies.star", "--o", "MotionCorr", "--use_own", "--patch_x", "1", "--patch_y", "1",
            "--dose_weighting", "--dose_per_frame", "1", "--save_noDW");
        folders.Run(
            "relion_preprocess", "--i", "micrographs.star", "--coord_dir", "Coordinates", "--coord_suffix", "_pick.star", "--part_dir", "Extract",
            "--part_star", "Extract/particles.star", "--extract", "--extract_size", "64", "--norm", "--bg_radius", "24");
        folders.Run("relion_stack_create", "--i", "particles.star", "--o", "stack");
        int count = Programs.CheckIn(folders.Plain, "find", ".", "-type", "f", "-name", "*.mrc*").Count('\n');
        long archived = folders.AssertSameToTheEnd(["--skip-labels"]);
        if (delay == "1h")
        {
            Assert.InRange(count, 8, int.MaxValue);
            Assert.Equal(count, archived);
        }
    }
}
